// SPDX-License-Identifier: Apache-2.0
// RedisServers: to which server the commands of a store go: to the only one there is (OneRedis), or to the
// one of several that has the key (RedisCluster). RedisClient asks through it.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/stores/counters.h"
#include "gateway/stores/redis_health.h"
#include "gateway/stores/redis_link.h"

namespace sluice::stores {

class RedisServers {
 public:
  virtual ~RedisServers() = default;
  // The reply to one whole command about `key` and keys with the same hash tag. An error reply is a failure
  // of the server (Reason::internal), unless it is about scripts that are not known (NOSCRIPT).
  virtual base::Task<base::Result<RedisReply>> ask(Asker asker, std::string key, std::string command) = 0;
  // Whether all of them answer, as far as is known. Any thread, as the next one.
  virtual bool up() const = 0;
  // What came was no answer to the question.
  virtual void misunderstood(const std::string& why) = 0;
  // For connections that are made from now on; only where URLs say TLS. Control thread.
  virtual void use_tls(std::shared_ptr<const upstream::TargetTls> tls) = 0;
};

// The server at a target.
class OneRedis final : public RedisServers {
 public:
  // `locator`: finds out where it is before each connection; null where the target's URL says it.
  OneRedis(RedisOptions options, std::shared_ptr<upstream::Target> target,
           std::shared_ptr<RedisHealth> health, std::shared_ptr<RedisLocator> locator = nullptr)
      : options_(std::move(options)),
        target_(std::move(target)),
        health_(std::move(health)),
        locator_(std::move(locator)) {}

  base::Task<base::Result<RedisReply>> ask(Asker asker, std::string key, std::string command) override;
  bool up() const override { return health_->up(); }
  void misunderstood(const std::string& why) override { health_->redis_failed(why); }
  void use_tls(std::shared_ptr<const upstream::TargetTls> tls) override {
    if (locator_) locator_->use_tls(tls);
    target_->use_tls(std::move(tls));
  }

 private:
  RedisLink& link(Asker asker);

  const RedisOptions options_;
  const std::shared_ptr<upstream::Target> target_;
  const std::shared_ptr<RedisHealth> health_;
  const std::shared_ptr<RedisLocator> locator_;
};

// A reply as RedisServers::ask() gives it; tells the server's health.
base::Result<RedisReply> judged(base::Result<RedisReply> reply, RedisHealth& health);

}  // namespace sluice::stores
