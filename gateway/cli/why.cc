// SPDX-License-Identifier: Apache-2.0
// sluice why: what became of a request that failed, as the gateway that had it remembers. Asks its admin
// server.
#include <memory>
#include <string>

#include "gateway/chain/escape.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/verbs.h"

namespace sluice::cli {
namespace {

struct WhyAsked {
  std::string id;
  AdminAsked admin;
};

int why(const WhyAsked& asked) {
  std::string target = asked.id.empty() ? "/failures?limit=20" : "/failures/" + chain::component(asked.id);
  if (!asked.id.empty() && !asked.admin.json) target += "?as=text";
  return print_admin_answer(asked.admin, target);
}

}  // namespace

void add_why(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("why", "Says what became of a request that failed or was refused");
  auto asked = std::make_shared<WhyAsked>();
  verb->add_option(
      "request-id", asked->id,
      "As in the answer's `instance`, its X-Request-ID or the access log; without it the last failures "
      "are listed, as JSON");
  add_admin_options(*verb, asked->admin);
  verb->footer(std::string(kAdminToken) +
               "Exit code 0: the request is known; 1: it is not, or the admin server refuses; 2: it does not "
               "answer.");
  verb->callback([asked, &exit_code] { exit_code = why(*asked); });
}

}  // namespace sluice::cli
