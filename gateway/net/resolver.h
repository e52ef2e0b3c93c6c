// SPDX-License-Identifier: Apache-2.0
// Resolver: keeps watched host names resolved in the background, on the control thread. The system does the
// lookups (hosts file, DNS, whatever nsswitch.conf says) and does not tell how long an answer is good, so
// every name is asked for again after 30 s, give or take a tenth. When a lookup fails the last good answer
// stays and the next try comes sooner. Numbers need no lookup.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/base/clock.h"
#include "gateway/net/address.h"
#include "gateway/net/lookup.h"

namespace sluice::net {

// Destroying it, on any thread, ends the watch: the callback does not run any more, unless the control thread
// is in it just then. What the callback holds is let go of by the control thread later.
class Watch {
 public:
  virtual ~Watch() = default;
  // False until the first answer or failure.
  virtual bool answered() const noexcept = 0;
};

class Resolver {
 public:
  static constexpr base::Duration kInterval = std::chrono::seconds(30);
  // After the first failure; doubles with each one up to kInterval.
  static constexpr base::Duration kRetry = std::chrono::seconds(1);

  // Called on the control thread with the first answer, with each that differs (as a set) or comes after a
  // failure, and once with the error when lookups begin to fail.
  using OnChange = std::function<void(const Addresses&)>;

  Resolver(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // Watches may outlive it; they are told nothing any more.
  ~Resolver();

  // Control thread. What is known already is told before this returns.
  [[nodiscard]] std::unique_ptr<Watch> watch(const std::string& host, std::uint16_t port, OnChange on_change);
  // Starts the lookups that are due. The resolver's own timer calls it; a test with a clock of its own may
  // too.
  void tick();

 private:
  class Names;
  std::shared_ptr<Names> names_;
};

}  // namespace sluice::net
