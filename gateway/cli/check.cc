// SPDX-License-Identifier: Apache-2.0
// sluice check: reads and builds configurations without serving them, and prints everything that is wrong.
#include <cstdio>

#include <boost/asio/io_context.hpp>

#include "gateway/cli/dry_build.h"
#include "gateway/cli/verbs.h"

namespace sluice::cli {

void add_check(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::vector<std::string> paths;
    bool json = false;
  };
  auto* verb = app.add_subcommand("check", "Says everything that is wrong with configuration files");
  auto args = std::make_shared<Arguments>();
  verb->add_option("config", args->paths, "Configuration files")->required()->type_name("FILE");
  verb->add_flag("--json", args->json, "Print diagnostics as JSON, one document for each file");
  verb->footer("Exit code 0: all can be put in force (warnings may be printed); 1: some cannot.");
  verb->callback([args, &exit_code] {
    for (const auto& path : args->paths) {
      DryBuild built(server::load_file(path));
      const auto& d = built.loaded().diagnostics;
      if (args->json) {
        std::printf("%s\n", d.json().c_str());
      } else {
        std::fputs(d.text().c_str(), stderr);
        if (!d.has_errors())
          std::printf("%s: good: %zu listeners, %zu routes, %zu upstreams\n", path.c_str(),
                      built.loaded().config.listeners.size(), built.loaded().config.routes.size(),
                      built.loaded().config.upstreams.size());
      }
      if (d.has_errors()) exit_code = 1;
    }
  });
}

}  // namespace sluice::cli
