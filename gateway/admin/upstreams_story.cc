// SPDX-License-Identifier: Apache-2.0
// The targets of upstreams for people at a terminal: a table of how they stand, or what became of each lately.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/admin/json.h"
#include "gateway/admin/upstreams_page.h"

namespace sluice::admin {
namespace {

constexpr std::size_t kColumns = 6, kTexts = 3;  // the first ones are texts, the others numbers
using Row = std::array<std::string, kColumns>;

Row row_of(const std::string& upstream, const TargetReport& t) {
  return {plain(upstream),          plain(t.target),          std::string(upstream::name(t.state)),
          std::to_string(t.weight), std::to_string(t.active), std::to_string(t.connections)};
}

std::string line(const Row& row, const std::array<std::size_t, kColumns>& width, std::string_view remark) {
  std::string out;
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (i > 0) out += "  ";
    out += i < kTexts ? fmt::format("{:<{}}", row[i], width[i]) : fmt::format("{:>{}}", row[i], width[i]);
  }
  if (!remark.empty()) out.append("  ").append(remark);
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string story_of(const upstream::TargetChange& change) {
  std::string time = json_time(change.when);
  std::erase(time, '"');
  return fmt::format("  {}  {} -> {}: {}\n", time, upstream::name(change.from), upstream::name(change.state),
                     plain(change.cause));
}

// The newest change first: it is what somebody looks for.
std::string story_of(const std::string& upstream, const TargetReport& t) {
  std::string out = fmt::format("{} {}: {}\n", plain(upstream), plain(t.target), upstream::name(t.state));
  if (t.state != upstream::ServiceState::healthy) out += fmt::format("  because {}\n", plain(t.why_not));
  if (!t.disagreement.empty()) out += fmt::format("  probe disagrees: {}\n", plain(t.disagreement));
  for (auto it = t.changes.rbegin(); it != t.changes.rend(); ++it) out += story_of(*it);
  if (t.changes.empty()) out += "  nothing has changed\n";
  return out;
}

std::string told_without_targets(const std::string& upstream) {
  return plain(upstream) + ": there are no targets\n";
}

}  // namespace

std::string upstreams_table(const UpstreamsReport& report) {
  std::vector<Row> rows = {{"upstream", "target", "state", "weight", "active", "connections"}};
  std::vector<std::string_view> remarks = {""};
  std::string rest;
  for (const auto& u : report.upstreams) {
    if (u.targets.empty()) rest += told_without_targets(u.name);
    for (const auto& t : u.targets) {
      rows.push_back(row_of(u.name, t));
      remarks.push_back(t.disagreement.empty() ? "" : "probe disagrees");
    }
  }
  std::array<std::size_t, kColumns> width{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < kColumns; ++i) width[i] = std::max(width[i], row[i].size());
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) out += line(rows[i], width, remarks[i]);
  return out + rest;
}

std::string upstreams_story(const UpstreamsReport& report) {
  std::string out;
  for (const auto& u : report.upstreams) {
    if (u.targets.empty()) out += told_without_targets(u.name);
    for (const auto& t : u.targets) out += story_of(u.name, t);
  }
  return out;
}

}  // namespace sluice::admin
