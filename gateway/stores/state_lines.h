// SPDX-License-Identifier: Apache-2.0
// Lines of the files that keep what has to outlive restarts: parts with tabs between them, behind a checksum,
// so that damage is noticed. Pure.
//
//   <header>
//   <checksum> <part> TAB <part> ...
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::stores {

// A part that may hold any bytes.
void append_part(std::string& to, std::string_view text);
std::string part_text(std::string_view written);

// Takes off what stands before the next `end`, or all.
std::string_view take_until(std::string_view& text, char end);

// The line without its checksum is `line`.
void append_line(std::string& to, std::string_view line);

// Calls `read` with each line, without its checksum, in which that is right; it says whether it understands
// the line. Returns the numbers, from 1, of those that are damaged. A last line that was not written to its
// end is no damage: whoever wrote it was interrupted.
std::vector<std::size_t> read_lines(std::string_view text, std::string_view header,
                                    const std::function<bool(std::string_view line)>& read);

}  // namespace sluice::stores
