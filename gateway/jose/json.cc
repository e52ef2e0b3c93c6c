// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "gateway/base/ascii.h"
#include "gateway/base/utf8.h"

namespace sluice::jose {

using base::Result;

class JsonReader {
 public:
  JsonReader(Json& out, const JsonLimits& limits)
      : out_(out), limits_(limits), text_(out.text_.data(), out.text_.size()) {}

  Result<void> read() {
    blanks();
    if (auto read = value(0); !read) return std::move(read).unexpected();
    blanks();
    if (at_ != text_.size()) return fail("something follows the value");
    return {};
  }

 private:
  base::Unexpected fail(std::string_view what) const {
    return base::fail(base::Reason::validation, fmt::format("{} at byte {}", what, at_));
  }
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) noexcept { return peek() == c && at_ < text_.size() ? (++at_, true) : false; }
  void blanks() noexcept {
    while (at_ < text_.size() && text_[at_] <= ' ' &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }

  // Index of the value read.
  Result<std::uint32_t> value(std::size_t depth) {
    if (out_.values_.size() >= limits_.values) return fail("too many values");
    auto index = static_cast<std::uint32_t>(out_.values_.size());
    out_.values_.emplace_back();
    std::size_t begin = at_;
    JsonKind kind = JsonKind::null;
    std::string_view decoded;
    Result<void> read;
    if (char c = peek(); c == '"') {
      kind = JsonKind::string;
      auto text = string();
      if (!text) return std::move(text).unexpected();
      decoded = *text;
    } else if (c == '{' || c == '[') {
      kind = c == '{' ? JsonKind::object : JsonKind::array;
      if (depth >= limits_.depth) return fail("too deep");
      read = container(index, kind, depth + 1);
    } else if (c == '-' || base::is_digit(c)) {
      kind = JsonKind::number;
      read = number();
    } else if (word("true") || word("false")) {
      kind = JsonKind::boolean;
    } else if (!word("null")) {
      return fail("no value");
    }
    if (!read) return std::move(read).unexpected();
    JsonValue& v = out_.values_[index];
    v.kind = kind;
    v.raw = text_.substr(begin, at_ - begin);
    v.text = kind == JsonKind::string ? decoded : v.raw;
    return index;
  }

  Result<void> container(std::uint32_t index, JsonKind kind, std::size_t depth) {
    bool object = kind == JsonKind::object;
    char end = object ? '}' : ']';
    ++at_;
    blanks();
    if (take(end)) return {};
    std::uint32_t last = 0;
    for (std::size_t n = 1;; ++n) {
      std::string_view name;
      if (object) {
        if (n > limits_.members) return fail("too many members");
        auto named = member_name(index);
        if (!named) return std::move(named).unexpected();
        name = *named;
      }
      auto child = value(depth);
      if (!child) return std::move(child).unexpected();
      out_.values_[*child].name = name;
      (last ? out_.values_[last].next : out_.values_[index].first) = *child;
      last = *child;
      blanks();
      if (take(end)) return {};
      if (!take(',')) return fail("no comma or end");
      blanks();
    }
  }

  Result<std::string_view> member_name(std::uint32_t object) {
    if (peek() != '"') return fail("no name of a member");
    auto name = string();
    if (!name) return name;
    if (out_.find(as_object(object), *name)) return fail("a member for the second time");
    blanks();
    if (!take(':')) return fail("no colon");
    blanks();
    return name;
  }
  // While it is being read an object does not know yet that it is one.
  const JsonValue& as_object(std::uint32_t index) noexcept {
    out_.values_[index].kind = JsonKind::object;
    return out_.values_[index];
  }

  bool word(std::string_view w) noexcept {
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }
  bool digits() noexcept {
    std::size_t begin = at_;
    while (base::is_digit(peek())) ++at_;
    return at_ != begin;
  }
  Result<void> number() {
    take('-');
    if (!take('0') && !digits()) return fail("no number");
    if (take('.') && !digits()) return fail("no number");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return fail("no number");
    }
    return {};
  }

