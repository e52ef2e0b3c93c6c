// SPDX-License-Identifier: Apache-2.0
// Shapes of the scalar types that need no template. Texts are taken as written: only here, and only where a
// setting wants a number or a boolean, does a text become one, so `no` and `010` cannot surprise.
#include <charconv>

#include "gateway/base/strings.h"
#include "gateway/config/amounts.h"
#include "gateway/config/diagnostic.h"
#include "gateway/config/mask.h"
#include "gateway/config/types.h"

namespace sluice::config {

namespace {

constexpr std::size_t kMostQuoted = 60;  // characters of a value in a message

std::string shortened(std::string_view text) {
  if (text.size() <= kMostQuoted) return std::string(text);
  return without_userinfo(std::string(text)).substr(0, kMostQuoted) + "...";
}

// "expected a duration such as 250ms, got 250: add a unit"
Complaint expected(std::string_view what, const Node& node, std::string_view text, Complaint why = {}) {
  std::string got = node.quoted ? '"' + shortened(text) + '"' : shortened(text);
  if (text.empty()) got = "an empty text";
  Complaint out;
  out.message = "expected " + std::string(what) + ", got " + got;
  if (!why.message.empty()) out.message += ": " + why.message;
  out.hint = std::move(why.hint);
  out.offset = why.offset;
  return out;
}

// Numbers and booleans are written without quotes; only ${env:} may need them.
bool wrongly_quoted(const Node& node) noexcept { return node.quoted && !node.substituted; }

struct Boolean final : ScalarShape {
  Boolean() {
    name = "boolean";
    expects = "true or false";
    json_type = "boolean";
  }
  Refusal read(const Node& node, std::string_view text, void* out) const override {
    bool is_true = text == "true", is_false = text == "false";
    if ((is_true || is_false) && wrongly_quoted(node))
      return expected(expects, node, text, {"remove the quotes", {}});
    if (!is_true && !is_false) return expected(expects, node, text, {{}, did_you_mean(meant(text))});
    *static_cast<bool*>(out) = is_true;
    return {};
  }
  static std::string_view meant(std::string_view text) {
    for (std::string_view word : {"yes", "on", "y", "true", "1", "enabled"})
      if (base::equal_ignoring_case(word, text)) return "true";
    for (std::string_view word : {"no", "off", "n", "false", "0", "disabled"})
      if (base::equal_ignoring_case(word, text)) return "false";
    return {};
  }
  std::string write(const void* value) const override {
    return *static_cast<const bool*>(value) ? "true" : "false";
  }
};

struct Number final : ScalarShape {
  Number() {
    name = "number";
    expects = "a number";
    json_type = "number";
  }
  Refusal read(const Node& node, std::string_view text, void* out) const override {
    if (wrongly_quoted(node)) return expected(expects, node, text, {"remove the quotes", {}});
    if (auto why = parse_number(text, *static_cast<double*>(out))) return expected(expects, node, text, *why);
    return {};
  }
  std::string write(const void* value) const override { return to_text(*static_cast<const double*>(value)); }
};

struct PlainText final : ScalarShape {
  PlainText() {
    name = "text";
    expects = "a text";
    json_type = "text";
  }
  Refusal read(const Node&, std::string_view text, void* out) const override {
    *static_cast<std::string*>(out) = text;
    return {};
  }
  std::string write(const void* value) const override { return *static_cast<const std::string*>(value); }
};

struct SecretText final : ScalarShape {
  SecretText() {
    name = "secret";
    expects = "a text";
    json_type = "text";
    secret = true;
  }
  Refusal read(const Node&, std::string_view text, void* out) const override {
    static_cast<Secret*>(out)->value = text;
    return {};
  }
  std::string write(const void* value) const override {
    return static_cast<const Secret*>(value)->value.empty() ? std::string() : std::string(kMask);
  }
};

// Duration, Size, Rate, Percent: T with a parse function.
template <class T>
struct Amount final : ScalarShape {
  using Parse = Refusal (*)(std::string_view, T&);
  Amount(Parse its_parse, const char* its_name, const char* what, const char* its_example, const char* regex)
      : parse(its_parse) {
    name = its_name;
    example = its_example;
    expects = std::string(what) + " such as " + example;
    pattern = regex;
  }
  Refusal read(const Node& node, std::string_view text, void* out) const override {
    if (auto why = parse(text, *static_cast<T*>(out))) return expected(expects, node, text, *why);
    return {};
  }
  std::string write(const void* value) const override { return to_text(*static_cast<const T*>(value)); }
  Parse parse;
};

}  // namespace

Refusal read_integer(const Node& node, std::string_view text, std::int64_t low, std::uint64_t high,
                     std::uint64_t& bits) {
  constexpr std::string_view kWhat = "an integer";
  if (wrongly_quoted(node)) return expected(kWhat, node, text, {"remove the quotes", {}});
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return expected(kWhat, node, text);
  std::size_t nonzero = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  if (nonzero > 0)
    return expected(
        kWhat, node, text,
        {"no leading zeros", did_you_mean((negative ? "-" : "") + std::string(digits.substr(nonzero)))});
  auto magnitude = base::parse_decimal(digits);
  auto lowest = static_cast<std::uint64_t>(0) - static_cast<std::uint64_t>(low);  // -low, without overflow
  if (!magnitude || (negative ? *magnitude > lowest : *magnitude > high))
    return expected(
        kWhat, node, text,
        {negative && low == 0 ? "it must not be negative"
                              : "it must be " + std::to_string(low) + " to " + std::to_string(high),
         {}});
  bits = negative ? 0 - *magnitude : *magnitude;
  return {};
}

Refusal read_word(std::string_view text, const ScalarShape& shape, std::size_t& index) {
  std::vector<std::string_view> known;
  for (const WordFacts& word : shape.words) {
    if (word.text == text) {
      index = known.size();
      return {};
    }
    known.push_back(word.text);
  }
  std::string list;
  for (std::size_t i = 0; i < known.size(); ++i)
    list.append(i == 0 ? "" : i + 1 == known.size() ? " or " : ", ").append(known[i]);
  return expected(list, Node(), text, {{}, did_you_mean(base::nearest(text, known))});
}

Refusal refuse_text(const Node& node, std::string_view text, const ScalarShape& shape, Complaint complaint) {
  return expected(shape.expects, node, text, std::move(complaint));
}

const Shape& ShapeFor<bool>::get() {
  static const Boolean shape;
  return shape;
}
const Shape& ShapeFor<double>::get() {
  static const Number shape;
  return shape;
}
const Shape& ShapeFor<std::string>::get() {
  static const PlainText shape;
  return shape;
}
const Shape& ShapeFor<Secret>::get() {
  static const SecretText shape;
  return shape;
}
const Shape& ShapeFor<Json>::get() {
  static const JsonShape shape;
  return shape;
}
const Shape& ShapeFor<Duration>::get() {
  static const Amount<Duration> shape(parse_duration, "duration", "a duration", "250ms",
                                      "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d)$");
  return shape;
}
const Shape& ShapeFor<Size>::get() {
  static const Amount<Size> shape(parse_size, "size", "a size", "64KiB",
                                  "^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB|TiB)$");
  return shape;
}
const Shape& ShapeFor<Rate>::get() {
  static const Amount<Rate> shape(parse_rate, "rate", "a rate", "100/min",
                                  "^[0-9]+/(s|min|h|d|[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d))$");
  return shape;
}
const Shape& ShapeFor<Percent>::get() {
  static const Amount<Percent> shape(parse_percent, "percentage", "a percentage", "25%",
                                     "^[0-9]+(\\.[0-9]+)?%$");
  return shape;
}

}  // namespace sluice::config
