// SPDX-License-Identifier: Apache-2.0
// RedisClient: a store in Redis as those ask it that count there: they run scripts, each of which decides all
// at once. Measures how long that takes and counts what was not answered. Shared by all workers.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gateway/observe/series.h"
#include "gateway/stores/redis_script.h"
#include "gateway/stores/redis_servers.h"

namespace sluice::stores {

struct RedisSettings {
  std::string name;  // of the store
  RedisOptions options;
  std::string prefix = "sluice:";
  std::uint64_t lease = 1;  // 1: exact
  OnError on_error = OnError::local;
  std::uint64_t replicas = 1;  // among which a limit is divided while each counts alone
};

class RedisClient {
 public:
  // Any thread; `series` outlives it.
  RedisClient(RedisSettings settings, std::shared_ptr<RedisServers> servers, observe::SeriesStore& series);

  const RedisSettings& settings() const noexcept { return settings_; }
  RedisServers& servers() noexcept { return *servers_; }

  // The reply to the script with these keys, of one hash tag, and arguments. Reason::internal, counted and
  // said in the log, if there is none; another reason if the caller has left meanwhile.
  base::Task<base::Result<RedisReply>> run(Asker asker, const RedisScript& script,
                                           std::vector<std::string> keys, std::vector<std::string> arguments);
  // The reply to one command about `key`; measured and counted in the same way.
  base::Task<base::Result<RedisReply>> ask(Asker asker, std::string key, std::string command);
  // The numbers that a reply consists of, none of them negative; an error as of run() if it does not.
  base::Result<std::vector<std::uint64_t>> numbers(const base::Result<RedisReply>& reply, std::size_t count);

  // "sluice:few:{ip=192.0.2.7}:": what keys of an owner's caller begin with, so that all of them are at the
  // same server of a cluster.
  std::string key_of(std::string_view owner, std::string_view key, bool confidential) const;

 private:
  void observe(Asker asker, base::SteadyTime begun, const base::Result<RedisReply>& reply) noexcept;

  const RedisSettings settings_;
  const std::shared_ptr<RedisServers> servers_;
  std::atomic<std::uint64_t> errors_{0};
  std::vector<observe::OverheadCells> seconds_;  // by worker, made when first used
  observe::SeriesRef seconds_series_;
  observe::ScrapeRegistration up_shown_, errors_shown_;
};

}  // namespace sluice::stores
