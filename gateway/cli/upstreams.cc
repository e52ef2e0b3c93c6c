// SPDX-License-Identifier: Apache-2.0
// sluice upstreams: the targets of a gateway that runs, whether they get requests, and what became of them
// lately. Asks its admin server.
#include <memory>
#include <string>

#include "gateway/chain/escape.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/verbs.h"

namespace sluice::cli {
namespace {

struct UpstreamsAsked {
  std::string upstream;
  bool why = false;
  AdminAsked admin;
};

int upstreams(const UpstreamsAsked& asked) {
  std::string target = asked.admin.json ? "/upstreams?as=json" : "/upstreams?as=text";
  if (asked.why && !asked.admin.json) target += "&why=true";
  if (!asked.upstream.empty()) target += "&upstream=" + chain::component(asked.upstream);
  return print_admin_answer(asked.admin, target);
}

}  // namespace

void add_upstreams(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("upstreams", "Lists the targets of a gateway that runs, and their state");
  auto asked = std::make_shared<UpstreamsAsked>();
  verb->add_option("upstream", asked->upstream, "The name of one of them; without it all are listed");
  verb->add_flag("--why", asked->why,
                 "Print in place of the table the last 20 changes of each target, with time and cause, and "
                 "where its health checks and requests disagree; JSON always has them");
  add_admin_options(*verb, asked->admin);
  verb->footer(std::string(kAdminToken) +
               "Exit code 0: they are listed; 1: there is no such upstream, or the admin server refuses; 2: "
               "it does not answer.");
  verb->callback([asked, &exit_code] { exit_code = upstreams(*asked); });
}

}  // namespace sluice::cli
