// SPDX-License-Identifier: Apache-2.0
// RedisSentinel: finds the master of a group of Redis servers by asking their sentinels, one after the other,
// beginning with the one that answered last. It is asked before each connection: when the master fails, or
// stops being the master, connections to it end, and the next one goes to whichever the sentinels name then.
// Shared by all workers.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/stores/redis_link.h"

namespace sluice::stores {

class RedisSentinel final : public RedisLocator {
 public:
  // `options`: by which the sentinels are asked.
  RedisSentinel(std::string master, std::vector<std::shared_ptr<upstream::Target>> sentinels,
                RedisOptions options)
      : master_(std::move(master)), sentinels_(std::move(sentinels)), options_(std::move(options)) {}

  base::Task<std::string> locate(net::Loop& loop, upstream::Target& target) override;
  bool wants_master() const noexcept override { return true; }

  void use_tls(const std::shared_ptr<const upstream::TargetTls>& tls) override {
    for (auto& s : sentinels_) s->use_tls(tls);
  }

 private:
  base::Task<base::Result<net::Address>> ask(net::Loop& loop, upstream::Target& sentinel);

  const std::string master_;
  const std::vector<std::shared_ptr<upstream::Target>> sentinels_;
  const RedisOptions options_;
  std::atomic<std::size_t> first_{0};
};

}  // namespace sluice::stores
