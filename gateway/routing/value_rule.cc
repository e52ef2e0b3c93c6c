// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/value_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include <re2/re2.h>

#include "gateway/expression/regex.h"

namespace sluice::routing {
namespace {

// The start of a value that ranges of expressions are about.
constexpr int kRange = 64;

bool matches(const RE2& regex, std::string_view value) noexcept {
  return regex.Match({value.data(), value.size()}, 0, value.size(), RE2::ANCHOR_BOTH, nullptr, 0);
}

}  // namespace

ValueRule ValueRule::present() { return {}; }

ValueRule ValueRule::exactly(std::vector<std::string> texts) {
  ValueRule out;
  out.kind_ = Kind::exact;
  out.texts_ = std::move(texts);
  return out;
}

std::shared_ptr<const re2::RE2> ValueRule::compile(std::string_view expression, std::string& error) {
  error = expression::refuse_wide_characters(expression);
  if (!error.empty()) return nullptr;
  auto regex =
      std::make_shared<const RE2>(expression::folding_ascii_alone(expression), expression::byte_options());
  if (regex->ok()) return regex;
  error = regex->error();
  return nullptr;
}

ValueRule ValueRule::matching(std::shared_ptr<const re2::RE2> expression) {
  ValueRule out;
  RE2 anchored("^(?:" + expression->pattern() + ")$", expression->options());
  Range range;
  if (anchored.ok() && anchored.PossibleMatchRange(&range.from, &range.to, kRange))
    out.range_ = std::move(range);
  out.kind_ = Kind::regex;
  out.regex_ = std::move(expression);
  return out;
}

ValueRule ValueRule::negated() const {
  ValueRule out = *this;
  out.negated_ = !negated_;
  return out;
}

bool ValueRule::base_fits(std::string_view value) const noexcept {
  switch (kind_) {
    case Kind::present:
      return true;
    case Kind::exact:
      return std::find(texts_.begin(), texts_.end(), value) != texts_.end();
    case Kind::regex:
      break;
  }
  return matches(*regex_, value);
}

bool ValueRule::fits(std::optional<std::string_view> value) const noexcept {
  return (value && base_fits(*value)) != negated_;
}

bool ValueRule::excludes(const ValueRule& other) const {
  if (negated_ && other.negated_) return false;  // both fit what is absent
  if (negated_) return other.within(*this);
  return other.negated_ ? within(other) : apart(other);
}

bool ValueRule::apart(const ValueRule& other) const {
  if (kind_ == Kind::exact)
    return std::none_of(texts_.begin(), texts_.end(), [&](const auto& t) { return other.base_fits(t); });
  if (other.kind_ == Kind::exact) return other.apart(*this);
  return range_ && other.range_ && (ends_before(other) || other.ends_before(*this));
}

// What `.` stands for has no largest text, so that a range may end with the text that the next one begins
// with, and which does not fit.
bool ValueRule::ends_before(const ValueRule& other) const {
  const std::string& end = range_->to;
  if (end != other.range_->from) return end < other.range_->from;
  return !base_fits(end) || !other.base_fits(end);
}

// Does everything that fits this one fit what the other one negates?
bool ValueRule::within(const ValueRule& other) const {
  if (other.kind_ == Kind::present) return true;
  if (kind_ == Kind::exact)
    return std::all_of(texts_.begin(), texts_.end(), [&](const auto& t) { return other.base_fits(t); });
  return kind_ == Kind::regex && other.kind_ == Kind::regex && regex_->pattern() == other.regex_->pattern();
}

std::optional<std::optional<std::string>> ValueRule::sample() const {
  if (negated_) return std::optional<std::string>();
  if (kind_ == Kind::present) return std::optional<std::string>("x");
  if (kind_ == Kind::exact) return std::optional<std::string>(texts_.front());
  for (std::string_view text : {range_ ? std::string_view(range_->from) : "", std::string_view("x")})
    if (matches(*regex_, text)) return std::optional<std::string>(text);
  return std::nullopt;
}

std::string ValueRule::text() const {
  switch (kind_) {
    case Kind::present:
      return negated_ ? "absent" : "present";
    case Kind::exact:
      return fmt::format("{}{}{}", negated_ ? "not " : "", texts_.size() > 1 ? "one of " : "",
                         fmt::join(texts_, ", "));
    case Kind::regex:
      break;
  }
  return (negated_ ? "not ~ " : "~ ") + regex_->pattern();
}

}  // namespace sluice::routing
