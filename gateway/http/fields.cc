// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/fields.h"

#include <algorithm>
#include <array>
#include <memory>

#include "gateway/base/strings.h"
#include "gateway/http/block.h"
#include "gateway/http/field_table.h"

namespace sluice::http {
namespace {

constexpr std::array<bool, 256> make_tokens() {
  std::array<bool, 256> t{};
  for (char c = '0'; c <= '9'; ++c) t[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c)
    t[static_cast<unsigned char>(c)] = t[static_cast<unsigned char>(c - 32)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) t[static_cast<unsigned char>(c)] = true;
  return t;
}
constexpr std::array<bool, 256> kToken = make_tokens();

bool matches(const Field& f, FieldId id, std::string_view name) noexcept {
  if (f.dropped || f.id != id) return false;
  // Names differ in length mostly, which is seen without a call.
  return id != FieldId::other || (f.name.size() == name.size() && base::equal_ignoring_case(f.name, name));
}

}  // namespace

std::string_view field_name(FieldId id) noexcept { return kFieldNames[static_cast<std::size_t>(id)]; }

FieldId field_id(std::string_view name) noexcept {
  std::size_t n = name.size();
  if (n > KnownName::kLongest) return FieldId::other;
  Block first = n < kBlock ? load_part(name.data(), n) : load(name.data());
  return kFieldTable.find(first, name.data(), n);
}

bool token_char(char c) noexcept { return kToken[static_cast<unsigned char>(c)]; }

bool plain_field_name(std::string_view name) noexcept {
  const char *begin = name.data(), *end = begin + name.size();
  return begin != end &&
         find_first(begin, end, [](Block v) { return ~(letter_or_digit(v) | equal(v, '-')); }) == end;
}

bool valid_field_name(std::string_view name) noexcept {
  return plain_field_name(name) || (!name.empty() && std::all_of(name.begin(), name.end(), token_char));
}

bool lookalike(std::string_view name, std::string_view other) noexcept {
  auto same = [](char a, char b) { return cgi_char(a) == cgi_char(b); };
  return name.size() == other.size() && std::equal(name.begin(), name.end(), other.begin(), same) &&
         !base::equal_ignoring_case(name, other);
}

bool valid_field_value(std::string_view value) noexcept {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (value.empty()) return true;
  if (blank(value.front()) || blank(value.back())) return false;
  return !has_control_but_tab(value);
}

bool has_control_but_tab(std::string_view text) noexcept {
  const char* end = text.data() + text.size();
  return find_first(text.data(), end, [](Block v) { return control(v); }) != end;
}

const Field* Fields::find_line(FieldId id) const noexcept {
  for (const Field& f : lines())
    if (f.id == id && !f.dropped) return &f;
  return nullptr;
}

const Field* Fields::find(FieldId id, std::string_view name) const noexcept {
  if (!may_have(field_set(id))) return nullptr;
  for (const Field& f : lines())
    if (matches(f, id, name)) return &f;
  return nullptr;
}

std::size_t Fields::count(FieldId id) const noexcept {
  if (!may_have(field_set(id))) return 0;
  auto all = lines();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [id](const Field& f) { return f.id == id && !f.dropped; }));
}

void Fields::remove(FieldId id) noexcept {
  if (id != FieldId::other) remove_all(field_set(id));
}

void Fields::remove(FieldId id, std::string_view name) noexcept {
  if (lookalikes_) [[unlikely]]
    drop_lookalikes(name);
  if (id != FieldId::other) return remove(id);
  for (Field& f : lines())
    if (matches(f, id, name)) f.dropped = true;
}

void Fields::remove_all(FieldSet ids) noexcept {
  if (!may_have(ids)) return;
  for (Field& f : lines())
    if ((field_set(f.id) & ids) != 0) f.dropped = true;
  present_ &= ~ids;
}

void Fields::set_line(FieldId id, std::string_view name, std::string_view value, bool named) {
  bool written = false;
  if (may_have(field_set(id))) {
    for (Field& f : lines()) {
      if (!matches(f, id, name)) continue;
      if (written) {
        f.dropped = true;
      } else {
        f.value = value;
        f.named = f.named || f.received;  // the parser has looked at it
        f.received = false;
        written = true;
      }
    }
  }
  if (!written) push({name, value, id, false, false, named});
  if (lookalikes_) [[unlikely]]
    drop_lookalikes(name);
}

void Fields::beware_of_lookalikes() noexcept {
  lookalikes_ = true;
  for (Field& f : lines()) {
    char name[KnownName::kLongest];
    if (f.id != FieldId::other || f.name.size() > sizeof name) continue;
    std::transform(f.name.begin(), f.name.end(), name, cgi_char);
    if (field_id({name, f.name.size()}) != FieldId::other) f.dropped = true;
  }
}

void Fields::add_all(const Fields& from) {
  bool plain = true;
  for (const Field& f : from.lines()) {
    if (f.dropped) continue;
    add(f.name, f.value);
    plain = plain && (f.id != FieldId::other || plain_field_name(f.name));
  }
  if (!plain) beware_of_lookalikes();
}

void Fields::drop_lookalikes(std::string_view name) noexcept {
  for (Field& f : lines())
    if (f.id == FieldId::other && lookalike(f.name, name)) f.dropped = true;
}

// Twenty lines suit an ordinary request with what filters add to it, and leave most of the arena's first
// block.
void Fields::grow() {
  std::uint32_t capacity = capacity_ == 0 ? 20 : 2 * capacity_;
  // Not Arena::array: it would write every line that may never be used.
  auto* bigger = static_cast<Field*>(arena_->allocate(capacity * sizeof(Field), alignof(Field)));
  std::uninitialized_copy(lines_, lines_ + size_, bigger);
  lines_ = bigger;
  capacity_ = capacity;
}

}  // namespace sluice::http
