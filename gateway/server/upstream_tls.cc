// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/upstream_tls.h"

#include <unistd.h>

#include "gateway/jose/digest.h"

namespace sluice::server {
namespace {

// Does the system know any authority?
bool system_has_roots() {
  return ::access(X509_get_default_cert_file(), R_OK) == 0 ||
         ::access(X509_get_default_cert_dir(), R_OK) == 0;
}

std::vector<net::Alpn> offered(upstream::ProtocolChoice protocol) {
  switch (protocol) {
    case upstream::ProtocolChoice::h1:
      return {net::Alpn::http_1_1};
    case upstream::ProtocolChoice::h2:
    case upstream::ProtocolChoice::h2c:  // of targets that come with https:// later on
      return {net::Alpn::h2};
    case upstream::ProtocolChoice::automatic:
      break;
  }
  return {net::Alpn::h2, net::Alpn::http_1_1};
}

// What the files hold belongs to it: certificates that were renewed under the same names make another one.
std::string made_from(const TlsOrigin& origin, TlsFiles& files) {
  const upstream::TlsConfig& config = origin.config;
  std::string out;
  for (const auto& path : {config.ca, config.cert, config.key})
    out += jose::view(jose::sha256(path.empty() ? "" : files.read("", path)));
  for (const auto& text : config.san) out += text + ",";
  return out + "|" + config.sni + (config.verify ? "|v|" : "|-|") +
         std::to_string(static_cast<int>(config.min_version)) + "|" +
         std::to_string(static_cast<int>(origin.protocol));
}

}  // namespace

std::shared_ptr<const upstream::TargetTls> UpstreamTls::build(TlsOrigin& origin, const Complain& complain) {
  const upstream::TlsConfig& config = origin.config;
  TlsFiles quietly(origin.directory, [](config::Severity, const std::string&, const std::string&) {});
  std::string from = made_from(origin, quietly);
  origin.files = std::move(quietly.watched());
  if (auto known = made_.find(from); known != made_.end()) {
    origin.expires = known->second.expires;
    return known->second.tls;
  }
  TlsFiles files(origin.directory, complain);
  net::TlsClientOptions options;
  options.min_version = config.min_version;
  options.verify = config.verify;
  options.sni = config.sni;
  options.names = config.san;
  options.alpn = offered(origin.protocol);
  std::optional<std::time_t> expires;
  if (!config.ca.empty()) options.ca = files.certificates("ca", config.ca);
  if (!config.cert.empty()) {
    auto identity = files.certificate("", config.cert, config.key);
    if (identity.leaf) expires = identity.expires();
    options.identity = std::make_shared<const net::Certificate>(std::move(identity));
  }
  if (config.ca.empty() && config.verify && !system_has_roots())
    files.warning("",
                  "the system knows no authorities, so that no target will be believed: install its "
                  "certificates (ca-certificates) or name those of the targets in `ca`");
  if (files.failed()) return nullptr;
  auto client = net::TlsClient::make(std::move(options));
  if (!client) {
    files.error("", "OpenSSL does not take these settings: " + client.error().detail);
    return nullptr;
  }
  origin.expires = expires;
  auto made =
      std::make_shared<const upstream::TargetTls>(upstream::TargetTls{std::move(*client), threads_, from});
  made_.emplace(std::move(from), Made{made, expires});
  return made;
}

}  // namespace sluice::server
