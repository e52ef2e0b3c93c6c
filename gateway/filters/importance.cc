// SPDX-License-Identifier: Apache-2.0
// The filter `importance`: says how important a request is, once more is known of it than its route: who
// calls, above all. What that means is for those who refuse when not everybody can be served.
#include "gateway/upstream/importance.h"

#include <optional>

#include "gateway/chain/condition.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct ImportanceConfig {
  upstream::Importance set = upstream::Importance::normal;
  std::optional<chain::Condition> when;
  bool operator==(const ImportanceConfig&) const = default;

  std::optional<chain::Stage> needs() const {
    return when && when->about_identity() ? std::optional(chain::Stage::identify) : std::nullopt;
  }
};

void describe(config::Description<ImportanceConfig>& d) {
  using namespace config;
  d.about("importance_filter",
          "Says how important requests are, over what the route says. Of several the last one counts whose "
          "condition holds.");
  d.field("set", &ImportanceConfig::set, "Their importance.", required, example("critical"));
  d.field("when", &ImportanceConfig::when, "Of which requests: a condition.", default_is("all"),
          example("claim.tier == \"gold\""));
  d.shorthand(&ImportanceConfig::set);
}

namespace {

class ImportanceFilter final : public chain::Filter {
 public:
  explicit ImportanceFilter(const ImportanceConfig& c) : config_(c) {}

  base::Task<chain::Step> on_request(chain::Exchange& ex) const override {
    if (!config_.when || config_.when->holds(ex)) ex.importance = config_.set;
    return chain::Step::next;
  }

  std::optional<upstream::Importance> importance_at_most() const noexcept override { return config_.set; }

 private:
  ImportanceConfig config_;
};

const chain::FilterKind<ImportanceFilter, ImportanceConfig> kImportance{
    "importance", chain::Stage::shape, "Says how important requests are when not all can be served.",
    "{set: critical, when: '\"paid\" in consumer.groups'}"};

}  // namespace
}  // namespace sluice::filters
