// SPDX-License-Identifier: Apache-2.0
// Resolver: keeps watched host names resolved in the background, on the control thread. The system's
// getaddrinfo does the work (files, DNS, whatever nsswitch says) and does not tell how long an answer is
// good, so every name is asked for again each 30 s, give or take a tenth. When a lookup fails the last good
// answer stays and the next try comes sooner. Numbers need no lookup.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::net {

// Addresses without duplicates in the order of preference, or why there are none (upstream_resolve_failed).
using ResolveAnswer = base::Result<std::vector<Address>>;

// One question to the system, so that a test can answer instead.
class Lookup {
 public:
  using Done = std::function<void(ResolveAnswer)>;
  virtual ~Lookup() = default;
  // Calls `done` once, on the control thread, later; not at all once the Lookup is destroyed. Ports are 0.
  virtual void start(const std::string& host, Done done) = 0;
};

// The system's resolver in Asio's background thread.
std::unique_ptr<Lookup> system_lookup(boost::asio::io_context& control);

// Destroying it, on any thread, ends the watch; the callback does not run after that has returned, except
// when it is running already on the control thread.
class Watch {
 public:
  virtual ~Watch() = default;
  // False until the first answer or failure.
  virtual bool answered() const noexcept = 0;
};

class Resolver {
 public:
  static constexpr base::Duration kInterval = std::chrono::seconds(30);
  static constexpr base::Duration kFirstRetry = std::chrono::seconds(1);

  // Called on the control thread with the first answer, with every other one that differs as a set, and once
  // with the error when lookups begin to fail.
  using OnChange = std::function<void(const ResolveAnswer&)>;

  Resolver(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // Watches may outlive it; they are told nothing any more.
  ~Resolver();

  // Control thread. What is known already is told before this returns.
  [[nodiscard]] std::unique_ptr<Watch> watch(const std::string& host, std::uint16_t port, OnChange on_change);
  // Starts the lookups that are due. The resolver's own timer calls it; a test with its own clock may too.
  void tick();

 private:
  class Names;
  std::shared_ptr<Names> names_;
};

}  // namespace sluice::net
