// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/target_changes.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/stores/state_lines.h"

namespace sluice::server {
namespace {

constexpr std::string_view kChangesHeader = "sluice targets 1\n";

}  // namespace

std::string write_target_changes(const upstream::SaidOfTargets& all) {
  std::string out(kChangesHeader);
  all.each([&](const std::string& upstream, const std::string& target, const upstream::Said& said) {
    std::string line;
    stores::append_part(line, upstream);
    line += '\t';
    stores::append_part(line, target);
    stores::append_line(out, line + fmt::format("\t{}\t{}", said.weight.value_or(0), said.drained ? 1 : 0));
  });
  return out;
}

void apply_target_changes(std::string_view text, Upstreams upstreams, upstream::SaidOfTargets& all) {
  stores::read_lines(text, kChangesHeader, [&](std::string_view rest) {
    auto upstream = stores::part_text(stores::take_until(rest, '\t'));
    auto name = stores::part_text(stores::take_until(rest, '\t'));
    auto weight = base::parse_decimal(stores::take_until(rest, '\t'));
    if (!weight || (rest != "0" && rest != "1")) return false;
    upstream::Said said{{}, rest == "1"};
    if (*weight > 0) said.weight = static_cast<std::uint32_t>(*weight);
    all.say(upstream, name, said);
    return true;
  });
  for (const auto& u : upstreams)
    for (const auto& shown : u->shown())
      if (shown.target && !shown.draining) all.recall(shown.target);
}

}  // namespace sluice::server
