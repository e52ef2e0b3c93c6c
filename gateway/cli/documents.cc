// SPDX-License-Identifier: Apache-2.0
// sluice schema, sluice reference, sluice version: what the binary knows about itself.
#include <cstdio>
#include <memory>

#include "gateway/admin/advice.h"
#include "gateway/base/version.h"
#include "gateway/cli/verbs.h"
#include "gateway/config/write.h"
#include "gateway/http/grpc.h"
#include "gateway/server/config.h"

namespace sluice::cli {
namespace {

config::Title title() { return {"", "Sluice configuration"}; }

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// The table of reasons, for the end of the reference page.
std::string reasons_page() {
  std::string out =
      "\n## Reasons\n\nWhy the gateway answers by itself or gives up: the `reason` of local replies, logs "
      "and "
      "metrics.\n\n| reason | status | gRPC | whose | meaning |\n|---|---|---|---|---|\n";
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

}  // namespace

void add_schema(CLI::App& app, int& /*exit_code*/) {
  app.add_subcommand("schema", "Prints the JSON Schema of configuration files, for editors")->callback([] {
    print(config::json_schema<server::Config>(title()));
  });
}

void add_reference(CLI::App& app, int& /*exit_code*/) {
  auto* verb = app.add_subcommand("reference", "Prints the reference of every setting, as Markdown");
  auto reasons = std::make_shared<bool>(false);
  verb->add_flag("--reasons", *reasons, "Print what to look at for each reason instead");
  verb->callback([reasons] {
    print(*reasons ? troubleshooting() : config::reference_page<server::Config>(title()) + reasons_page());
  });
}

void add_version(CLI::App& app, int& /*exit_code*/) {
  app.add_subcommand("version", "Prints version and revision")->callback([] {
    print("sluice " + std::string(base::kVersion) + " (" + std::string(base::kRevision) + ")\n");
  });
}

}  // namespace sluice::cli
