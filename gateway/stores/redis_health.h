// SPDX-License-Identifier: Apache-2.0
// RedisHealth: whether a server of a store answers, as far as is known; said in the log once, whatever the
// number of workers. Any thread.
#pragma once
#include <atomic>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/stores/redis_link.h"

namespace sluice::stores {

// What to do when the store does not answer.
enum class OnError : std::uint8_t { local, allow, deny };

class RedisHealth final : public RedisObserver {
 public:
  RedisHealth(std::string store, std::string server, OnError on_error)
      : store_(std::move(store)), server_(std::move(server)), on_error_(on_error) {}

  void redis_failed(const std::string& why) noexcept override;
  void redis_answers() noexcept override;
  bool up() const noexcept { return !down_.load(std::memory_order_relaxed); }

 private:
  const std::string store_, server_;
  const OnError on_error_;
  std::atomic<bool> down_{false}, said_{false};
  std::atomic<base::Duration::rep> last_said_{0};
};

}  // namespace sluice::stores
