// SPDX-License-Identifier: Apache-2.0
// The filter `any`: several ways to identify oneself, of which one is enough. They are tried in the order
// written. Callers who bring no credential at all may be let through as a consumer of their own; a wrong
// credential is refused in any case. A verdict that is final ends it: nobody else is asked, and no guest let
// in.
#include <algorithm>

#include "gateway/chain/compound.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct AnyConfig {
  std::vector<chain::UseConfig> of;
  std::string anonymous;
  bool operator==(const AnyConfig&) const = default;
};

void describe(config::Description<AnyConfig>& d) {
  using namespace config;
  d.about("any", "Lets pass whom one of several filters identifies, tried in the order written.");
  d.field("of", &AnyConfig::of, "The filters, or names of their policies.", required, one_or_many,
          min_items(1), max_items(16));
  d.field("anonymous", &AnyConfig::anonymous,
          "The consumer that callers without any credential are. A wrong credential is refused all the same.",
          reference("consumer"), default_is("none: they are refused"), example("guest"));
  d.shorthand(&AnyConfig::of);
}

namespace {

using chain::Exchange;
using chain::Verdict;
using Outcome = chain::Verdict::Outcome;

constexpr std::string_view kChallengeField = "WWW-Authenticate";

class AnyFilter final : public chain::Compound {
 public:
  AnyFilter(const AnyConfig& c, chain::Builder& builder)
      : Compound("any", "of", c.of, builder), anonymous_(c.anonymous) {}

  base::Task<Verdict> authenticate(Exchange& ex) const override {
    Asked& state = asked(ex);
    Verdict best;
    for (std::size_t i = 0; i < parts().size(); ++i) {
      base::Task<Verdict> task = ask(ex, i);
      Verdict verdict = co_await task;
      if (verdict) {
        state.count_from = static_cast<std::uint16_t>(i);
        state.count_to = static_cast<std::uint16_t>(i + 1);
        co_return verdict;
      }
      if (ex.scope.cancelled()) co_return verdict;
      if (i > 0 && !verdict.is_final && !says_more(verdict, best)) continue;
      best = verdict;
      state.answers = static_cast<std::uint16_t>(i);
      if (verdict.is_final) break;
    }
    if (!best.is_final && best.outcome == Outcome::absent && admit_as_anonymous(ex, state))
      co_return Verdict::ok();
    state.refused = true;
    co_return best;
  }

  // As the part does whose verdict it is, with the challenges of all.
  void refuse(Exchange& ex, const Verdict& verdict) const override {
    const Asked& state = asked(ex);
    if (!state.refused) return chain::reply_to(ex, verdict);
    parts()[state.answers]->refuse(ex, verdict);
    if (!ex.answered_locally || ex.response.status != 401) return;
    for (std::size_t i = 0; i < state.verdicts.size(); ++i)
      if (i != state.answers && !state.verdicts[i].challenge.empty())
        ex.response.fields.add(kChallengeField, state.verdicts[i].challenge);
  }

  bool admits_anyone() const noexcept override {
    return !anonymous_.empty() || std::any_of(parts().begin(), parts().end(),
                                              [](const auto* part) { return part->admits_anyone(); });
  }

 private:
  // Among those of one outcome, by what its part has to answer: a page to log in is worth more than the word
  // that there is none now.
  static int worth(const Verdict& v) noexcept { return !v.own_answer ? 0 : v.answer_unavailable ? 1 : 2; }
  static bool says_more(const Verdict& a, const Verdict& b) noexcept {
    return a.outcome > b.outcome || (a.outcome == b.outcome && worth(a) > worth(b));
  }
  bool admit_as_anonymous(Exchange& ex, const Asked& state) const {
    const auto* consumer = anonymous_.empty() || !ex.consumers ? nullptr : ex.consumers->find(anonymous_);
    if (!consumer) return false;
    ex.identity = chain::identity_of(*consumer, "anonymous", {});
    auto challenges = ex.arena.array<std::string_view>(state.verdicts.size());
    std::transform(state.verdicts.begin(), state.verdicts.end(), challenges.begin(),
                   [](const Verdict& v) { return v.challenge; });
    ex.identity.challenges = challenges;
    return true;
  }

  std::string anonymous_;
};

const chain::FilterKind<AnyFilter, AnyConfig> kAny{
    "any", chain::Stage::identify, "Lets pass whom one of several filters identifies.",
    "[{api_key: {header: X-Api-Key}}, {api_key: {header: Authorization, scheme: Bearer}}]"};

}  // namespace
}  // namespace sluice::filters
