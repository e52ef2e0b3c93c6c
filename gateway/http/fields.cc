// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/fields.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

constexpr std::string_view kNames[] = {
    "",
#define FIELD_NAME(id, text) text,
#include "gateway/http/field_names.def"
#undef FIELD_NAME
};
static_assert(std::size(kNames) <= 64, "Fields keeps one bit per name in a 64-bit word");

constexpr std::size_t kLongestName = 24;
constexpr std::size_t kSlots = 256;

// A known name prepared for a comparison that ignores case: a byte may differ from `text` in the bits of
// `fold`, which is 0x20 for letters and 0 for all else, so that "\r" never passes for "-".
struct KnownName {
  std::uint8_t length = 0;
  char text[kLongestName] = {};
  char fold[kLongestName] = {};
};

constexpr std::uint64_t folded(char c) { return static_cast<unsigned char>(c) | 0x20U; }

// Length and four letters of the name, mixed. Any `factor` without collisions will do; it is searched at
// compile time, so a new row in field_names.def needs no care.
constexpr std::size_t slot(std::string_view name, std::uint64_t factor) {
  std::size_t n = name.size();
  std::uint64_t letters =
      folded(name[0]) | folded(name[n / 2]) << 8 | folded(name[n - 2]) << 16 | folded(name[n - 1]) << 24;
  return ((letters | std::uint64_t{n} << 32) * factor) >> 56;
}

constexpr bool collides(std::uint64_t factor) {
  bool taken[kSlots] = {};
  for (std::size_t i = 1; i < std::size(kNames); ++i) {
    bool& t = taken[slot(kNames[i], factor)];
    if (t) return true;
    t = true;
  }
  return false;
}

constexpr std::uint64_t find_factor() {
  std::uint64_t factor = 0x9E3779B97F4A7C15U;
  for (int tries = 0; collides(factor); ++tries) {
    if (tries == 5000) return 0;
    factor = factor * 6364136223846793005U + 1442695040888963407U;
  }
  return factor;
}

constexpr std::uint64_t kFactor = find_factor();
static_assert(kFactor != 0, "no collision-free factor: mix more letters in slot()");

struct NameTable {
  std::array<FieldId, kSlots> at{};  // by slot
  std::array<KnownName, std::size(kNames)> names{};
};

constexpr NameTable make_table() {
  NameTable table;
  for (std::size_t i = 1; i < std::size(kNames); ++i) {
    table.at[slot(kNames[i], kFactor)] = static_cast<FieldId>(i);
    KnownName& k = table.names[i];
    k.length = static_cast<std::uint8_t>(kNames[i].size());
    for (std::size_t j = 0; j < kNames[i].size(); ++j) {
      char c = kNames[i][j];
      bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      k.text[j] = c;
      k.fold[j] = letter ? 0x20 : 0;
    }
  }
  return table;
}

constexpr NameTable kTable = make_table();

template <class Word>
bool same(const char* name, const KnownName& known, std::size_t at) noexcept {
  Word a, b, fold;
  std::memcpy(&a, name + at, sizeof(Word));
  std::memcpy(&b, known.text + at, sizeof(Word));
  std::memcpy(&fold, known.fold + at, sizeof(Word));
  return ((a ^ b) & static_cast<Word>(~fold)) == 0;
}

// Words that overlap at the end instead of a loop over the rest.
bool same_name(std::string_view name, const KnownName& known) noexcept {
  std::size_t n = name.size();
  if (n != known.length) return false;
  const char* p = name.data();
  if (n >= 8) {
    for (std::size_t at = 0; at + 8 <= n; at += 8)
      if (!same<std::uint64_t>(p, known, at)) return false;
    return same<std::uint64_t>(p, known, n - 8);
  }
  if (n >= 4) return same<std::uint32_t>(p, known, 0) && same<std::uint32_t>(p, known, n - 4);
  return same<std::uint16_t>(p, known, 0) && same<std::uint8_t>(p, known, n - 1);
}

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
  return id != FieldId::other || base::equal_ignoring_case(f.name, name);
}

}  // namespace

std::string_view field_name(FieldId id) noexcept { return kNames[static_cast<std::size_t>(id)]; }

FieldId field_id(std::string_view name) noexcept {
  if (name.size() < 2 || name.size() > kLongestName) return FieldId::other;
  FieldId id = kTable.at[slot(name, kFactor)];
  return same_name(name, kTable.names[static_cast<std::size_t>(id)]) ? id : FieldId::other;
}

bool token_char(char c) noexcept { return kToken[static_cast<unsigned char>(c)]; }

bool valid_field_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), token_char);
}

bool valid_field_value(std::string_view value) noexcept {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (value.empty()) return true;
  if (blank(value.front()) || blank(value.back())) return false;
  return !has_control(value);
}

bool has_control(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kHigh = 0x8080808080808080U;
  const char* p = text.data();
  std::size_t n = text.size();
  // Eight bytes at a time: a borrow out of (byte - 0x20) marks a control, also a TAB, which the loop then
  // allows.
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t w;
    std::memcpy(&w, p, 8);
    std::uint64_t below_space = (w - kOnes * 0x20) & ~w & kHigh;
    std::uint64_t del = ((w ^ (kOnes * 0x7F)) - kOnes) & ~(w ^ (kOnes * 0x7F)) & kHigh;
    if ((below_space | del) != 0) break;
  }
  return std::any_of(p, p + n,
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

const Field* Fields::find(FieldId id) const noexcept {
  if (id == FieldId::other || !may_have(field_set(id))) return nullptr;
  for (const Field& f : lines())
    if (f.id == id && !f.dropped) return &f;
  return nullptr;
}

const Field* Fields::find(std::string_view name) const noexcept {
  FieldId id = field_id(name);
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

void Fields::remove(std::string_view name) noexcept {
  FieldId id = field_id(name);
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

void Fields::set_line(FieldId id, std::string_view name, std::string_view value) {
  bool written = false;
  if (may_have(field_set(id))) {
    for (Field& f : lines()) {
      if (!matches(f, id, name)) continue;
      if (written) {
        f.dropped = true;
      } else {
        f.value = value;
        f.received = false;
        written = true;
      }
    }
  }
  if (!written) push({name, value, id, false, false});
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
