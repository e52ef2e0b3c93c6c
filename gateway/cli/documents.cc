// SPDX-License-Identifier: Apache-2.0
// sluice schema, sluice reference, sluice version: what the binary knows about itself.
#include <cstdio>
#include <memory>

#include "gateway/admin/advice.h"
#include "gateway/base/version.h"
#include "gateway/cli/verbs.h"
#include "gateway/config/write.h"
#include "gateway/http/grpc.h"
#include "gateway/observe/families.h"
#include "gateway/server/config.h"

namespace sluice::cli {
namespace {

config::Title title() { return {"", "Sluice configuration"}; }

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// The table of reasons, for the end of the reference page.
std::string reasons_page() {
  std::string out =
      "\n## Reasons\n\nWhy the gateway answers by itself or gives up: the `reason` of local replies, logs "
      "and metrics.\n\n| reason | status | gRPC | whose | meaning |\n|---|---|---|---|---|\n";
  for (const auto& row : base::reason_rows()) {
    out += "| `" + std::string(row.name) + "` | " + std::to_string(row.status) + " | `" +
           std::string(http::name(static_cast<http::GrpcCode>(row.grpc))) + "` | " +
           std::string(base::name(row.where)) + " | " + std::string(row.explanation) + " |\n";
  }
  return out;
}

// A section for each reason: what it means and what to look at.
std::string troubleshooting() {
  std::string out;
  for (const auto& row : base::reason_rows()) {
    auto look = admin::advice(row.reason);
    out += "\n### " + std::string(row.name) + "\n\n";
    out += "Status " + std::to_string(row.status) + ", " + std::string(base::name(row.where)) + ". " +
           std::string(row.explanation) + "\n";
    if (!look.text.empty()) out += "\n" + std::string(look.text) + "\n";
    if (!look.setting.empty()) out += "\nSetting: `" + std::string(look.setting) + "`\n";
  }
  return out;
}

// Labels as a list of code, and what kind of numbers they are.
std::string label_cell(const observe::FamilyRow& row) {
  std::string out;
  for (auto label : row.labels) out += (out.empty() ? "`" : ", `") + std::string(label) + "`";
  return out;
}

std::string_view type_name(observe::FamilyType type) {
  if (type == observe::FamilyType::counter) return "counter";
  return type == observe::FamilyType::gauge ? "gauge" : "histogram";
}

// A line for each metric.
std::string metrics_page() {
  std::string out = "\n| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const auto& row : observe::family_rows()) {
    out += "| `" + std::string(row.name) + "` | " + std::string(type_name(row.type)) + " | " +
           label_cell(row) + " | " + std::string(row.help);
    out += row.on_request ? " Only where `metrics.families` names it. |\n" : " |\n";
  }
  return out;
}

}  // namespace

void add_schema(CLI::App& app, int& /*exit_code*/) {
  app.add_subcommand("schema", "Prints the JSON Schema of configuration files, for editors")->callback([] {
    print(config::json_schema<server::Config>(title()));
  });
}

void add_reference(CLI::App& app, int& /*exit_code*/) {
  auto* verb = app.add_subcommand("reference", "Prints the reference of every setting, as Markdown");
  auto reasons = std::make_shared<bool>(false);
  auto metrics = std::make_shared<bool>(false);
  auto* of_reasons = verb->add_flag("--reasons", *reasons, "Print what to look at for each reason instead");
  verb->add_flag("--metrics", *metrics, "Print the table of all metrics instead")->excludes(of_reasons);
  verb->callback([reasons, metrics] {
    if (*reasons) return print(troubleshooting());
    if (*metrics) return print(metrics_page());
    print(config::reference_page<server::Config>(title()) + reasons_page());
  });
}

void add_version(CLI::App& app, int& /*exit_code*/) {
  app.add_subcommand("version", "Prints version and revision")->callback([] {
    print("sluice " + std::string(base::kVersion) + " (" + std::string(base::kRevision) + ")\n");
  });
}

}  // namespace sluice::cli
