// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_client.h"

#include "gateway/stores/stored_key.h"

namespace sluice::stores {

using base::Result;
using base::Task;

RedisClient::RedisClient(RedisSettings settings, std::shared_ptr<RedisServers> servers,
                         observe::SeriesStore& series)
    : settings_(std::move(settings)),
      servers_(std::move(servers)),
      seconds_(series.workers()),
      seconds_series_(series.series(observe::Family::sluice_rate_limit_store_seconds, {settings_.name})),
      up_shown_(series.at_scrape(
          observe::Family::sluice_store_up,
          [this](const observe::Emit& emit) { emit({settings_.name}, servers_->up() ? 1 : 0); })),
      errors_shown_(
          series.at_scrape(observe::Family::sluice_store_errors_total, [this](const observe::Emit& emit) {
            emit({settings_.name}, static_cast<double>(errors_.load(std::memory_order_relaxed)));
          })) {}

std::string RedisClient::key_of(std::string_view owner, std::string_view key, bool confidential) const {
  return settings_.prefix + std::string(owner) + ":{" + stored_key(key, confidential) + "}:";
}

Task<Result<RedisReply>> RedisClient::run(Asker asker, const RedisScript& script,
                                          std::vector<std::string> keys, std::vector<std::string> arguments) {
  auto begun = asker.loop.clock().steady();
  std::string count = std::to_string(keys.size());
  auto command = [&](std::string_view verb, std::string_view what) {
    std::vector<std::string_view> words{verb, what, count};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::string out;
    write_command(out, words);
    return out;
  };
  Task<Result<RedisReply>> asking = servers_->ask(asker, keys.front(), command("EVALSHA", script.sha()));
  auto reply = co_await asking;
  if (reply && error_of(**reply).starts_with("NOSCRIPT")) {
    Task<Result<RedisReply>> again = servers_->ask(asker, keys.front(), command("EVAL", script.text()));
    reply = co_await again;
  }
  observe(asker, begun, reply);
  co_return reply;
}

Task<Result<RedisReply>> RedisClient::ask(Asker asker, std::string key, std::string command) {
  auto begun = asker.loop.clock().steady();
  Task<Result<RedisReply>> asking = servers_->ask(asker, std::move(key), std::move(command));
  auto reply = co_await asking;
  observe(asker, begun, reply);
  co_return reply;
}

Result<std::vector<std::uint64_t>> RedisClient::numbers(const Result<RedisReply>& reply, std::size_t count) {
  if (!reply) return base::Unexpected{reply.error()};
  const redisReply& r = **reply;
  std::vector<std::uint64_t> out;
  bool fits = r.type == REDIS_REPLY_ARRAY && r.elements == count;
  for (std::size_t i = 0; fits && i < count; ++i) {
    fits = r.element[i]->type == REDIS_REPLY_INTEGER && r.element[i]->integer >= 0;
    if (fits) out.push_back(static_cast<std::uint64_t>(r.element[i]->integer));
  }
  if (fits) return out;
  errors_.fetch_add(1, std::memory_order_relaxed);
  std::string why = "an answer of another form than the script gives";
  servers_->misunderstood(why);
  return base::fail(base::Reason::internal, std::move(why));
}

void RedisClient::observe(Asker asker, base::SteadyTime begun, const Result<RedisReply>& reply) noexcept {
  auto& cells = seconds_[asker.worker];
  if (!cells) cells = observe::OverheadCells(seconds_series_.cells(asker.worker));
  cells.observe(asker.loop.clock().steady() - begun);
  if (!reply && reply.error().reason == base::Reason::internal)
    errors_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace sluice::stores
