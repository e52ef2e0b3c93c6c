// SPDX-License-Identifier: Apache-2.0
// sluice check: reads and builds configurations without serving them, and prints everything that is wrong.
#include <cstdio>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "gateway/base/version.h"
#include "gateway/cli/dry_build.h"
#include "gateway/cli/verbs.h"
#include "gateway/config/sarif.h"
#include "gateway/server/body_holders.h"

namespace sluice::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;
  std::string format = "text";
  bool json = false;
  bool verbose = false;
  bool vault = false;
};

// "1 route", "2 routes"
std::string counted(std::size_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

void print_text(const std::string& path, const server::Loaded& loaded) {
  std::fputs(loaded.diagnostics.text().c_str(), stderr);
  if (loaded.diagnostics.has_errors()) return;
  const server::Config& config = loaded.config;
  std::printf("%s: %s: %s, %s, %s\n", path.c_str(),
              loaded.whole() ? "good" : "good as far as it can be told without its secrets",
              counted(config.listeners.size(), "listener").c_str(),
              counted(config.routes.size(), "route").c_str(),
              counted(config.upstreams.size(), "upstream").c_str());
}

void print_body_holders(const std::string& path, DryBuild& built) {
  if (!built.loaded().ok()) return;
  if (!built.snapshot()) {
    std::printf("%s: without its secrets it cannot be told who holds bodies\n", path.c_str());
    return;
  }
  auto lines = server::body_holders({built.loaded().config, built.loaded().document, *built.snapshot()});
  for (const auto& line : lines) std::printf("%s\n", line.c_str());
  if (lines.empty()) std::printf("%s: nobody holds bodies\n", path.c_str());
}

// True if all are good.
bool check(const Arguments& args) {
  bool json = args.json || args.format == "json", good = true;
  std::vector<std::unique_ptr<DryBuild>> kept;  // SARIF is one document about all of them
  std::vector<const config::Diagnostics*> all;
  for (const auto& path : args.paths) {
    auto built = std::make_unique<DryBuild>(read_file(path, args.vault));
    const auto& d = built->loaded().diagnostics;
    good = good && !d.has_errors();
    if (args.format == "sarif") {
      all.push_back(&d);
      kept.push_back(std::move(built));
    } else if (json) {
      std::printf("%s\n", d.json().c_str());
    } else {
      print_text(path, built->loaded());
      if (args.verbose) print_body_holders(path, *built);
    }
  }
  if (args.format == "sarif") std::fputs(config::sarif(all, base::kVersion).c_str(), stdout);
  return good;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("check", "Says everything that is wrong with configuration files");
  auto args = std::make_shared<Arguments>();
  verb->add_option("config", args->paths, "Configuration files")->required()->type_name("FILE");
  auto* format = verb->add_option("--format", args->format, "text; json, a document for each file; or sarif")
                     ->check(CLI::IsMember({"text", "json", "sarif"}));
  auto* json = verb->add_flag("--json", args->json, "Short for --format json")->excludes(format);
  verb->add_flag(
          "--verbose", args->verbose,
          "Says of good ones too which filters and handlers hold bodies in memory, and how much of one")
      ->excludes(format)
      ->excludes(json);
  verb->add_flag("--vault", args->vault, kAskVault);
  verb->footer("Exit code 0: all can be put in force (warnings may be printed); 1: some cannot.");
  verb->callback([args, &exit_code] {
    if (!check(*args)) exit_code = 1;
  });
}

}  // namespace sluice::cli
