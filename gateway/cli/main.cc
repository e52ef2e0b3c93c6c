// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/base/version.h"
#include "gateway/cli/verbs.h"
#include "gateway/config/diagnostic.h"

namespace {

// A wrong command line: says what is wrong with it and where to read on.
int refuse(const CLI::App& app, const CLI::ParseError& e, const char* first) {
  auto chosen = app.get_subcommands();
  if (!chosen.empty()) {
    const auto& verb = chosen.front()->get_name();
    std::fprintf(stderr, "sluice %s: %s; see sluice %s --help\n", verb.c_str(), e.what(), verb.c_str());
  } else if (!first) {
    std::fprintf(stderr, "%s", app.help().c_str());
  } else if (first[0] == '-') {
    std::fprintf(stderr, "sluice: %s; see sluice --help\n", e.what());
  } else {
    std::vector<std::string_view> verbs;
    for (const auto* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
    auto hint = sluice::config::did_you_mean(sluice::base::nearest(first, verbs));
    if (hint.empty()) hint = "see sluice --help";
    std::fprintf(stderr, "sluice: there is no verb `%s`; %s\n", first, hint.c_str());
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace sluice::cli;
  CLI::App app{"Sluice: an API gateway. One YAML file describes listeners, routes, upstreams and policies."};
  app.name("sluice");
  app.set_version_flag("--version", std::string(sluice::base::kVersion));
  app.require_subcommand(1);
  int exit_code = 0;
  add_run(app, exit_code);
  add_check(app, exit_code);
  add_explain(app, exit_code);
  add_diff(app, exit_code);
  add_why(app, exit_code);
  add_upstreams(app, exit_code);
  add_dev_cert(app, exit_code);
  add_schema(app, exit_code);
  add_reference(app, exit_code);
  add_version(app, exit_code);
  // Behind the verbs, which would inherit it.
  app.footer(
      "Each verb explains itself: sluice run --help. The settings are described by `sluice reference`.\n"
      "Exit code 2 stands for a wrong command line.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // help and version
    return refuse(app, e, argc > 1 ? argv[1] : nullptr);
  }
  return exit_code;
} catch (const std::exception& e) {
  std::fprintf(stderr, "sluice: %s\n", e.what());
  return 2;
}
