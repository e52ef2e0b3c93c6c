// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/quotas_page.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"
#include "gateway/admin/query.h"

namespace sluice::admin {

QuotaQuery quota_query_of(std::string_view query) {
  QuotaQuery out;
  each_decoded(query, [&](const std::string& name, const std::string& value) {
    std::string* text = name == "policy" ? &out.policy : name == "key" ? &out.key : nullptr;
    if (!out.fault.empty()) return;
    if (!text) {
      out.fault = "There is no parameter `" + name + "`; those known are policy and key.";
    } else if (value.empty() || !text->empty()) {
      out.fault = "The parameter `" + name + (value.empty() ? "` is empty." : "` is there twice.");
    } else {
      *text = value;
    }
  });
  if (out.fault.empty() && out.policy.empty() && !out.key.empty())
    out.fault = "The parameter `policy` is missing: whose key?";
  return out;
}

std::string quotas_page(const std::vector<QuotaReport>& reports) {
  std::string out;
  for (const QuotaReport& r : reports) {
    std::string tiers, uses;
    for (const auto& t : r.tiers)
      tiers += fmt::format("{}{{\"tier\":{},\"limits\":{}}}", tiers.empty() ? "" : ",",
                           t.name.empty() ? "null" : json_text(t.name), json_text(t.limits));
    for (const auto& u : r.uses)
      uses += fmt::format("{}{{\"key\":{},\"unit\":{},\"period\":{},\"used\":{},\"begin\":{},\"end\":{}}}",
                          uses.empty() ? "\n   " : ",\n   ", json_text(u.key), json_text(u.unit),
                          json_text(u.period), u.used, json_text(u.begin), json_text(u.end));
    out += fmt::format(
        "{}{{\"policy\":{},\"store\":{},\"time_zone\":{},\"tiers\":[{}],\"note\":{},\"used\":[{}]}}",
        out.empty() ? "\n  " : ",\n  ", json_text(r.policy), json_text(r.store), json_text(r.time_zone),
        tiers, r.note.empty() ? "null" : json_text(r.note), uses);
  }
  return "{\"quotas\":[" + out + "]}\n";
}

}  // namespace sluice::admin
