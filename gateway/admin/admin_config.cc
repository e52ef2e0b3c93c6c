// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_config.h"

#include <utility>

#include "gateway/net/address.h"

namespace sluice::admin {
namespace {

using config::Complaint;
using config::Refusal;

constexpr std::size_t kShortestToken = 16;

Refusal read_address(std::string_view text, AdminAddress& out) {
  AdminAddress written;
  if (auto refusal = config::SocketAddress::read(text, written)) return refusal;
  if (written.path.empty() && written.ip.empty())
    return Complaint{
        "an address is missing: every one of this machine is meant too easily",
        "write 127.0.0.1:" + std::to_string(written.port) + ", or, with a token, 0.0.0.0 or [::]"};
  out = std::move(written);
  return {};
}

}  // namespace

bool AdminAddress::local() const {
  auto address = net::Address::parse(ip, port);
  return !path.empty() || (address && address->loopback());
}

void describe(config::Text<AdminAddress>& t) {
  t.about("admin address",
          "an address such as 127.0.0.1:9901, or a Unix socket such as unix:/run/sluice.sock")
      .example("127.0.0.1:9901");
  t.read(read_address);
  t.write([](const AdminAddress& a) { return a.text(); });
}

void describe(config::Description<AdminConfig>& d) {
  using namespace config;
  d.about(
      "admin",
      "The admin server: /metrics for Prometheus, /livez, /readyz and /startupz for supervisors, "
      "pages in JSON for people and tools, such as /failures, /routes and /upstreams, and a few that change "
      "something, such as /reload; `/` lists them.");
  d.field("bind", &AdminConfig::bind,
          "Where it listens. Without a `token` only what this machine alone can reach.",
          example("127.0.0.1:9901"), example("unix:/run/sluice/admin.sock"));
  d.field("token", &AdminConfig::token,
          "Demanded of everybody, as `Authorization: Bearer ...`, but for /livez, /readyz and /startupz. At "
          "least 16 characters. It travels as it is: over a network, put something with TLS in front.",
          example("${file:/run/secrets/admin-token}"));
  d.field("failures", &AdminConfig::failures,
          "So many of the last requests that failed or were refused are remembered by each worker, for "
          "/failures and `sluice why`. About 2 KiB each. 0: none.",
          at_most(65536u));
  d.field("enabled", &AdminConfig::enabled, "Whether there is one.");
  d.check([](const AdminConfig& c, const Site& at) {
    if (c.token && c.token->value.size() < kShortestToken)
      at.error("token", "is shorter than 16 characters", "make one with `openssl rand -hex 16`");
    if (!c.token && !c.bind.local())
      at.error("bind",
               "others can reach this address, and without a token the admin server asks nobody who they "
               "are, so it listens to this machine only then",
               "write 127.0.0.1:" + std::to_string(c.bind.port) +
                   ", unix: and the path of a socket, or a `token`");
  });
  d.word("off", "No admin server.", [](AdminConfig& c) { c.enabled = false; });
  d.shorthand(&AdminConfig::bind);
}

}  // namespace sluice::admin
