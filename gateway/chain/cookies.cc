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

// The line without the cookies of that name.
std::string_view without(std::string_view line, std::string_view name, base::Arena& arena) {
  char* begin = arena.chars(2 * line.size() + 1);  // `a;b;c` grows by a blank for each
  char* out = begin;
  Pair pair;
  std::size_t kept = 0;
  for (std::string_view rest = line; next_pair(rest, pair);) {
    if (pair.name == name) continue;
    if (kept++ > 0) out = write_raw(out, "; ");
    out = write_raw(out, pair.whole);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
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

std::vector<std::string_view> cookies_with(const http::Fields& fields, std::string_view prefix) {
  std::vector<std::string_view> out;
  for (const http::Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::cookie) continue;
    Pair pair;
    for (std::string_view rest = line.value; next_pair(rest, pair);)
      if (pair.name.starts_with(prefix)) out.push_back(pair.name);
  }
  return out;
}

void remove_cookie(http::Fields& fields, std::string_view name) {
  for (http::Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::cookie) continue;
    bool has = false;
    Pair pair;
    for (std::string_view rest = line.value; next_pair(rest, pair);) has |= pair.name == name;
    if (!has) continue;
    line.value = without(line.value, name, fields.arena());
    line.received = false;
    line.dropped = line.value.empty();
  }
}

}  // namespace sluice::chain
