// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/overload_config.h"

#include "gateway/config/amounts.h"

namespace sluice::server {

using config::Complaint;
using config::Refusal;

namespace {

// Less than what a gateway with a handful of routes takes for itself would refuse everything.
constexpr config::Size kLeast{32 << 20};
// Ticks come every tenth of a second.
constexpr config::Duration kLeastLag = std::chrono::milliseconds(10);

}  // namespace

void describe(config::Text<MemoryLimit>& t) {
  t.about("memory limit", "auto, off or a size such as 1GiB").example("1GiB");
  t.pattern("^(auto|off|[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB|TiB))$");
  t.read([](std::string_view text, MemoryLimit& out) -> Refusal {
    if (text == "auto" || text == "off") {
      out.kind = text == "off" ? MemoryLimit::Kind::off : MemoryLimit::Kind::automatic;
      return {};
    }
    if (auto refusal = config::parse_size(text, out.size)) return refusal;
    if (out.size < kLeast) return Complaint{"it must be at least " + config::to_text(kLeast), {}};
    out.kind = MemoryLimit::Kind::bytes;
    return {};
  });
  t.write([](const MemoryLimit& m) -> std::string {
    if (m.kind == MemoryLimit::Kind::automatic) return "auto";
    return m.kind == MemoryLimit::Kind::off ? "off" : config::to_text(m.size);
  });
}

void describe(config::Text<LagLimit>& t) {
  t.about("lag limit", "off or a time such as 200ms").example("200ms");
  t.pattern("^(off|[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d))$");
  t.read([](std::string_view text, LagLimit& out) -> Refusal {
    if (text == "off") {
      out.after = {};
      return {};
    }
    if (auto refusal = config::parse_duration(text, out.after)) return refusal;
    if (out.after < kLeastLag) return Complaint{"it must be at least " + config::to_text(kLeastLag), {}};
    return {};
  });
  t.write([](const LagLimit& l) { return l.after.count() == 0 ? "off" : config::to_text(l.after); });
}

void describe(config::Description<OverloadConfig>& d) {
  using namespace config;
  d.about(
      "overload",
      "When the gateway itself is short of memory or of time, requests of low `importance` are refused with "
      "503 and the reason `shed`, then all but critical ones.");
  d.field(
      "memory_limit", &OverloadConfig::memory_limit,
      "The memory that the process may take. From 85% of it on requests of low importance are refused, from "
      "92% on all but critical ones; at 97% no connection is accepted, and exchanges are cut. `auto` is the "
      "limit of the process's cgroup; where that has none there is none.");
  d.field("lag", &OverloadConfig::lag,
          "How late a worker's ticks may come, several times in a row, before it refuses requests of low "
          "importance; five times as late all but critical ones.");
}

}  // namespace sluice::server
