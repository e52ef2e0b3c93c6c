// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/tls_config.h"

#include "gateway/upstream/tls_version.h"

namespace sluice::front {

using namespace config;
using upstream::refuse_as_path;

void describe(Description<CertConfig>& d) {
  d.about("tls_cert", "A certificate with its key. Paths are relative to this file.");
  d.field("cert", &CertConfig::cert,
          "PEM file with the certificate and, behind it, those that lead to its authority.", required,
          config::check(refuse_as_path), example("certs/example.com.pem"));
  d.field("key", &CertConfig::key, "PEM file with the private key, without a passphrase.", required,
          config::check(refuse_as_path), example("certs/example.com.key"));
  d.field(
      "ocsp", &CertConfig::ocsp,
      "The OCSP response to send along (stapling). auto: fetched from the responder that the certificate "
      "names, if its issuer stands behind it in `cert`; off: none; else a file with one in DER, which you "
      "renew and which is watched.",
      config::check(refuse_as_path), example("certs/example.com.ocsp"));
}

void describe(Enumeration<ClientAuthMode>& e) {
  e.about("client_auth_mode");
  e.value("require", ClientAuthMode::require, "A client without a certificate is refused.");
  e.value("optional", ClientAuthMode::optional, "A client may have none; a bad one is refused.");
  e.value("optional_no_verify", ClientAuthMode::optional_no_verify,
          "A client may have none, and any is taken, also one that it made itself: the targets decide. For "
          "the filter `mtls` such a certificate is none that it knows.");
}

void describe(Description<ClientAuthConfig>& d) {
  d.about(
      "client_auth",
      "Certificates of clients. Targets see them in the field Client-Cert (RFC 9440), which nobody else can "
      "set.");
  d.field("mode", &ClientAuthConfig::mode, "Must every client have one?");
  d.field("ca", &ClientAuthConfig::ca,
          "PEM file with the authorities that are believed. Needed, unless the mode is optional_no_verify.",
          config::check(refuse_as_path), example("certs/clients-ca.pem"));
  d.field("crl", &ClientAuthConfig::crl,
          "PEM file with a revocation list of each authority, also of those between `ca` and a client's "
          "certificate; what is on one is refused, and so is what an authority without one has issued.",
          config::check(refuse_as_path), example("certs/clients.crl"));
  d.field("chain", &ClientAuthConfig::chain,
          "Sends Client-Cert-Chain too. Connections are then never resumed: tickets do not keep the chain.");
  d.check([](const ClientAuthConfig& c, const Site& at) {
    bool verifies = c.mode != ClientAuthMode::optional_no_verify;
    if (verifies && c.ca.empty())
      at.error("", "needs the `ca` whose certificates are believed", "add `ca: FILE`");
    for (const auto* name : {"ca", "crl"})
      if (!verifies && at.written(name)) at.error(name, "verifies nothing with `mode: optional_no_verify`");
  });
}

void describe(Description<TlsConfig>& d) {
  d.about("tls", "TLS on a listener. Files that change are read again within a second.");
  d.field(
      "certs", &TlsConfig::certs,
      "Certificates, chosen by the name that the client asks for: an exact name before a wildcard, and of "
      "the same name the kind of key that the client can verify. The first one is for all other clients.",
      required, one_or_many, min_items(1),
      example("[{cert: certs/example.com.pem, key: certs/example.com.key}]"));
  d.field("min_version", &TlsConfig::min_version, "The oldest version that is spoken.");
  d.field(
      "resumption", &TlsConfig::resumption,
      "Gives clients tickets with which their next handshakes are short, for an hour; for five minutes with "
      "`client_auth`.");
  d.field("strict_sni", &TlsConfig::strict_sni,
          "Refuses clients that name no host, or one that no certificate has.");
  d.field(
      "ticket_keys", &TlsConfig::ticket_keys,
      "File with keys for session tickets, shared by several gateways: 80 random bytes each, the first one "
      "seals. You rotate them. Without it, random keys are rotated every 12 hours.",
      config::check(refuse_as_path), example("/run/sluice/tickets.key"));
  d.field("client_auth", &TlsConfig::client_auth, "Certificates of clients (mTLS).");
  d.check([](const TlsConfig& c, const Site& at) {
    if (!c.resumption && !c.ticket_keys.empty())
      at.error("ticket_keys", "are of no use without `resumption`");
  });
  d.field("handshake_timeout", &TlsConfig::handshake_timeout, "For the whole handshake; 0s waits for ever.");
}

void describe(Enumeration<RedirectTo>& e) {
  e.about("listener_redirect_to");
  e.value("https", RedirectTo::https, "The same URL over TLS.");
}

namespace {

std::string refuse_status(std::uint16_t status) {
  return status == 301 || status == 308 ? "" : "must be 301 or 308";
}

}  // namespace

void describe(Description<ListenerRedirect>& d) {
  d.about(
      "listener_redirect",
      "Answers every request by 308 and the same URL over TLS, instead of a route; but for requests below "
      "/.well-known/acme-challenge/ that a route written for that path matches, by which authorities verify "
      "names.");
  d.field("to", &ListenerRedirect::to, "Where to.");
  d.field("port", &ListenerRedirect::port, "The port of the listener with TLS as clients see it.",
          at_least(1));
  d.field("status", &ListenerRedirect::status,
          "308 or 301, which only GET and HEAD get: of other methods clients would make a GET.",
          config::check(refuse_status), example("301"));
  d.shorthand(&ListenerRedirect::to);
}

}  // namespace sluice::front
