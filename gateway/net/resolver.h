// SPDX-License-Identifier: Apache-2.0
// Resolver: keeps watched host names, and services (SRV), resolved in the background, on the control thread.
// A name is asked for again when its answer is not good any longer (TTL), but after 1 s at the earliest and
// 30 s at the latest, give or take a tenth. When a lookup fails the last good answer stays and the next try
// comes sooner. Numbers need no lookup.
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
  static constexpr base::Duration kInterval = std::chrono::seconds(30);  // the longest
  static constexpr base::Duration kShortest = std::chrono::seconds(1);
  // After the first failure; doubles with each one up to kInterval.
  static constexpr base::Duration kRetry = std::chrono::seconds(1);

  // How long those who come to watch a name that stands for nothing are still told what it stood for.
  static constexpr base::Duration kRemembered = std::chrono::minutes(5);

  // Called on the control thread with each answer, also if it says what the last one said, and with the error
  // of each lookup that failed: whoever counts how fresh his knowledge is wants to hear of all of them.
  using OnChange = std::function<void(const Answer&)>;
  // Called after each lookup, for metrics.
  using OnLookup = std::function<void(const Answer&, base::Duration took)>;

  Resolver(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // Watches may outlive it; they are told nothing any more.
  ~Resolver();

  // Control thread. What is known already is told before this returns.
  [[nodiscard]] std::unique_ptr<Watch> watch(const std::string& host, std::uint16_t port, OnChange on_change);
  [[nodiscard]] std::unique_ptr<Watch> watch_service(const std::string& name, OnChange on_change);
  void on_lookup(OnLookup on_lookup);
  const base::Clock& clock() const noexcept;
  // Starts the lookups that are due. The resolver's own timer calls it; a test with a clock of its own may
  // too.
  void tick();

 private:
  class Names;
  std::shared_ptr<Names> names_;
};

}  // namespace sluice::net
