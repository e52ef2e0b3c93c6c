// SPDX-License-Identifier: Apache-2.0
// The filter `mirror`: sends a copy of requests to another upstream, whose answers nobody sees. It costs the
// request nothing but the copying: the copy is sent after it, and neither waits for the other.
#include <atomic>
#include <cmath>
#include <vector>

#include "gateway/chain/call.h"
#include "gateway/chain/mirroring.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/registry.h"
#include "gateway/observe/result_metrics.h"
#include "gateway/upstream/random.h"

namespace sluice::filters {

struct MirrorConfig {
  std::string to;
  config::Percent percent{100};
  config::Size max_body{1 << 20};
  config::Duration timeout = std::chrono::seconds(10);
  std::uint32_t max_in_flight = 100;
  bool operator==(const MirrorConfig&) const = default;
};

void describe(config::Description<MirrorConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about(
      "mirror",
      "Sends a copy of each request, as it is at this place in the list, to another upstream, once and to "
      "one target, and drops the answer. The request neither waits for it nor fails with it. Copies are "
      "marked with `X-Shadow: 1`.");
  d.field("to", &MirrorConfig::to, "The upstream that gets the copies.", required, reference("upstream"),
          example("orders-next"));
  d.field("percent", &MirrorConfig::percent, "How many of the requests are copied, at random.",
          example("10%"));
  d.field("max_body", &MirrorConfig::max_body,
          "A request with a longer body is not copied. The copy is sent when the whole body has been read.",
          between(0_B, 16_MiB));
  d.field("timeout", &MirrorConfig::timeout,
          "For the request's body to come, and once more for the copy, its answer included.",
          at_least(std::chrono::milliseconds(1)));
  d.field("max_in_flight", &MirrorConfig::max_in_flight,
          "Copies under way at a time, all workers together; beyond that none is made.",
          between(1u, 100'000u));
  d.shorthand(&MirrorConfig::to);
}

namespace {

using chain::Exchange;
using chain::Mirrored;
using chain::Step;

class Owner final : public chain::MirrorOwner {
 public:
  Owner(std::shared_ptr<const chain::Handler> forwarder, std::uint32_t most, chain::Builder& builder)
      : forwarder_(std::move(forwarder)),
        most_(most),
        metrics_(builder.series(), observe::Family::sluice_mirror_requests_total, builder.route().name,
                 chain::kMirrored) {}

  const chain::Handler& forwarder() const noexcept override { return *forwarder_; }
  void ended(unsigned worker, Mirrored how) const noexcept override {
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
    count(worker, how);
  }
  // Each that was true has its ended().
  bool enter(unsigned worker, bool frugal) const noexcept {
    if (frugal) {
      count(worker, Mirrored::shed);
      return false;
    }
    if (in_flight_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
    count(worker, Mirrored::shed);
    return false;
  }
  void count(unsigned worker, Mirrored how) const noexcept {
    metrics_.count(worker, static_cast<std::size_t>(how));
  }

 private:
  std::shared_ptr<const chain::Handler> forwarder_;
  std::uint32_t most_;
  mutable std::atomic<std::uint32_t> in_flight_{0};
  mutable observe::ResultMetrics metrics_;
};

constexpr std::uint64_t kShares = 1'000'000;  // a percentage may have four decimals

class Mirror final : public chain::Filter {
 public:
  Mirror(const MirrorConfig& c, chain::Builder& builder)
      : owner_(std::make_shared<const Owner>(chain::make_forwarder(settings_of(c), builder), c.max_in_flight,
                                             builder)),
        share_(static_cast<std::uint64_t>(std::llround(c.percent.ratio() * kShares))),
        max_body_(c.max_body.bytes),
        timeout_(c.timeout),
        random_(builder.workers()) {}

  base::Task<Step> on_request(Exchange& ex) const override {
    // A connection that may become a tunnel has two sides; there is no second client to play ours.
    if (!ex.request.upgrade.empty() || ex.request.method == http::Method::connect || !drawn(ex))
      return Step::next;
    unsigned worker = ex.worker.index;
    std::uint64_t length = ex.request_body ? ex.request_body->length().value_or(0) : 0;
    if (length > max_body_) {
      owner_->count(worker, Mirrored::too_large);
      return Step::next;
    }
    if (!owner_->enter(worker, ex.worker.loop.buffers().frugal())) return Step::next;
    auto copy = std::make_unique<chain::MirroredRequest>(ex, owner_);
    copy->set("X-Shadow", "1");
    if (!ex.request_body) {
      chain::MirroredRequest::start(std::move(copy));
      return Step::next;
    }
    copy->reserve(length);
    ex.request_body =
        chain::mirrored_body(ex.arena, std::move(ex.request_body), std::move(copy), max_body_, timeout_);
    return Step::next;
  }

  std::vector<chain::Holding> holds() const override {
    return {{chain::Holding::Whose::request, max_body_, "for the copy of the request"}};
  }

 private:
  static chain::CallSettings settings_of(const MirrorConfig& c) {
    upstream::RetryConfig once;
    once.attempts = 1;
    return {.upstream = c.to,
            .timeout = c.timeout,
            .retry = once,
            .hedge = upstream::HedgeConfig{.on = false},
            .keeps_host = true};
  }
  bool drawn(const Exchange& ex) const {
    if (share_ >= kShares) return true;
    auto& random = random_.of(ex.worker.index,
                              [] { return std::make_unique<upstream::Random>(upstream::Random::seeded()); });
    return random.below(kShares) < share_;
  }

  std::shared_ptr<const Owner> owner_;
  std::uint64_t share_;
  std::uint64_t max_body_;
  base::Duration timeout_;
  chain::PerWorker<upstream::Random> random_;
};

const chain::FilterKind<Mirror, MirrorConfig> kMirror{"mirror", chain::Stage::shape,
                                                      "Sends copies of requests to another upstream.",
                                                      "{to: shadow, percent: 10%}"};

}  // namespace
}  // namespace sluice::filters
