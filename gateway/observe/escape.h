// SPDX-License-Identifier: Apache-2.0
// Escaping of what clients and targets sent, for the formats of the access log. Writers return the end of
// what they wrote; the caller has room for kEscapedMax bytes per byte of text. On the request path: no
// allocation.
#pragma once
#include <cstddef>
#include <string_view>

namespace sluice::observe {

// What one byte may become: \u00XX.
inline constexpr std::size_t kEscapedMax = 6;

// For the inside of a JSON string, also of a quoted logfmt value: quotes, backslashes and control characters
// escaped (Unicode's invisible ones that terminals and readers obey too), malformed UTF-8 replaced by \ufffd;
// other UTF-8 stays as it is.
char* escape_json(std::string_view text, char* out) noexcept;
// For the combined format, as nginx does it: \xHH for quotes, backslashes and all bytes that are not
// printable ASCII.
char* escape_hex(std::string_view text, char* out) noexcept;
// May a logfmt value stand without quotes?
bool plain_logfmt(std::string_view text) noexcept;

}  // namespace sluice::observe
