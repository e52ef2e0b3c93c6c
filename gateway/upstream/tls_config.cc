// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/tls_config.h"

#include "gateway/http/authority.h"
#include "gateway/net/address.h"

namespace sluice::upstream {
namespace {

// A host without a port and without brackets.
std::string refuse_name(const std::string& name) {
  auto parsed = http::parse_authority(name);
  bool good = parsed && !parsed->has_port && !net::Address::parse(name, 0);
  return good ? "" : "must be a host name";
}

// That, an address, or a URI such as those of SPIFFE.
std::string refuse_san(const std::string& name) {
  bool uri = name.find("://") != std::string::npos;
  bool clean = name.find_first_of(" \t\r\n") == std::string::npos && !name.starts_with(':');
  if (uri ? clean : refuse_name(name).empty() || net::Address::parse(name, 0)) return "";
  return "must be a host name, an address or a URI";
}

}  // namespace

void describe(config::Description<TlsConfig>& d) {
  using namespace config;
  d.about("upstream_tls",
          "TLS to targets with https:// URLs. Paths are relative to this file; files that change are read "
          "again.");
  d.field("ca", &TlsConfig::ca, "PEM file with the authorities that are believed.",
          config::check(refuse_as_path), default_is("those of the system"), example("certs/internal-ca.pem"));
  d.field("cert", &TlsConfig::cert, "PEM file with our own certificate, for targets that ask for one.",
          config::check(refuse_as_path), example("certs/gateway.pem"));
  d.field("key", &TlsConfig::key, "PEM file with its private key, without a passphrase.",
          config::check(refuse_as_path), example("certs/gateway.key"));
  d.field(
      "sni", &TlsConfig::sni, "The host name that is asked for and that the target's certificate must have.",
      config::check(refuse_name), default_is("the host of the target's URL"), example("orders.example.com"));
  d.field("verify", &TlsConfig::verify,
          "Without it anybody who can get between us and the target can read and change everything.");
  d.field("san", &TlsConfig::san,
          "Host names, addresses and URIs of which the target's certificate must have one, instead of the "
          "name that is asked for.",
          one_or_many, each(config::check(refuse_san)), example("orders.internal"),
          example("spiffe://example.com/orders"));
  d.field("min_version", &TlsConfig::min_version, "The oldest version that is spoken.");
  d.check([](const TlsConfig& c, const Site& at) {
    if (c.cert.empty() != c.key.empty())
      at.error(c.cert.empty() ? "key" : "cert", "certificate and key need each other");
    if (c.verify) return;
    if (!c.ca.empty() || !c.san.empty())
      at.error("verify", "false leaves nothing for `ca` and `san` to do");
    else
      at.warning("verify",
                 "TARGETS ARE NOT VERIFIED: anybody on the way can read and change what is sent, keys and "
                 "passwords too",
                 "put the authority of the targets into `ca` instead");
  });
}

}  // namespace sluice::upstream
