// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/upstream_tls.h"

#include <unistd.h>

#include "gateway/server/tls_builder.h"

namespace sluice::server {
namespace {

// Does the system know any authority?
bool system_has_roots() {
  return ::access(X509_get_default_cert_file(), R_OK) == 0 ||
         ::access(X509_get_default_cert_dir(), R_OK) == 0;
}

std::string digest(const std::string& text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<char*>(hash), size};
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

}  // namespace

std::shared_ptr<const upstream::TargetTls> UpstreamTls::build(const std::string& at,
                                                              const upstream::TlsConfig& config,
                                                              upstream::ProtocolChoice protocol,
                                                              const config::Report& report) {
  TlsFiles files(directory_of(report, at), complain_at(report, at));
  // What the files hold belongs to it: a reload takes up a renewed certificate of the same name.
  std::string made_from;
  TlsFiles quietly(directory_of(report, at), [](config::Severity, const std::string&, const std::string&) {});
  for (const auto& path : {config.ca, config.cert, config.key})
    made_from += digest(path.empty() ? "" : quietly.read("", path));
  for (const auto& text : config.san) made_from += text + ",";
  made_from += "|" + config.sni + (config.verify ? "|v|" : "|-|") +
               std::to_string(static_cast<int>(config.min_version)) + "|" +
               std::to_string(static_cast<int>(protocol));
  if (auto known = made_.find(made_from); known != made_.end()) return known->second;

  net::TlsClientOptions options;
  options.min_version = config.min_version;
  options.verify = config.verify;
  options.sni = config.sni;
  options.names = config.san;
  options.alpn = offered(protocol);
  if (!config.ca.empty()) options.ca = files.certificates("ca", config.ca);
  if (!config.cert.empty())
    options.identity =
        std::make_shared<const net::Certificate>(files.certificate("", config.cert, config.key));
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
  auto made = std::make_shared<const upstream::TargetTls>(
      upstream::TargetTls{std::move(*client), threads_, made_from});
  made_.emplace(std::move(made_from), made);
  return made;
}

}  // namespace sluice::server
