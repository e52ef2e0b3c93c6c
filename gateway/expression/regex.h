// SPDX-License-Identifier: Apache-2.0
// How RE2 takes expressions that an operator wrote: in silence, as what is wrong with them is told elsewhere,
// and in bounded memory.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <re2/re2.h>

namespace sluice::expression {

// Bounds the program of an expression and the states that RE2 caches; beyond it RE2 gets slower, still
// linear.
inline constexpr std::int64_t kRegexMemory = 1 << 20;
// Of a set of many, or one that nothing is matched with while requests wait.
inline constexpr std::int64_t kLargeRegexMemory = 8 << 20;

// `encoding`: Latin1 for what is bytes, or ASCII such as a normalised path.
re2::RE2::Options regex_options(re2::RE2::Options::Encoding encoding, std::int64_t memory = kRegexMemory);

// For texts that clients send and that need not be UTF-8: bytes, and `.` is any of them, line ends too. Otherwise
// one byte that makes no character would keep `.*` from matching, and a client could choose which conditions
// it meets.
re2::RE2::Options byte_options(std::int64_t memory = kRegexMemory);

// What an expression over bytes says about one character that is several of them: one of a class, or a
// repeated one. "" if nothing. Such characters in a row match themselves.
std::string refuse_wide_characters(std::string_view expression);

// An expression that passed it, so that what ignores case does so with letters of ASCII: RE2 takes the bytes of
// other characters for letters of Latin-1.
std::string folding_ascii_alone(std::string_view expression);

}  // namespace sluice::expression
