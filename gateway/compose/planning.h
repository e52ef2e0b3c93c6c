// SPDX-License-Identifier: Apache-2.0
// Planning: what the compilers of a plan's calls (plan.cc) and of its answer (whole.cc) have in common, while
// a configuration is read.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/builder.h"
#include "gateway/compose/plan.h"

namespace sluice::compose {

// The numbers of the calls by their names.
class Numbers final : public CallNames {
 public:
  explicit Numbers(const ComposeConfig& config) : config_(config) {}
  std::optional<std::uint32_t> number(std::string_view name) const override {
    auto at = config_.calls.index_of(name);
    if (!at) return std::nullopt;
    return static_cast<std::uint32_t>(*at);
  }
  std::vector<std::string_view> all() const override {
    std::vector<std::string_view> out;
    for (const auto& [name, call] : config_.calls) out.push_back(name);
    return out;
  }
  std::optional<json::Type> type(std::uint32_t call) const override {
    return config_.calls[call].second.known_type();
  }

 private:
  const ComposeConfig& config_;
};

class Planning {
 public:
  Planning(const ComposeConfig& config, chain::Builder& builder, Plan& plan)
      : config_(config), builder_(builder), plan_(plan), names_(config) {}

 protected:
  // None after a complaint at `field`, as with other(). `each`: may `${each}` be used?
  std::optional<CallText> text(const std::string& written, CallText::Place place, const std::string& field,
                               bool each);
  // The number of a call that a setting names.
  std::optional<std::uint32_t> other(std::string_view call, const std::string& field);
  // Complains at `field`, which refers to that call, if nobody waits for it.
  void refuse_shadow(std::uint32_t call, const std::string& field);
  // What the answer depends on decides whether it may be given to others: variables of the exchange.
  void depends_on(const CallText& text);
  void depends_on(std::string_view variable);

  const ComposeConfig& config_;
  chain::Builder& builder_;
  Plan& plan_;
  Numbers names_;
};

// Compiles all but the calls, which are there already (whole.cc).
void plan_whole(const ComposeConfig& config, chain::Builder& builder, Plan& plan);

}  // namespace sluice::compose
