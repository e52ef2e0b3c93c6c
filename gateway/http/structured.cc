// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/structured.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/ascii.h"
#include "gateway/base/base64.h"
#include "gateway/http/fields.h"

namespace sluice::http {
namespace {

// Nobody signs with more.
constexpr std::size_t kMostParts = 64;

bool lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool alpha(char c) noexcept { return lower(c) || (c >= 'A' && c <= 'Z'); }

const SfParameter* find_in(const std::vector<SfParameter>& all, std::string_view key) noexcept {
  auto found = std::find_if(all.begin(), all.end(), [key](const auto& p) { return p.key == key; });
  return found == all.end() ? nullptr : &*found;
}

class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  bool dictionary(std::vector<SfMember>& out) {
    blanks(" ");
    if (at_end()) return true;
    for (;;) {
      SfMember member;
      if (out.size() == kMostParts || !key(member.key) || !value(member)) return false;
      std::erase_if(out, [&](const auto& m) { return m.key == member.key; });
      out.push_back(std::move(member));
      blanks(" \t");
      if (at_end()) return true;
      if (!take(',')) return false;
      blanks(" \t");
      if (at_end()) return false;
    }
  }

 private:
  bool at_end() const noexcept { return at_ == text_.size(); }
  char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) noexcept { return !at_end() && text_[at_] == c ? (++at_, true) : false; }
  void blanks(std::string_view which) noexcept {
    while (!at_end() && which.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool key(std::string_view& out) noexcept {
    std::size_t begin = at_;
    if (!lower(peek()) && peek() != '*') return false;
    auto part = [](char c) {
      return lower(c) || base::is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
    };
    while (!at_end() && part(text_[at_])) ++at_;
    out = text_.substr(begin, at_ - begin);
    return true;
  }

  bool value(SfMember& out) {
    std::size_t begin = at_;
    if (!take('=')) {  // true
      out.item.value.integer = 1;
      begin = at_;
      if (!parameters(out.item.parameters)) return false;
    } else if (begin = at_; peek() == '(') {
      out.is_list = true;
      if (!inner_list(out.items) || !parameters(out.parameters)) return false;
    } else if (!item(out.item)) {
      return false;
    }
    out.raw = text_.substr(begin, at_ - begin);
    return true;
  }
  bool inner_list(std::vector<SfItem>& out) {
    ++at_;
    for (;;) {
      blanks(" ");
      if (take(')')) return true;
      if (out.size() == kMostParts || !item(out.emplace_back())) return false;
      if (peek() != ' ' && peek() != ')') return false;
    }
  }
  bool item(SfItem& out) {
    std::size_t begin = at_;
    if (!bare(out.value) || !parameters(out.parameters)) return false;
    out.raw = text_.substr(begin, at_ - begin);
    return true;
  }
  bool parameters(std::vector<SfParameter>& out) {
    while (take(';')) {
      blanks(" ");
      SfParameter p;
      if (out.size() == kMostParts || !key(p.key)) return false;
      std::string_view name = p.key;
      p.integer = 1;
      if (take('=') && !bare(p)) return false;
      p.key = name;
      std::erase_if(out, [&](const auto& o) { return o.key == name; });
      out.push_back(std::move(p));
    }
    return true;
  }

  bool bare(SfParameter& out) {
    char c = peek();
    if (c == '-' || base::is_digit(c)) return number(out);
    if (c == '"') return string(out);
    if (c == '*' || alpha(c)) return token(out);
    if (c == ':') return bytes(out);
    if (!take('?')) return false;
    out.kind = SfParameter::Kind::boolean;
    out.integer = peek() == '1';
    return take('0') || take('1');
  }
  bool number(SfParameter& out) {
    std::size_t begin = at_;
    take('-');
    std::size_t first = at_;
    while (base::is_digit(peek())) ++at_;
    std::size_t whole = at_ - first;
    if (whole == 0 || whole > 15) return false;
    out.kind = SfParameter::Kind::integer;
    if (take('.')) {
      std::size_t fraction = at_;
      while (base::is_digit(peek())) ++at_;
      if (at_ == fraction || at_ - fraction > 3 || whole > 12) return false;
      out.kind = SfParameter::Kind::decimal;
      out.text = text_.substr(begin, at_ - begin);
      return true;
    }
    std::from_chars(text_.data() + begin, text_.data() + at_, out.integer);
    return true;
  }
  bool string(SfParameter& out) {
    out.kind = SfParameter::Kind::string;
    ++at_;
    while (!at_end()) {
      char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\') {
        if (peek() != '"' && peek() != '\\') return false;
        c = text_[at_++];
      } else if (c < ' ' || c > '~') {
        return false;
      }
      out.text += c;
    }
    return false;
  }
  bool token(SfParameter& out) {
    out.kind = SfParameter::Kind::token;
    std::size_t begin = at_;
    while (!at_end() && (token_char(text_[at_]) || text_[at_] == ':' || text_[at_] == '/')) ++at_;
    out.text = text_.substr(begin, at_ - begin);
    return true;
  }
  bool bytes(SfParameter& out) {
    out.kind = SfParameter::Kind::bytes;
    std::size_t end = text_.find(':', ++at_);
    if (end == std::string_view::npos) return false;
    auto decoded = base::decode_base64_loosely_padded(text_.substr(at_, end - at_));
    if (!decoded) return false;
    out.text = std::move(*decoded);
    at_ = end + 1;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const SfParameter* SfItem::find(std::string_view key) const noexcept { return find_in(parameters, key); }
const SfParameter* SfMember::find(std::string_view parameter) const noexcept {
  return find_in(is_list ? parameters : item.parameters, parameter);
}

std::optional<std::vector<SfMember>> parse_sf_dictionary(std::string_view text) {
  std::vector<SfMember> out;
  if (!Reader(text).dictionary(out)) return std::nullopt;
  return out;
}

}  // namespace sluice::http
