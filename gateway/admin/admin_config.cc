// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_config.h"

#include "gateway/base/strings.h"
#include "gateway/net/address.h"

namespace sluice::admin {
namespace {

using config::Complaint;
using config::Refusal;

constexpr std::string_view kUnix = "unix:";

Refusal read_path(std::string_view path, AdminAddress& out) {
  if (auto address = net::Address::of_path(path); !address) return Complaint{address.error().detail, ""};
  out = {std::string(path), "", 0};
  return {};
}

Refusal read_address(std::string_view text, AdminAddress& out) {
  if (text.starts_with(kUnix)) return read_path(text.substr(kUnix.size()), out);
  auto colon = text.rfind(':');
  auto port = colon == std::string_view::npos ? std::nullopt : base::parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return Complaint{};
  auto ip = text.substr(0, colon);
  if (ip == "localhost")
    return Complaint{"expected an IP address, got a name", "write 127.0.0.1 for localhost"};
  bool bare_ipv6 = ip.find(':') != std::string_view::npos && !ip.starts_with('[');
  if (bare_ipv6) return Complaint{"an IPv6 address stands in brackets", "write [::1]:9901"};
  auto address = net::Address::parse(ip, static_cast<std::uint16_t>(*port));
  if (!ip.empty() && ip != "*" && !address) return Complaint{};
  if (!address || !address->loopback())
    return Complaint{"the admin server asks nobody for a password, so it listens to this machine only",
                     "write 127.0.0.1:" + std::to_string(*port) + ", or unix: and the path of a socket"};
  out = {"", address->ip(), static_cast<std::uint16_t>(*port)};
  return {};
}

}  // namespace

std::string AdminAddress::text() const {
  if (!path.empty()) return std::string(kUnix) + path;
  bool ipv6 = ip.find(':') != std::string::npos;
  return (ipv6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

void describe(config::Text<AdminAddress>& t) {
  t.about("admin address",
          "a loopback address such as 127.0.0.1:9901, or a Unix socket such as unix:/run/sluice.sock")
      .example("127.0.0.1:9901");
  t.read(read_address);
  t.write([](const AdminAddress& a) { return a.text(); });
}

void describe(config::Description<AdminConfig>& d) {
  using namespace config;
  d.about("admin",
          "The admin server: /metrics for Prometheus, /livez, /readyz and /startupz for supervisors, "
          "/upstreams for people, and /revocations, where tokens are taken back.");
  d.field("bind", &AdminConfig::bind, "Where it listens; only what this machine alone can reach.",
          example("127.0.0.1:9901"), example("unix:/run/sluice/admin.sock"));
  d.field("enabled", &AdminConfig::enabled, "Whether there is one.");
  d.word("off", "No admin server.", [](AdminConfig& c) { c.enabled = false; });
  d.shorthand(&AdminConfig::bind);
}

}  // namespace sluice::admin
