// SPDX-License-Identifier: Apache-2.0
// What the verbs have in common that ask the admin server of a gateway that runs: where it is, by what token,
// and how its answer is printed.
#pragma once
#include <string>

#include <CLI/CLI.hpp>

namespace sluice::cli {

struct AdminAsked {
  std::string admin = "http://127.0.0.1:9901";
  std::string token_file;
  bool json = false;
};

// A part of the footer of such a verb.
inline constexpr const char* kAdminToken =
    "The token, where one is needed, comes from that file or from SLUICE_ADMIN_TOKEN.\n";

// `asked` must outlive the parsing.
void add_admin_options(CLI::App& verb, AdminAsked& asked);
// Gets that page and prints it. 0: done; 1: the admin server refused, as is said on standard error; 2: it does
// not answer.
int print_admin_answer(const AdminAsked& asked, const std::string& target);

}  // namespace sluice::cli
