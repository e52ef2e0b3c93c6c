// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/tls_builder.h"

#include "gateway/config/load.h"
#include "gateway/config/substitute.h"

namespace sluice::server {
namespace {

using config::Severity;

constexpr std::size_t kLargestPem = 1 << 20;

// "2026-01-02 03:04:05 UTC"
std::string date(std::time_t when) {
  char out[40];
  std::tm tm{};
  ::gmtime_r(&when, &tm);
  std::strftime(out, sizeof out, "%Y-%m-%d %H:%M:%S UTC", &tm);
  return out;
}

}  // namespace

Complain complain_at(const config::Report& report, std::string path) {
  return [&report, path = std::move(path)](Severity severity, const std::string& field, std::string message) {
    std::string at = field.empty() ? path : path + "." + field;
    if (severity == Severity::error) {
      report.error(at, std::move(message));
    } else {
      report.warning(at, std::move(message));
    }
  };
}

std::string directory_of(const config::Report& report, const std::string& path) {
  const auto& document = report.document();
  return config::directory_of(document.sources().name(document.place(path).file));
}

std::string TlsFiles::resolved(const std::string& path) const { return config::resolved(directory_, path); }

void TlsFiles::error(const std::string& field, std::string message) {
  failed_ = true;
  complain_(Severity::error, field, std::move(message));
}

void TlsFiles::warning(const std::string& field, std::string message) {
  complain_(Severity::warning, field, std::move(message));
}

std::string TlsFiles::read(const std::string& field, const std::string& path) {
  std::string at = resolved(path);
  watched_.add(at);
  auto [text, why] = config::system_environment().read(at, kLargestPem);
  if (text) return std::move(*text);
  error(field, "cannot read " + at + ": " + why);
  return {};
}

std::vector<net::X509Ptr> TlsFiles::certificates(const std::string& field, const std::string& path) {
  bool failed = std::exchange(failed_, false);
  std::string pem = read(field, path);
  std::vector<net::X509Ptr> out;
  if (!failed_) {
    auto parsed = net::parse_certificates(pem);
    if (parsed) {
      out = std::move(*parsed);
    } else {
      error(field, resolved(path) + " " + parsed.error().detail);
    }
  }
  failed_ = failed_ || failed;
  return out;
}

std::vector<net::X509CrlPtr> TlsFiles::crls(const std::string& field, const std::string& path) {
  std::string pem = read(field, path);
  if (failed_) return {};
  auto parsed = net::parse_crls(pem);
  if (!parsed) {
    error(field, resolved(path) + " " + parsed.error().detail);
    return {};
  }
  std::time_t now = std::time(nullptr);
  for (const auto& list : *parsed) {
    auto expires = net::expiry_of(list.get());
    if (expires && expires <= now)
      warning(field, resolved(path) + " has a list of " + net::issuer_of(list.get()) +
                         " that has expired on " + date(expires) +
                         "; every client with a certificate of that authority is refused");
  }
  return std::move(*parsed);
}

net::KeyPtr TlsFiles::key(const std::string& field, const std::string& path) {
  bool failed = std::exchange(failed_, false);
  std::string pem = read(field, path);
  net::KeyPtr out;
  if (!failed_) {
    auto parsed = net::parse_key(pem);
    if (parsed) {
      out = std::move(*parsed);
    } else {
      error(field, resolved(path) + " " + parsed.error().detail);
    }
  }
  OPENSSL_cleanse(pem.data(), pem.size());
  failed_ = failed_ || failed;
  return out;
}

net::Certificate TlsFiles::certificate(const std::string& at, const std::string& cert,
                                       const std::string& key_path) {
  auto all = certificates(at + "cert", cert);
  auto own_key = key(at + "key", key_path);
  if (all.empty() || !own_key) return {};
  auto made = net::make_certificate(std::move(all), std::move(own_key));
  if (!made) {
    error(at + "key", resolved(key_path) + " " + made.error().detail);
    return {};
  }
  std::time_t now = std::time(nullptr);
  // No error: a gateway that does not start is worse than one whose clients complain.
  if (made->expires() <= now)
    warning(at + "cert",
            resolved(cert) + " has expired on " + date(made->expires()) + "; nobody will believe it");
  if (made->begins() > now)
    warning(at + "cert", resolved(cert) + " is not valid before " + date(made->begins()));
  return std::move(*made);
}

namespace {

// The certificate of its issuer, if that follows in its file; else null.
X509* issuer_behind(const net::Certificate& certificate) {
  const auto& chain = certificate.chain;
  bool known = !chain.empty() && net::issued_by(certificate.leaf.get(), chain.front().get());
  return known ? chain.front().get() : nullptr;
}

void read_ocsp(TlsFiles& files, const std::string& field, const std::string& path, net::Certificate& out) {
  std::string der = files.read(field, path);
  if (der.empty()) return;
  auto expires = net::check_ocsp(der, out);
  if (!expires) {
    files.error(field, files.resolved(path) + " " + expires.error().detail);
    return;
  }
  if (X509* issuer = issuer_behind(out)) {
    auto good = net::vouches(der, out.leaf.get(), issuer);
    // No error: it comes from the authority, and is renewed by some script.
    if (!good)
      return files.warning(field, files.resolved(path) + " " + good.error().detail + "; it is not sent");
  }
  out.ocsp = std::move(der);
  out.ocsp_expires = *expires;
  if (*expires && *expires <= std::time(nullptr))
    files.warning(field, files.resolved(path) + " has expired on " + date(*expires) + " and is not sent");
}

net::ClientAuth client_auth(front::ClientAuthMode mode) {
  switch (mode) {
    case front::ClientAuthMode::require:
      break;
    case front::ClientAuthMode::optional:
      return net::ClientAuth::optional;
    case front::ClientAuthMode::optional_no_verify:
      return net::ClientAuth::optional_no_verify;
  }
  return net::ClientAuth::require;
}

// Where answers for it are to be fetched; null when they are not.
std::shared_ptr<net::Staple> stapling(TlsFiles& files, const std::string& at,
                                      const front::CertConfig& written, net::Certificate& certificate,
                                      StapleTable& staples) {
  std::string field = at + "ocsp";
  X509* leaf = certificate.leaf.get();
  bool automatic = written.ocsp == "auto";
  if (!automatic && written.ocsp != "off") {
    read_ocsp(files, field, written.ocsp, certificate);
    return nullptr;
  }
  auto responder = automatic ? net::responder_of(leaf) : std::nullopt;
  if (X509* issuer = issuer_behind(certificate); responder && issuer)
    return staples.of(files.resolved(written.cert), leaf, issuer, *responder);
  if (net::must_staple(leaf))
    files.warning(field, files.resolved(written.cert) + " must not be believed without an OCSP response " +
                             "(must-staple), and there is none to send");
  if (responder)
    files.warning(field, files.resolved(written.cert) +
                             " names an OCSP responder, which is not asked as the " +
                             "certificate of its issuer does not follow in that file");
  return nullptr;
}

std::shared_ptr<net::TicketKeys> ticket_keys(TlsFiles& files, const std::string& path,
                                             TicketKeysByFile& known) {
  auto& keys = known[path.empty() ? "" : files.resolved(path)];
  if (path.empty()) {
    if (!keys) keys = std::make_shared<net::TicketKeys>();
    return keys;
  }
  std::string bytes = files.read("ticket_keys", path);
  if (files.failed()) return nullptr;
  auto parsed = net::TicketKeys::parse(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  if (!parsed) {
    files.error("ticket_keys", files.resolved(path) + " " + parsed.error().detail);
    return nullptr;
  }
  if (!keys) keys = std::make_shared<net::TicketKeys>();
  keys->use(std::move(*parsed));
  return keys;
}

}  // namespace

BuiltTls build_tls(const front::TlsConfig& config, const std::string& listener, front::Protocols protocols,
                   TlsFiles files, LastingTls& lasting) {
  BuiltTls out;
  net::TlsServerOptions options;
  options.name = listener;
  options.min_version = config.min_version;
  options.strict_sni = config.strict_sni;
  options.alpn.clear();
  if (protocols.h2) options.alpn.push_back(net::Alpn::h2);
  if (protocols.h1) options.alpn.push_back(net::Alpn::http_1_1);
  std::vector<net::Certificate> certificates;
  for (std::size_t i = 0; i < config.certs.size(); ++i) {
    const auto& written = config.certs[i];
    std::string at = config::path("certs", i) + ".";
    auto made = files.certificate(at, written.cert, written.key);
    if (!made.leaf) continue;
    if (auto staple = stapling(files, at, written, made, lasting.staples)) {
      made.staple = staple;
      out.staples.push_back(std::move(staple));
    }
    out.expiries.emplace_back(written.cert, made.expires());
    certificates.push_back(std::move(made));
  }
  if (const auto& auth = config.client_auth) {
    options.client_auth = client_auth(auth->mode);
    if (!auth->ca.empty()) options.client_ca = files.certificates("client_auth.ca", auth->ca);
    if (!auth->crl.empty()) options.client_crls = files.crls("client_auth.crl", auth->crl);
    for (const auto& list : options.client_crls)
      if (auto expires = net::expiry_of(list.get())) out.expiries.emplace_back(auth->crl, expires);
  }
  bool resumes = config.resumption && (!config.client_auth || !config.client_auth->chain);
  if (resumes) options.tickets = ticket_keys(files, config.ticket_keys, lasting.tickets);
  if (!files.failed()) {
    auto made = net::TlsServer::make(std::move(options), std::move(certificates));
    if (made) {
      out.server = std::move(*made);
    } else {
      files.error("certs", "OpenSSL does not take them: " + made.error().detail);
    }
  }
  out.files = std::move(files.watched());
  return out;
}

}  // namespace sluice::server
