// SPDX-License-Identifier: Apache-2.0
// ValueRule: what a match asks of one value of a request: of a header, a query parameter, a cookie. A value
// may be absent. A negated rule fits exactly where the rule itself does not, and so an absent value too.
// Cheap to copy, immutable, shared by the workers.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace sluice::routing {

class ValueRule {
 public:
  static ValueRule present();
  // One of these texts, byte by byte.
  static ValueRule exactly(std::vector<std::string> texts);
  // RE2 expression over the bytes of the whole value; null for what is none, and then `error` says why.
  static std::shared_ptr<const re2::RE2> compile(std::string_view expression, std::string& error);
  static ValueRule matching(std::shared_ptr<const re2::RE2> expression);
  ValueRule negated() const;

  bool fits(std::optional<std::string_view> value) const noexcept;
  // Can no value, nor its absence, fit both? False when in doubt, which only expressions leave.
  bool excludes(const ValueRule& other) const;
  // A value that fits, if one is at hand; the inner one is empty where it has to be absent.
  std::optional<std::optional<std::string>> sample() const;
  // "acme", "one of a, b", "~ v[0-9]+", "present"; with "not " before it, or "absent".
  std::string text() const;
  // Does it ask only whether there is a value?
  bool about_presence() const noexcept { return kind_ == Kind::present; }

 private:
  enum class Kind : std::uint8_t { present, exact, regex };
  bool base_fits(std::string_view value) const noexcept;
  // Of two that are not negated, and of one that is with one that is not.
  bool apart(const ValueRule& other) const;
  // Of two expressions whose ranges are known.
  bool ends_before(const ValueRule& other) const;
  bool within(const ValueRule& other) const;

  // What an expression matches lies between the two texts, if that is known.
  struct Range {
    std::string from, to;
  };

  Kind kind_ = Kind::present;
  bool negated_ = false;
  std::vector<std::string> texts_;
  std::shared_ptr<const re2::RE2> regex_;
  std::optional<Range> range_;  // of the expression
};

}  // namespace sluice::routing
