// SPDX-License-Identifier: Apache-2.0
// The filter `fault`: delays requests or answers them with an error on purpose, to find out how clients bear
// it. It does not load unless the configuration says that it wants faults.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/registry.h"
#include "gateway/net/sleep.h"
#include "gateway/upstream/random.h"

namespace sluice::filters {

struct FaultDelayConfig {
  config::Duration by{};
  config::Percent percent{100};
  bool operator==(const FaultDelayConfig&) const = default;
};
struct FaultAbortConfig {
  std::uint16_t status = 503;
  config::Percent percent{100};
  bool operator==(const FaultAbortConfig&) const = default;
};
struct FaultHeaderConfig {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const FaultHeaderConfig&) const = default;
};
struct FaultConfig {
  std::optional<FaultDelayConfig> delay;
  std::optional<FaultAbortConfig> abort;
  std::optional<FaultHeaderConfig> header;
  bool operator==(const FaultConfig&) const = default;
};

void describe(config::Description<FaultDelayConfig>& d) {
  using namespace config;
  using namespace std::chrono_literals;
  d.about("fault_delay", "Holds requests up.");
  d.field("by", &FaultDelayConfig::by, "How long.", required, between(1ms, 1h), example("2s"));
  d.field("percent", &FaultDelayConfig::percent, "How many of the requests, at random.", example("10%"));
  d.shorthand(&FaultDelayConfig::by);
}
void describe(config::Description<FaultAbortConfig>& d) {
  using namespace config;
  d.about("fault_abort", "Answers requests with an error.");
  d.field("status", &FaultAbortConfig::status, "Of the answer.", between(400, 599));
  d.field("percent", &FaultAbortConfig::percent, "How many of the requests, at random.", example("10%"));
  d.shorthand(&FaultAbortConfig::status);
}
void describe(config::Description<FaultHeaderConfig>& d) {
  using namespace config;
  d.about("fault_header", "A request field.");
  d.field("name", &FaultHeaderConfig::name, "Its name.", required, check([](const std::string& name) {
            return std::string(http::valid_field_name(name) ? "" : "must be the name of a header field");
          }),
          example("X-Chaos"));
  d.field("value", &FaultHeaderConfig::value, "What it must say.", default_is("anything"), example("\"on\""));
  d.shorthand(&FaultHeaderConfig::name);
}
void describe(config::Description<FaultConfig>& d) {
  using namespace config;
  d.about("fault",
          "Delays requests, or answers them with an error, on purpose. Loads only with "
          "`allow_fault_injection: true` at the top of the configuration.");
  d.field("delay", &FaultConfig::delay, "Holds them up, before anything else is done.",
          example("{by: 2s, percent: 10%}"));
  d.field("abort", &FaultConfig::abort, "Answers them with an error.", example("{status: 503, percent: 5%}"));
  d.field("header", &FaultConfig::header, "Only requests with this field.", default_is("all requests"),
          example("{name: X-Chaos, value: \"on\"}"));
  d.at_least_one({"delay", "abort"});
}

namespace {

using base::Reason;
using base::Task;
using chain::Exchange;
using chain::Step;

class Fault final : public chain::Filter {
 public:
  Fault(const FaultConfig& c, chain::Builder& builder) : config_(c), random_(builder.workers()) {
    if (!builder.allows_faults())
      builder.error("", "harms requests on purpose, and the configuration does not say that it may",
                    "write `allow_fault_injection: true` at the top level, where faults are wanted");
  }

  Task<Step> on_request(Exchange& ex) const override {
    if (!meant(ex)) return Step::next;
    if (config_.delay && drawn(ex, config_.delay->percent)) return delayed(ex);
    return abort(ex);
  }

 private:
  bool meant(const Exchange& ex) const {
    if (!config_.header) return true;
    const http::Field* line = ex.request.fields.find(config_.header->name);
    return line && (!config_.header->value || line->value == *config_.header->value);
  }
  Task<Step> delayed(Exchange& ex) const {
    auto pause = net::sleep(ex.worker.loop, config_.delay->by);
    auto outcome = co_await pause;
    // Whoever cancelled it is told by the chain.
    if (outcome != base::Outcome::ready) co_return Step::next;
    co_return abort(ex);
  }
  Step abort(Exchange& ex) const {
    if (!config_.abort || !drawn(ex, config_.abort->percent)) return Step::next;
    chain::make_local_reply_as(ex, Reason::fault_injected, config_.abort->status);
    return Step::replied;
  }
  bool drawn(const Exchange& ex, config::Percent percent) const {
    constexpr std::uint64_t kShares = 1'000'000;
    auto& random = random_.of(ex.worker.index,
                              [] { return std::make_unique<upstream::Random>(upstream::Random::seeded()); });
    return random.below(kShares) < static_cast<std::uint64_t>(percent.ratio() * kShares + 0.5);
  }

  FaultConfig config_;
  chain::PerWorker<upstream::Random> random_;
};

const chain::FilterKind<Fault, FaultConfig> kFault{
    "fault", chain::Stage::admit, "Delays requests or answers them with an error, on purpose.",
    "{delay: {by: 2s, percent: 10%}, header: X-Chaos}"};

}  // namespace
}  // namespace sluice::filters
