// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/cookies.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"

namespace sluice::chain {
namespace {

using http::FieldId;

struct Pair {
  std::string_view name, value;
  std::string_view whole;
};

// The next pair of a Cookie line; false at its end.
bool next_pair(std::string_view& rest, Pair& pair) noexcept {
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view whole = base::trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (whole.empty()) continue;
    std::size_t equals = std::min(whole.find('='), whole.size());
    std::string_view value = whole.substr(std::min(equals + 1, whole.size()));
    pair = {base::trim(whole.substr(0, equals)), base::trim(value), whole};
    return true;
  }
  return false;
}

// The line without the cookies of which `is_meant` holds.
template <class Meant>
std::string_view without(std::string_view line, const Meant& is_meant, base::Arena& arena) {
  char* begin = arena.chars(2 * line.size() + 1);  // `a;b;c` grows by a blank for each
  char* out = begin;
  Pair pair;
  std::size_t kept = 0;
  for (std::string_view rest = line; next_pair(rest, pair);) {
    if (is_meant(pair.name)) continue;
    if (kept++ > 0) out = write_raw(out, "; ");
    out = write_raw(out, pair.whole);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

template <class Meant>
void remove_cookies_if(http::Fields& fields, const Meant& is_meant) {
  for (http::Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::cookie) continue;
    bool has = false;
    Pair pair;
    for (std::string_view rest = line.value; !has && next_pair(rest, pair);) has = is_meant(pair.name);
    if (!has) continue;
    line.value = without(line.value, is_meant, fields.arena());
    line.received = false;
    line.dropped = line.value.empty();
  }
}

}  // namespace

FoundCookie find_cookie(const http::Fields& fields, std::string_view name) noexcept {
  FoundCookie out;
  for (const http::Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::cookie) continue;
    Pair pair;
    for (std::string_view rest = line.value; next_pair(rest, pair);)
      if (pair.name == name && out.count++ == 0) out.value = pair.value;
  }
  return out;
}

std::vector<NamedCookie> cookies_with(const http::Fields& fields, std::string_view prefix, std::size_t most) {
  std::vector<NamedCookie> out;
  for (const http::Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::cookie) continue;
    Pair pair;
    for (std::string_view rest = line.value; out.size() < most && next_pair(rest, pair);) {
      bool known = !pair.name.starts_with(prefix) ||
                   std::ranges::any_of(out, [&](const auto& cookie) { return cookie.name == pair.name; });
      if (!known) out.push_back({pair.name, pair.value});
    }
  }
  return out;
}

void remove_cookie(http::Fields& fields, std::string_view name) {
  remove_cookies_if(fields, [name](std::string_view other) { return other == name; });
}

void remove_cookies_with(http::Fields& fields, std::string_view prefix) {
  remove_cookies_if(fields, [prefix](std::string_view name) { return name.starts_with(prefix); });
}

}  // namespace sluice::chain
