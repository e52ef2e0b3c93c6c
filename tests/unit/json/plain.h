// SPDX-License-Identifier: Apache-2.0
// What check() and Shape do, written down the plain way: byte by byte, one pass after the other, nothing
// remembered. For tests that compare.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/path.h"
#include "gateway/json/text.h"

namespace sluice::json {

// "" or "7: what is wrong".
class PlainCheck {
 public:
  static std::string of(std::string_view text) {
    PlainCheck c(text);
    c.space();
    if (c.over()) return "0: the text is empty";
    if (c.value(0)) c.space();
    if (c.fault_.empty() && !c.over()) c.fail("something follows the value");
    return c.fault_;
  }

 private:
  explicit PlainCheck(std::string_view text) : text_(text) {}

  bool over() const { return at_ >= text_.size(); }
  char now() const { return over() ? '\0' : text_[at_]; }
  bool fail(const std::string& message) {
    if (fault_.empty())
      fault_ = over() ? std::to_string(text_.size()) + ": the text ends too early"
                      : std::to_string(at_) + ": " + message;
    return false;
  }
  void space() {
    while (!over() && std::string_view(" \n\r\t").find(now()) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    if (over() || now() != c) return false;
    ++at_;
    return true;
  }

  bool value(unsigned depth) {
    if (over()) return fail("");
    for (std::string_view word : {"true", "false", "null"})
      if (now() == word[0]) {
        if (!text_.substr(at_).starts_with(word)) return fail("expected a value");
        at_ += word.size();
        return true;
      }
    if (now() == '"') return string();
    if (now() != '{' && now() != '[') return number();
    if (depth == kDeepest) return fail("nested too deeply");
    bool object = now() == '{';
    char end = object ? '}' : ']';
    ++at_;
    space();
    if (take(end)) return true;
    for (;;) {
      if ((object && !name()) || !value(depth + 1)) return false;
      space();
      if (take(end)) return true;
      if (!take(',')) return fail(object ? "expected , or }" : "expected , or ]");
      space();
    }
  }
  bool name() {
    if (now() != '"') return fail("expected a name in quotes");
    if (!string()) return false;
    space();
    if (!take(':')) return fail("expected a colon");
    space();
    return true;
  }
  bool string() {
    for (++at_; !over() && now() != '"';) {
      auto c = static_cast<unsigned char>(now());
      if (c < 0x20) return fail("a control character in a string");
      if (c >= 0x80) {
        std::size_t n = sequence();
        if (n == 0) return fail("a string that is not UTF-8");
        at_ += n;
      } else if (c == '\\') {
        if (!escape()) return false;
      } else {
        ++at_;
      }
    }
    return take('"') || fail("");
  }
  bool end_early() {
    at_ = text_.size();
    return fail("");
  }
  bool escape() {
    if (at_ + 1 == text_.size()) return end_early();
    char c = text_[at_ + 1];
    if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) {
      at_ += 2;
      return true;
    }
    if (c != 'u') return fail("an unknown escape");
    if (text_.size() - at_ < 6) return end_early();
    if (text_.substr(at_ + 2, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return fail("\\u without four digits");
    at_ += 6;
    return true;
  }
  // Bytes of the character here, 0 if it is none: by its number.
  std::size_t sequence() const {
    auto byte = [&](std::size_t i) {
      return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0U;
    };
    unsigned first = byte(0);
    std::size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC0 || first > 0xF7) return 0;
    unsigned number = first & (0xFFU >> (n + 1));
    for (std::size_t i = 1; i < n; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return 0;
      number = number << 6 | (byte(i) & 0x3F);
    }
    unsigned least = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
    bool surrogate = number >= 0xD800 && number <= 0xDFFF;
    return number < least || number > 0x10FFFF || surrogate ? 0 : n;
  }
  bool is_digit() const { return now() >= '0' && now() <= '9'; }
  bool digits() {
    if (!is_digit()) return fail("not a number");
    while (is_digit()) ++at_;
    return true;
  }
  bool number() {
    if (now() != '-' && !is_digit()) return fail("expected a value");
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string fault_;
};

// `only`, `drop` and `rename` of Shape.
class PlainShape {
 public:
  void only(const Path& path) {
    std::size_t end = reach(path, true);
    rules_[end].whole = true;
    keep_all(end);
  }
  void drop(const Path& path) { rules_[reach(path, false)].dropped = true; }
  void rename(const Path& path, std::string_view name) { rules_[reach(path, false)].renamed = quoted(name); }

  // Of JSON without white space around it.
  std::string of(std::string_view value) const { return of(value, 0); }

 private:
  // Of what a path leads to.
  struct Rule {
    PathStep step;
    std::string renamed;
    bool whole = false, dropped = false, only = false;
    std::vector<std::size_t> below;
  };

  std::size_t reach(const Path& path, bool only) {
    std::size_t at = 0;
    for (const PathStep& step : path.steps()) {
      if (rules_[at].whole) only = false;
      if (only) rules_[at].only = true;
      std::size_t next = 0;
      for (std::size_t i : rules_[at].below)
        if (rules_[i].step == step) next = i;
      if (next == 0) {
        next = rules_.size();
        rules_.push_back({step, {}, false, false, false, {}});
        rules_[at].below.push_back(next);
      }
      at = next;
    }
    return at;
  }
  void keep_all(std::size_t rule) {
    rules_[rule].only = false;
    for (std::size_t i : rules_[rule].below) keep_all(i);
  }
  // The rule for that member, or with "[]" for all items; 0 if there is none.
  std::size_t find(std::size_t rule, PathStep::Kind kind, std::string_view key) const {
    for (std::size_t i : rules_[rule].below)
      if (rules_[i].step.kind == kind && (kind == PathStep::Kind::each || says(key, rules_[i].step.name)))
        return i;
    return 0;
  }
  bool fits(std::string_view value, std::size_t rule) const {
    if (!rules_[rule].only) return true;
    for (std::size_t i : rules_[rule].below)
      if (is(value, rules_[i].step.kind == PathStep::Kind::each ? Type::array : Type::object)) return true;
    return false;
  }
  bool keeps(std::size_t around, std::size_t rule, std::string_view value) const {
    if (rule == 0) return !rules_[around].only;
    const Rule& r = rules_[rule];
    if (r.dropped || (rules_[around].only && !r.whole && !r.only)) return false;
    return r.whole || fits(value, rule);
  }

  std::string of(std::string_view value, std::size_t rule) const {
    if (rules_[rule].below.empty()) return std::string(value);
    if (is(value, Type::object)) return of_object(value, rule);
    std::size_t each = find(rule, PathStep::Kind::each, {});
    if (!is(value, Type::array) || each == 0) return std::string(value);
    std::string out;
    Items items(value);
    for (std::string_view i; items.next(i);)
      if (fits(i, each)) out += (out.empty() ? "" : ",") + of(i, each);
    return "[" + out + "]";
  }
  // Does another member of the object get that name?
  bool gives_way(std::string_view object, std::size_t around, std::string_view key) const {
    base::Arena arena;
    std::string name = quoted(unescaped(key, arena));
    Members members(object);
    for (Member m; members.next(m);) {
      std::size_t rule = find(around, PathStep::Kind::name, m.key);
      if (rule != 0 && rules_[rule].renamed == name && keeps(around, rule, m.value)) return true;
    }
    return false;
  }
  std::string of_object(std::string_view object, std::size_t around) const {
    std::string out;
    const char* unchanged = nullptr;  // where the member in front ended, if it stays as it stands
    Members members(object);
    for (Member m; members.next(m);) {
      std::size_t rule = find(around, PathStep::Kind::name, m.key);
      const char* end = m.value.data() + m.value.size();
      if (!keeps(around, rule, m.value) ||
          (rules_[rule].renamed.empty() && gives_way(object, around, m.key))) {
        unchanged = nullptr;
        continue;
      }
      bool changes = rule != 0 && (!rules_[rule].renamed.empty() || !rules_[rule].below.empty());
      std::string comma = out.empty() ? "" : ",";
      if (changes) {
        std::string key = "\"" + std::string(m.key) + "\"";
        out += comma + (rules_[rule].renamed.empty() ? key : rules_[rule].renamed) + ":" + of(m.value, rule);
      } else if (unchanged) {
        out.append(unchanged, end);
      } else {
        out += comma.append(m.key.data() - 1, end);
      }
      unchanged = changes ? nullptr : end;
    }
    return "{" + out + "}";
  }

  std::vector<Rule> rules_ = {{}};
};

}  // namespace sluice::json
