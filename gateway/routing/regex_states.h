// SPDX-License-Identifier: Apache-2.0
// RegexStates: an expression over paths as a machine of states, and whether two of them have a path in
// common. RE2 matches in linear time but answers no such question. Used where a route table is built, to tell
// routes that tie from routes that do not; never by a lookup.
#pragma once
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::routing {

// ASCII: a normal path has nothing else.
using ByteSet = std::bitset<128>;

class RegexStates {
 public:
  // The states of an expression that RE2 has compiled (as Latin-1), anchored at both ends. nullopt for what
  // is not known here (word boundaries, anchors in the middle, classes of Unicode) and for what takes too
  // many.
  static std::optional<RegexStates> of(std::string_view expression);

  std::size_t size() const noexcept { return states_.size(); }
  // With what every match ends, as far as that is written without a choice: "" says nothing.
  const std::string& tail() const noexcept { return tail_; }

 private:
  friend class RegexCompiler;
  friend class CommonPath;

  struct State {
    enum class Kind : std::uint8_t { byte, split, end } kind = Kind::end;
    std::uint32_t set = 0;  // of Kind::byte: index into sets_
    std::uint32_t next = 0;
    std::uint32_t other = 0;  // of Kind::split
  };

  std::vector<State> states_;
  std::vector<ByteSet> sets_;
  std::uint32_t start_ = 0;
  std::string tail_;
};

struct Overlap {
  enum class Verdict : std::uint8_t { none, some, unknown } verdict = Verdict::none;
  std::string path;  // of Verdict::some: one that both match, as short as one is found
};
// Takes at most `steps` steps, and these from it; unknown where they do not suffice.
Overlap overlap(const RegexStates& a, const RegexStates& b, std::size_t& steps);

}  // namespace sluice::routing
