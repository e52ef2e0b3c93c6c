// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include "gateway/base/version.h"
#include "gateway/cli/verbs.h"

int main(int argc, char** argv) try {
  using namespace sluice::cli;
  CLI::App app{"Sluice: an API gateway. One YAML file describes listeners, routes, upstreams and policies."};
  app.name("sluice");
  app.set_version_flag("--version", std::string(sluice::base::kVersion));
  app.require_subcommand(1);
  app.footer(
      "Each verb explains itself: sluice run --help. The settings are described by `sluice reference`.");
  int exit_code = 0;
  add_run(app, exit_code);
  add_check(app, exit_code);
  add_explain(app, exit_code);
  add_diff(app, exit_code);
  add_why(app, exit_code);
  add_dev_cert(app, exit_code);
  add_schema(app, exit_code);
  add_reference(app, exit_code);
  add_version(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
} catch (const std::exception& e) {
  std::fprintf(stderr, "sluice: %s\n", e.what());
  return 2;
}