  // What stands for itself in a text, as nearly all does.
  void skip_plain() noexcept {
    const char *c = text_.data() + at_, *end = text_.data() + text_.size();
    while (c != end && *c >= 0x20 && *c != '"' && *c != '\\') ++c;
    at_ = static_cast<std::size_t>(c - text_.data());
  }
  // The text between the quotes, decoded.
  Result<std::string_view> string() {
    std::size_t begin = ++at_;
    for (skip_plain(); at_ < text_.size(); skip_plain()) {
      char c = text_[at_];
      if (c == '"') return text_.substr(begin, at_++ - begin);
      if (c == '\\') return escaped(begin);
      if (auto good = character(); !good) return std::move(good).unexpected();
    }
    return fail("a text without an end");
  }
  Result<void> character() {
    auto c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x20) return fail("a control character in a text");
    std::size_t n = c < 0x80 ? 1 : base::utf8_sequence(text_.substr(at_));
    if (n == 0) return fail("invalid UTF-8");
    at_ += n;
    return {};
  }
  // The same for texts with escapes. No text grows by decoding, so there is room for all in as many bytes.
  Result<std::string_view> escaped(std::size_t begin) {
    auto& out = out_.decoded_;
    if (out.capacity() == 0) out.reserve(text_.size());
    std::size_t from = out.size();
    out.insert(out.end(), text_.begin() + static_cast<std::ptrdiff_t>(begin),
               text_.begin() + static_cast<std::ptrdiff_t>(at_));
    while (at_ < text_.size()) {
      std::size_t here = at_;
      if (take('"')) return std::string_view(out.data() + from, out.size() - from);
      auto good = text_[at_] == '\\' ? escape() : character();
      if (!good) return std::move(good).unexpected();
      if (text_[here] != '\\') out.insert(out.end(), text_.data() + here, text_.data() + at_);
    }
    return fail("a text without an end");
  }
  Result<void> escape() {
    constexpr std::string_view kShort = "\"\\/bfnrt", kMeans = "\"\\/\b\f\n\r\t";
    ++at_;
    if (auto known = kShort.find(peek()); at_ < text_.size() && known != std::string_view::npos) {
      ++at_;
      out_.decoded_.push_back(kMeans[known]);
      return {};
    }
    std::uint32_t code = 0, low = 0;
    if (!unit(code)) return fail("an escape that is none");
    if (code >= 0xDC00 && code <= 0xDFFF) return fail("half a character");
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (!take('\\') || !unit(low) || low < 0xDC00 || low > 0xDFFF) return fail("half a character");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    char bytes[4];
    out_.decoded_.insert(out_.decoded_.end(), bytes, base::encode_utf8(bytes, code));
    return {};
  }
  bool unit(std::uint32_t& code) noexcept {
    if (!take('u') || text_.size() - at_ < 4) return false;
    const char* begin = text_.data() + at_;
    auto [end, error] = std::from_chars(begin, begin + 4, code, 16);
    at_ += 4;
    return error == std::errc() && end == begin + 4;
  }

  Json& out_;
  const JsonLimits& limits_;
  std::string_view text_;
  std::size_t at_ = 0;
};

namespace {
constexpr std::size_t kBytesOfAValue = 16;  // in claims, with its name; few take less
}

Result<Json> Json::parse(std::string_view text, const JsonLimits& limits) {
  Json out;
  out.text_.assign(text.begin(), text.end());
  out.values_.reserve(std::min(limits.values, text.size() / kBytesOfAValue + 1));
  JsonReader reader(out, limits);
  if (auto read = reader.read(); !read) return std::move(read).unexpected();
  return out;
}

const JsonValue* Json::find(const JsonValue& of, std::string_view name) const noexcept {
  if (!of.is(JsonKind::object)) return nullptr;
  for (const JsonValue* v = first(of); v; v = next(*v))
    if (v->name == name) return v;
  return nullptr;
}

std::optional<double> JsonValue::number() const noexcept {
  if (kind != JsonKind::number) return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (error != std::errc() || end != raw.data() + raw.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace sluice::jose
