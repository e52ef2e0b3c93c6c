// SPDX-License-Identifier: Apache-2.0
// The names of field_names.def arranged for looking up a received name in a few instructions: a table without
// collisions, made at compile time. Private to fields.cc and the parser; everybody else calls field_id().
#pragma once
#include <array>
#include <string_view>

#include "gateway/http/block.h"
#include "gateway/http/fields.h"

namespace sluice::http {

inline constexpr std::string_view kFieldNames[] = {
    "",
#define FIELD_NAME(id, text) text,
#include "gateway/http/field_names.def"
#undef FIELD_NAME
};
static_assert(std::size(kFieldNames) <= 64, "Fields keeps one bit per name in a 64-bit word");

// A known name prepared for a comparison that ignores case: the bits of `care` must be those of `text`, which
// are all but 0x20 for letters and all for the rest, so that "\r" never passes for "-"; none behind the name.
struct KnownName {
  static constexpr std::size_t kLongest = 24;
  alignas(64) char text[kLongest] = {};
  std::uint8_t length = 0;
  FieldId id = FieldId::other;
  alignas(16) char care[kLongest] = {};
};

class FieldTable {
 public:
  constexpr FieldTable() {
    Keys keys{};
    for (std::size_t i = 1; i < std::size(kFieldNames); ++i) {
      std::string_view name = kFieldNames[i];
      keys[i - 1] = ending(name.data(), name.size()) + static_cast<std::uint32_t>(name.size());
    }
    while (!apart(keys)) factor_ = factor_ * 1664525U + 1013904223U;
    fill();
  }

  // `first` holds the first sixteen bytes of the name, whatever follows it.
  FieldId find(Block first, const char* name, std::size_t length) const noexcept {
    if (length < 2) return FieldId::other;
    return find(first, name, length, ending(name, length));
  }
  // The same for a name in the middle of a head, with an end of line before it.
  FieldId find_in_head(Block first, const char* name, std::size_t length) const noexcept {
    std::uint32_t end;
    std::memcpy(&end, name + length - 4, 4);
    return find(first, name, length, little(end) | kLower);
  }

 private:
  static constexpr std::size_t kSlots = 256;
  using Keys = std::array<std::uint32_t, std::size(kFieldNames) - 1>;  // what slot() multiplies
  static constexpr std::uint32_t byte(char c) noexcept { return static_cast<unsigned char>(c); }

  static constexpr std::uint32_t kLower = 0x20202020;
  static constexpr std::uint32_t little(std::uint32_t word) noexcept {
    return std::endian::native == std::endian::little ? word : __builtin_bswap32(word);
  }

  FieldId find(Block first, const char* name, std::size_t length, std::uint32_t end) const noexcept {
    const KnownName& known = slots_[slot(end, length)];
    FieldId id = known.id;
    if (known.length != length) return FieldId::other;
    Block differs = (first ^ load(known.text)) & load(known.care);
    if (bits(equal(differs, 0)) != 0xFFFF) return FieldId::other;
    if (length > 16 && !same_word(name, known, length - 8)) return FieldId::other;
    return id;
  }

  // The last four bytes in lower case, with the line end before it if the name is shorter: together with the
  // length they tell all names apart.
  static constexpr std::uint32_t ending(const char* name, std::size_t n) noexcept {
    if (n < 4) {
      std::uint32_t word = n == 3 ? byte('\n') | byte(name[0]) << 8 : byte('\r') | byte('\n') << 8;
      return (word | byte(name[n - 2]) << 16 | byte(name[n - 1]) << 24) | kLower;
    }
    const char* p = name + n - 4;
    std::uint32_t word = byte(p[0]) | byte(p[1]) << 8 | byte(p[2]) << 16 | byte(p[3]) << 24;  // one load
    return word | kLower;
  }
  constexpr std::size_t slot(std::uint32_t end, std::size_t length) const noexcept {
    return ((end + static_cast<std::uint32_t>(length)) * factor_) >> 24;
  }
  static bool same_word(const char* name, const KnownName& known, std::size_t at) noexcept {
    std::uint64_t a, b, care;
    std::memcpy(&a, name + at, 8);
    std::memcpy(&b, known.text + at, 8);
    std::memcpy(&care, known.care + at, 8);
    return ((a ^ b) & care) == 0;
  }
  // False if two names fall into one slot. Any factor without collisions will do, so a new row in
  // field_names.def needs no care; were there none, the compiler would stop at its limit of steps.
  constexpr bool apart(const Keys& keys) const {
    std::array<bool, kSlots> taken{};
    for (std::uint32_t key : keys) {
      bool& there = taken[(key * factor_) >> 24];
      if (there) return false;
      there = true;
    }
    return true;
  }
  constexpr void fill() {
    for (std::size_t i = 1; i < std::size(kFieldNames); ++i) {
      std::string_view name = kFieldNames[i];
      KnownName& known = slots_[slot(ending(name.data(), name.size()), name.size())];
      known.length = static_cast<std::uint8_t>(name.size());
      known.id = static_cast<FieldId>(i);
      for (std::size_t j = 0; j < name.size(); ++j) {
        bool letter = (name[j] >= 'A' && name[j] <= 'Z') || (name[j] >= 'a' && name[j] <= 'z');
        known.text[j] = name[j];
        known.care[j] = static_cast<char>(letter ? ~0x20 : ~0);
      }
    }
  }

  std::array<KnownName, kSlots> slots_{};
  std::uint32_t factor_ = 0x9E3779B1U;
};

inline constexpr FieldTable kFieldTable;

}  // namespace sluice::http
