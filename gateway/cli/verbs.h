// SPDX-License-Identifier: Apache-2.0
// The verbs of the command line: one source file each. A verb adds itself to the application and, when it was
// chosen, sets the exit code: 0 done, 1 the configuration (or what the verb looked for) is bad, 2 the command
// line is wrong or the machine refused.
#pragma once
#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_run(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_diff(CLI::App& app, int& exit_code);
void add_why(CLI::App& app, int& exit_code);
void add_upstreams(CLI::App& app, int& exit_code);
void add_dev_cert(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_reference(CLI::App& app, int& exit_code);
void add_version(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
