// SPDX-License-Identifier: Apache-2.0
// Escaping: writes a text so that it stays one text where it is put: a header field, a part of a URL, JSON,
// HTML, a structured field. Each function appends to `out` and returns the new end; the caller has made room
// for kWorstEscape bytes per byte of text. Used for everything a client sent that the gateway repeats.
#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/arena.h"

namespace sluice::chain {

inline constexpr std::size_t kWorstEscape = 6;

char* write_raw(char* out, std::string_view text) noexcept;
// Percent triplets decoded (broken ones stay); with `plus`, "+" is a space as in HTML forms. Never longer
// than the text.
char* write_decoded(char* out, std::string_view text, bool plus) noexcept;
// What write_decoded() makes of it: the text itself where nothing in it is encoded, else in the arena.
std::string_view decoded(std::string_view text, bool plus, base::Arena& arena);
// What a name or a value in a query or an HTML form says.
std::string decoded(std::string_view text);
// Everything but unreserved characters as percent triplets (RFC 3986 section 2.3).
char* write_component(char* out, std::string_view text) noexcept;
std::string component(std::string_view text);
// The same of the application/x-www-form-urlencoded percent-encode set of the URL standard, by which "*" stays
// and "~" does not; a space as a triplet too.
std::string form_component(std::string_view text);
// Keeps what is a normalised path, slashes and triplets included, and encodes the rest, so that it can stand
// in a query.
char* write_path_in_query(char* out, std::string_view path) noexcept;
// Control characters as spaces.
char* write_field(char* out, std::string_view text) noexcept;
// Is the value of a field that text, as it is? Where it says who calls, two callers must not become one to the
// upstream.
bool told_by_field(std::string_view text) noexcept;
// The inside of a JSON string (RFC 8259 section 7); what is not UTF-8 becomes U+FFFD.
char* write_json(char* out, std::string_view text) noexcept;
// Text or a quoted attribute of HTML and XML; control characters other than TAB, CR, LF as spaces.
char* write_html(char* out, std::string_view text) noexcept;
// The inside of a structured field's string (RFC 8941 section 3.3.3); what it cannot hold becomes "?".
char* write_sf_string(char* out, std::string_view text) noexcept;

// The value, still encoded, of the first parameter of that name in a query; "a" has the value "" in "a&b=1".
// `name` is compared with the decoded name.
std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name) noexcept;
// Calls `each` for each `name=value` of a query, as it stands there.
template <class Each>
void each_parameter(std::string_view query, Each&& each) {
  while (!query.empty()) {
    std::size_t end = std::min(query.find('&'), query.size());
    each(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}
// The query without the parameters of that name: itself if there are none.
std::string_view without_parameter(std::string_view query, std::string_view name, base::Arena& arena);

}  // namespace sluice::chain
