// SPDX-License-Identifier: Apache-2.0
// The filter `concurrency`: how many requests of a caller may be under way at the same time, in this process.
// A request counts until its response has been sent, an upgraded connection until it ends.
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/caller_key.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/observe/policy_metrics.h"
#include "gateway/observe/result_metrics.h"
#include "gateway/stores/stores.h"

namespace sluice::filters {

struct ConcurrencyConfig {
  std::uint64_t limit = 0;
  std::vector<chain::KeyPart> by = {{}};
  chain::MissingKey missing = chain::MissingKey::by_ip;
  bool dry_run = false;
  bool operator==(const ConcurrencyConfig&) const = default;

  std::optional<chain::Stage> needs() const { return chain::needed_stage(by); }
};

void describe(config::Description<ConcurrencyConfig>& d) {
  using namespace config;
  constexpr std::uint64_t kMost = 1'000'000;
  d.about("concurrency",
          "Limits how many requests of a caller are under way at the same time in this process; others are "
          "refused with 429. A policy has one set of counters, whatever routes use it.");
  d.field("limit", &ConcurrencyConfig::limit, "How many.", required, between(std::uint64_t{1}, kMost),
          example("10"));
  d.field("by", &ConcurrencyConfig::by,
          "What tells callers apart. `ip` takes IPv6 addresses by their first 64 bits.", one_or_many,
          min_items(1), max_items(std::size_t{8}), unique, example("consumer"));
  d.field("missing", &ConcurrencyConfig::missing, "What to do with a request that lacks a part of the key.");
  d.field("dry_run", &ConcurrencyConfig::dry_run, "Only counts and logs what would be refused.");
  d.shorthand(&ConcurrencyConfig::limit);
}

namespace {

using chain::Exchange;
using chain::Step;
using observe::Decision;

enum class ConcurrencyResult : std::uint8_t { allowed, limited, dry_run };
constexpr std::string_view kConcurrencyResults[] = {"allowed", "limited", "dry_run"};

class Concurrency final : public chain::Filter {
 public:
  Concurrency(const ConcurrencyConfig& c, chain::Builder& builder)
      : owner_(builder.owner()),
        at_most_("at most " + std::to_string(c.limit) + " may be under way"),
        key_(c.by, c.missing),
        limit_(c.limit),
        dry_run_(c.dry_run),
        salt_(stores::salt_of(owner_, "concurrency")),
        in_flight_(builder.stores().in_flight()),
        metrics_(builder.series(), observe::Family::sluice_concurrency_requests_total, owner_,
                 kConcurrencyResults),
        decisions_(builder.decisions()) {}

  base::Task<Step> on_request(Exchange& ex) const override {
    auto key = key_.of(ex);
    if (key.missing) {
      if (key_.missing() == chain::MissingKey::skip) {
        decisions_->count(ex.worker.index, Decision::allow);
        return Step::next;
      }
      return refuses(ex) ? chain::refuse_without(ex, *key.missing) : Step::next;
    }
    auto entry = in_flight_->enter(salt_, key.text, limit_, stores::instant(ex.worker.loop.now()));
    if (entry.entered) {
      ex.local<stores::InFlight::Entry>(*this) = entry;
      count(ex, ConcurrencyResult::allowed, Decision::allow);
      return Step::next;
    }
    if (!refuses(ex)) return Step::next;
    ex.refused_by_limit = true;
    return chain::reply(ex, base::Reason::concurrency, at_most_);
  }

  void on_done(const Exchange& ex) const noexcept override {
    if (const void* entry = ex.locals[slot()])
      stores::InFlight::leave(*static_cast<const stores::InFlight::Entry*>(entry));
  }

 private:
  // Counts a refusal; not one in a dry run, which is noted.
  bool refuses(Exchange& ex) const {
    if (!dry_run_) {
      count(ex, ConcurrencyResult::limited, Decision::deny);
      return true;
    }
    count(ex, ConcurrencyResult::dry_run, Decision::dry_run);
    chain::note_dry_run(ex, owner_);
    return false;
  }
  void count(const Exchange& ex, ConcurrencyResult result, Decision decision) const {
    metrics_.count(ex.worker.index, static_cast<std::size_t>(result));
    decisions_->count(ex.worker.index, decision);
  }

  std::string owner_;
  std::string at_most_;
  chain::CallerKey key_;
  std::uint64_t limit_;
  bool dry_run_;
  std::uint64_t salt_;
  std::shared_ptr<stores::InFlight> in_flight_;
  mutable observe::ResultMetrics metrics_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

const chain::FilterKind<Concurrency, ConcurrencyConfig> kConcurrency{
    "concurrency", chain::Stage::limit, "Limits how many requests of a caller are under way.", "{limit: 10}"};

}  // namespace
}  // namespace sluice::filters
