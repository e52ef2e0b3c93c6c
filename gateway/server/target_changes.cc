// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/target_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/log.h"
#include "gateway/base/strings.h"
#include "gateway/stores/state_lines.h"

namespace sluice::server {
namespace {

constexpr std::string_view kChangesHeader = "sluice targets 1\n";

upstream::Target* find(Upstreams upstreams, std::string_view upstream, std::string_view target) {
  for (const auto& u : upstreams) {
    if (u->name() != upstream) continue;
    for (const auto& shown : u->shown())
      if (shown.target && !shown.draining && shown.text == target) return shown.target.get();
  }
  return nullptr;
}

}  // namespace

std::string write_target_changes(Upstreams upstreams) {
  std::string out(kChangesHeader);
  for (const auto& u : upstreams)
    for (const auto& shown : u->shown()) {
      if (!shown.target || shown.draining) continue;
      auto weight = shown.target->weight();
      bool drained = shown.target->drained();
      if (!weight && !drained) continue;
      std::string line;
      stores::append_part(line, u->name());
      line += '\t';
      stores::append_part(line, shown.text);
      stores::append_line(out, line + fmt::format("\t{}\t{}", weight.value_or(0), drained ? 1 : 0));
    }
  return out;
}

void apply_target_changes(std::string_view text, Upstreams upstreams) {
  stores::read_lines(text, kChangesHeader, [&](std::string_view rest) {
    auto upstream = stores::part_text(stores::take_until(rest, '\t'));
    auto name = stores::part_text(stores::take_until(rest, '\t'));
    auto weight = base::parse_decimal(stores::take_until(rest, '\t'));
    if (!weight || (rest != "0" && rest != "1")) return false;
    auto* target = find(upstreams, upstream, name);
    if (!target) {
      base::log(base::Level::warning, fmt::format("upstream {} has no target {} any more: what was said of "
                                                  "it is forgotten",
                                                  upstream, name));
      return true;
    }
    if (*weight > 0) target->set_weight(static_cast<std::uint32_t>(*weight));
    if (rest == "1") target->drain(true);
    return true;
  });
}

}  // namespace sluice::server
