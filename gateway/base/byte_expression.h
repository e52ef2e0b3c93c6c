// SPDX-License-Identifier: Apache-2.0
// Regular expressions over texts that clients send and that need not be UTF-8. They see bytes, and `.` is any
// of them, line ends too: otherwise one byte that makes no character would keep `.*` from matching, and a
// client could choose which conditions it meets.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <re2/re2.h>

namespace sluice::base {

// They log nothing and take at most `memory`; beyond it RE2 gets slower, still linear.
re2::RE2::Options byte_expression(std::int64_t memory);

// What an expression says about one character that is several bytes: one of a class, or a repeated one. ""
// if nothing. Such characters in a row match themselves.
std::string refuse_wide_characters(std::string_view expression);

}  // namespace sluice::base
