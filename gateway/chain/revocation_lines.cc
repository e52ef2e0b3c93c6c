// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/revocation_lines.h"

#include <charconv>

#include "gateway/stores/state_lines.h"

namespace sluice::chain {
namespace {

bool moment(std::string_view text, base::WallTime& out) {
  base::Duration::rep count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  out = base::WallTime(base::Duration(count));
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void write_revocation(std::string& to, const Revocation& revocation) {
  std::string line;
  for (const auto* text : {&revocation.issuer, &revocation.jti, &revocation.sub}) {
    stores::append_part(line, *text);
    line.push_back('\t');
  }
  line += std::to_string(revocation.before.time_since_epoch().count());
  line += '\t';
  line += std::to_string(revocation.until.time_since_epoch().count());
  stores::append_line(to, line);
}

std::string write_revocations(const std::vector<Revocation>& revocations) {
  std::string out(kRevocationsHeader);
  for (const auto& r : revocations) write_revocation(out, r);
  return out;
}

RevocationLines read_revocations(std::string_view text) {
  RevocationLines out;
  out.damaged = stores::read_lines(text, kRevocationsHeader, [&out](std::string_view rest) {
    Revocation r;
    for (auto* part : {&r.issuer, &r.jti, &r.sub}) *part = stores::part_text(stores::take_until(rest, '\t'));
    bool good = moment(stores::take_until(rest, '\t'), r.before) && moment(rest, r.until);
    if (good) out.revocations.push_back(std::move(r));
    return good;
  });
  return out;
}

}  // namespace sluice::chain
