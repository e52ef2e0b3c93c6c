// SPDX-License-Identifier: Apache-2.0
// The filter `all`: several ways to identify oneself, all of which are needed, such as a certificate and a
// token. The first one names the caller, the others add what they know; two consumers at once are nobody.
#include <algorithm>

#include "gateway/chain/compound.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct AllConfig {
  std::vector<chain::UseConfig> of;
  bool operator==(const AllConfig&) const = default;
};

void describe(config::Description<AllConfig>& d) {
  using namespace config;
  d.about("all",
          "Lets pass whom each of several filters identifies, asked in the order written. The first one says "
          "who it is, the others add groups, scopes and claims. Credentials of two consumers are refused.");
  d.field("of", &AllConfig::of, "The filters, or names of their policies.", required, one_or_many,
          min_items(1), max_items(16));
  d.shorthand(&AllConfig::of);
}

namespace {

using chain::Exchange;
using chain::Verdict;

class AllFilter final : public chain::Compound {
 public:
  AllFilter(const AllConfig& c, chain::Builder& builder) : Compound("all", "of", c.of, builder) {}

  base::Task<Verdict> authenticate(Exchange& ex) const override {
    Asked& state = asked(ex);
    chain::Identity before;
    for (std::size_t i = 0; i < parts().size(); ++i) {
      before = std::exchange(ex.identity, {});
      base::Task<Verdict> task = ask(ex, i);
      Verdict verdict = co_await task;
      state.answers = static_cast<std::uint16_t>(i);
      state.refused = !verdict;
      if (verdict && before) verdict = chain::join_identities(ex, std::move(before));
      if (verdict) continue;
      ex.identity = {};
      co_return verdict;
    }
    state.count_to = static_cast<std::uint16_t>(parts().size());
    co_return Verdict::ok();
  }

  void refuse(Exchange& ex, const Verdict& verdict) const override {
    const Asked& state = asked(ex);
    if (!state.refused) return chain::reply_to(ex, verdict);
    parts()[state.answers]->refuse(ex, verdict);
  }

  // One that admits anyone asks for nothing; the others still do.
  bool admits_anyone() const noexcept override {
    return std::all_of(parts().begin(), parts().end(),
                       [](const auto* part) { return part->admits_anyone(); });
  }
};

const chain::FilterKind<AllFilter, AllConfig> kAll{
    "all", chain::Stage::identify, "Lets pass whom each of several filters identifies.",
    "[{api_key: {header: X-Api-Key}}, {api_key: {cookie: key}}]"};

}  // namespace
}  // namespace sluice::filters
