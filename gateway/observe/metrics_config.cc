// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/metrics_config.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"

namespace sluice::observe {
namespace {

bool has_label(const FamilyRow& family, std::string_view label) {
  return std::find(family.labels.begin(), family.labels.end(), label) != family.labels.end();
}

// Prometheus' own rule, less the names that begin with "__".
bool label_name(std::string_view name) {
  auto letter = [](char c) { return (base::lower(c) >= 'a' && base::lower(c) <= 'z') || c == '_'; };
  auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), inner) &&
         !name.starts_with("__") && name != "le";
}

void check_labels(const FamilyRow& family, const FamilyConfig& config, const std::string& path,
                  const config::Site& at) {
  auto unknown = [&](std::string_view label, const std::string& where) {
    at.error(where, std::string(family.name) + " has no label " + std::string(label),
             config::did_you_mean(base::nearest(label, family.labels)));
  };
  for (std::size_t i = 0; i < config.drop.size(); ++i)
    if (!has_label(family, config.drop[i]))
      unknown(config.drop[i], path + ".drop[" + std::to_string(i) + "]");
  for (const auto& [label, exposed] : config.rename) {
    if (!has_label(family, label)) unknown(label, path + ".rename." + label);
    if (!label_name(exposed))
      at.error(path + ".rename." + label, "a label's name has letters, digits and _, the first no digit",
               "names beginning with __, and le, are taken");
    auto same = [&](const auto& other) { return other.second == exposed; };
    if (std::count_if(config.rename.begin(), config.rename.end(), same) > 1)
      at.error(path + ".rename." + label, "two labels cannot have one name");
    if (has_label(family, exposed))
      at.error(path + ".rename." + label, "the metric has a label of that name already");
  }
  if (config.codes == Codes::full && !has_label(family, "code_class"))
    at.error(path + ".codes", std::string(family.name) + " does not tell status codes apart");
  if (config.codes == Codes::full && family.type == FamilyType::histogram)
    at.error(path + ".codes", "a histogram per status code would be too many series",
             "ask for codes of sluice_requests_total");
}

void check_families(const MetricsConfig& config, const config::Site& at) {
  std::vector<std::string_view> names;
  for (const auto& r : family_rows()) names.push_back(r.name);
  for (const auto& [name, family] : config.families) {
    std::string path = "families." + name;
    if (auto known = find_family(name)) {
      check_labels(row(*known), family, path, at);
    } else {
      at.error(path, "there is no metric " + name, config::did_you_mean(base::nearest(name, names)));
    }
  }
}

}  // namespace

void describe(config::Enumeration<Codes>& e) {
  e.value("class", Codes::by_class, "code_class=\"2xx\" and the like.")
      .value("full", Codes::full, "code=\"200\" and the like: more series.");
}

void describe(config::Description<FamilyConfig>& d) {
  d.about("metric", "One metric.");
  d.field("enabled", &FamilyConfig::enabled, "Whether it is exposed.");
  d.field("codes", &FamilyConfig::codes, "How status codes are told apart.");
  d.field("drop", &FamilyConfig::drop, "Labels to leave out; series that differ only in them are added up.",
          config::example("[reason]"));
  d.field("rename", &FamilyConfig::rename, "Labels to expose under another name.",
          config::example("{route: api}"));
  d.word("off", "Not exposed.", [](FamilyConfig& c) { c.enabled = false; });
  d.word("on", "Exposed: for those that are not unless they are named here.",
         [](FamilyConfig& c) { c.enabled = true; });
}

void describe(config::Description<MetricsConfig>& d) {
  d.about("metrics", "What /metrics on the admin server shows. A change needs a restart.");
  d.field(
      "series_budget", &MetricsConfig::series_budget,
      "Series that one metric may have; what goes beyond is counted in a single series whose labels are all "
      "`overflow`.",
      config::between(10u, 1'000'000u));
  d.field("top_consumers", &MetricsConfig::top_consumers,
          "Consumers that sluice_consumer_requests_total tells apart: the busiest ones. 0 counts none.",
          config::at_most(1000u), config::example("50"));
  d.field("families", &MetricsConfig::families, "Single metrics, by name.",
          config::example("{sluice_requests_total: {codes: full}, sluice_response_size_bytes: on}"));
  d.check(check_families);
}

MetricsOptions MetricsConfig::options(unsigned workers) const {
  MetricsOptions options{.workers = workers, .series_budget = series_budget, .top_consumers = top_consumers};
  for (const auto& [name, family] : families) {
    auto& out = options.families[name];
    out.off = !family.enabled;
    out.full_codes = family.codes == Codes::full;
    out.drop = family.drop;
    // Full codes have their label's name from here on.
    for (const auto& [label, exposed] : family.rename)
      out.rename[out.full_codes && label == "code_class" ? "code" : label] = exposed;
  }
  return options;
}

}  // namespace sluice::observe
