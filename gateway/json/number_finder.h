// SPDX-License-Identifier: Apache-2.0
// NumberFinder: finds the number at the end of a way of names in JSON that passes by, such as
// `usage.total_tokens`; the last one, if there are several. For who may not hold a body back. It says nothing
// about whether the text is JSON (check() does), and keeps none of it.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::json {

class NumberFinder {
 public:
  static constexpr std::uint64_t kMost = 1'000'000'000'000'000;  // larger ones are taken for this one

  // `names` outlive it. `by_line`: every line is a text of its own, with a word before it or not, as those of
  // server-sent events are.
  NumberFinder(std::span<const std::string> names, bool by_line) noexcept
      : names_(names), by_line_(by_line) {}

  // Takes the next bytes, cut anywhere. Does a number end in them that stands there?
  bool feed(std::string_view bytes) noexcept;
  // The last one that was found. Whole numbers from 0 on; others are passed over.
  std::uint64_t number() const noexcept { return found_; }

 private:
  // Where in a text it is. Objects that lead to the number are the outermost ones, `way` of all `depth` that
  // are open.
  struct Place {
    std::size_t depth = 0, way = 0;
    std::size_t matched = 0;  // bytes of the name that is looked for
    bool in_string = false, escaped = false;
    bool name_next = false;  // a string that begins here is a name
    bool in_name = false;    // of the innermost object of the way
    bool fits = false;       // so far
    bool leads = false;      // the value that comes is that of the name
    bool in_number = false;  // the one that is looked for
    std::uint64_t number = 0;
    bool on_way() const noexcept { return depth == way; }
  };
  void in_string(char c) noexcept;
  void outside(char c) noexcept;
  void open(bool object) noexcept;
  void digit(char c) noexcept;
  void end_number() noexcept;

  std::span<const std::string> names_;
  bool by_line_;
  Place at_;
  bool is_new_ = false;
  std::uint64_t found_ = 0;
};

}  // namespace sluice::json
