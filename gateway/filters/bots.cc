// SPDX-License-Identifier: Apache-2.0
// The filter `bots`: refuses by what clients call themselves (User-Agent) and where they say they come from
// (Referer). It keeps out those who do not hide; what has to be kept out for certain needs a credential.
#include <memory>
#include <string>
#include <vector>

#include <re2/re2.h>
#include <re2/set.h>

#include "gateway/chain/admission.h"
#include "gateway/chain/registry.h"
#include "gateway/expression/regex.h"

namespace sluice::filters {

struct BotsConfig {
  std::vector<std::string> deny, allow, deny_referer;
  bool require_user_agent = false;
  bool operator==(const BotsConfig&) const = default;
};

namespace {

constexpr std::size_t kMostPatterns = 1000;

re2::RE2::Options options() {
  auto o = expression::byte_options(expression::kLargeRegexMemory);  // of one list
  o.set_case_sensitive(false);
  return o;
}

std::string refuse_pattern(const std::string& text) {
  if (auto wide = expression::refuse_wide_characters(text); !wide.empty())
    return "is no expression for bytes: " + wide;
  re2::RE2 pattern(expression::folding_ascii_alone(text), options());
  if (!pattern.ok()) return "is no regular expression: " + pattern.error();
  if (re2::RE2::PartialMatch("", pattern)) return "fits everything, as it fits an empty text";
  return {};
}

// Does a text fit any of them?
class Patterns {
 public:
  explicit Patterns(const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    set_ = std::make_unique<re2::RE2::Set>(options(), re2::RE2::UNANCHORED);
    for (const auto& text : texts) set_->Add(expression::folding_ascii_alone(text), nullptr);
    if (!set_->Compile()) set_.reset();
  }
  bool fit(std::string_view text) const { return set_ && set_->Match({text.data(), text.size()}, nullptr); }
  bool compiled(const std::vector<std::string>& texts) const noexcept { return texts.empty() || set_; }

 private:
  std::unique_ptr<re2::RE2::Set> set_;
};

}  // namespace

void describe(config::Description<BotsConfig>& d) {
  using namespace config;
  d.about("bots",
          "Refuses with 403 by what clients call themselves. Patterns are regular expressions (RE2) that fit "
          "anywhere, in any case of ASCII letters.");
  auto list = [&](std::string name, std::vector<std::string> BotsConfig::* member, std::string doc,
                  std::string sample) {
    d.field(std::move(name), member, std::move(doc), one_or_many, unique, max_items(kMostPatterns),
            each(config::check(refuse_pattern)), example(std::move(sample)));
  };
  list("deny", &BotsConfig::deny, "User-Agents that are refused.", "[\"python-requests/\", scrapy]");
  list("allow", &BotsConfig::allow, "User-Agents that pass although `deny` fits them.", "Googlebot");
  list("deny_referer", &BotsConfig::deny_referer, "Referers that are refused.",
       "'//([^/]*\\.)?spam\\.example'");
  d.field("require_user_agent", &BotsConfig::require_user_agent,
          "Refuses requests without a User-Agent too.");
  d.at_least_one({"deny", "deny_referer", "require_user_agent"});
}

namespace {

using chain::Step;
using http::FieldId;

class Bots final : public chain::Filter {
 public:
  Bots(const BotsConfig& c, chain::Builder& builder)
      : deny_(c.deny),
        allow_(c.allow),
        deny_referer_(c.deny_referer),
        required_(c.require_user_agent),
        decisions_(builder.decisions()) {
    auto check = [&](const Patterns& made, const std::vector<std::string>& texts, std::string_view field) {
      if (!made.compiled(texts)) builder.error(field, "these patterns are too large together");
    };
    check(deny_, c.deny, "deny");
    check(allow_, c.allow, "allow");
    check(deny_referer_, c.deny_referer, "deny_referer");
  }

  base::Task<Step> on_request(chain::Exchange& ex) const override {
    const auto& fields = ex.request.fields;
    std::string_view agent = fields.value(FieldId::user_agent);
    bool refused = agent.empty() ? required_ : deny_.fit(agent) && !allow_.fit(agent);
    if (!refused) refused = deny_referer_.fit(fields.value(FieldId::referer));
    return chain::admit(ex, *decisions_, !refused, "clients of this kind are not served");
  }

 private:
  Patterns deny_, allow_, deny_referer_;
  bool required_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

const chain::FilterKind<Bots, BotsConfig> kBots{
    "bots", chain::Stage::admit, "Refuses by what clients call themselves.", "{deny: [scrapy]}"};

}  // namespace
}  // namespace sluice::filters
