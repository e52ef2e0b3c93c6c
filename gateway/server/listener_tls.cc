// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/listener_tls.h"

#include "gateway/base/log.h"
#include "gateway/config/report.h"
#include "gateway/server/later.h"
#include "gateway/server/ocsp_fetch.h"

namespace sluice::server {
namespace {

using base::Level;
using observe::Family;

// A change is taken up at the second look after it at the latest: within a second.
constexpr auto kLook = std::chrono::milliseconds(400);
constexpr auto kRotation = std::chrono::hours(12);

// Both are there before anything has happened.
constexpr std::string_view kRenewed = "ok", kFailed = "failed";

Stapler::World world(boost::asio::io_context& control, net::Resolver& names,
                     observe::MetricsRegistry& metrics) {
  Stapler::World out;
  out.ask = [&control, &names](const net::Staple& staple, Stapler::Done done) {
    auto question = net::ocsp_question(staple.certificate(), staple.issuer());
    return fetch_ocsp(control, names, staple.responder(), std::move(question), std::move(done));
  };
  out.later = [&control](std::chrono::seconds in, std::function<void()> then) {
    return later(control, in, std::move(then));
  };
  out.now = [] { return std::time(nullptr); };
  out.count = [&metrics](bool good) {
    metrics.store().add(Family::sluice_tls_ocsp_answers_total, {good ? kRenewed : kFailed}, 1);
  };
  return out;
}

}  // namespace

TlsOfListeners build_tls_of_listeners(Loaded& loaded, LastingTls& lasting) {
  TlsOfListeners out;
  config::Report report(loaded.document, loaded.diagnostics);
  for (const auto& [name, listener] : loaded.config.listeners) {
    if (!listener.tls) continue;
    std::string at = config::path("listeners", name, "tls");
    std::string directory = directory_of(report, at);
    auto protocols = front::protocols_of(listener.protocols, true);
    auto built =
        build_tls(*listener.tls, name, protocols, TlsFiles(directory, complain_at(report, at)), lasting);
    out.entries.emplace(
        name, TlsOfListeners::Entry{*listener.tls, protocols, std::move(directory), std::move(built)});
  }
  return out;
}

ListenerTls::ListenerTls(boost::asio::io_context& control, net::Resolver& names,
                         observe::MetricsRegistry& metrics, unsigned threads,
                         std::function<void(const std::string&)> renewed)
    : metrics_(metrics),
      threads_(std::make_unique<net::CryptoThreads>(threads)),
      renewed_(std::move(renewed)),
      watch_(control),
      rotation_(control),
      stapler_(world(control, names, metrics)) {}

void ListenerTls::expiries(
    const std::function<void(const std::string& path, std::time_t expires)>& tell) const {
  for (const auto& [name, entry] : now_.entries)
    for (const auto& [path, expires] : entry.built.expiries) tell(path, expires);
}

void ListenerTls::use(TlsOfListeners built) {
  now_ = std::move(built);
  staple();
  if (now_.entries.empty() || watching_) return;
  watching_ = true;
  for (auto result : {kRenewed, kFailed}) {
    metrics_.store().add(Family::sluice_tls_certificate_reloads_total, {result}, 0);
    metrics_.store().add(Family::sluice_tls_ocsp_answers_total, {result}, 0);
  }
  watch();
  rotate_later();
}

std::shared_ptr<const front::ListenerTlsSettings> ListenerTls::of(std::string_view listener) const {
  auto entry = now_.entries.find(listener);
  if (entry == now_.entries.end()) return nullptr;
  const auto& config = entry->second.config;
  bool chain = config.client_auth && config.client_auth->chain;
  return std::make_shared<const front::ListenerTlsSettings>(front::ListenerTlsSettings{
      entry->second.built.server, threads_.get(), chain, config.handshake_timeout});
}

void ListenerTls::staple() {
  Staples all;
  for (const auto& [name, entry] : now_.entries)
    all.insert(all.end(), entry.built.staples.begin(), entry.built.staples.end());
  stapler_.use(all);
}

void ListenerTls::watch() {
  watch_.expires_after(kLook);
  watch_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    look();
    watch();
  });
}

void ListenerTls::rotate_later() {
  rotation_.expires_after(kRotation);
  rotation_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    auto random = lasting_.tickets.find("");
    if (random != lasting_.tickets.end()) random->second->rotate();
    rotate_later();
  });
}

void ListenerTls::look() {
  for (auto& [name, entry] : now_.entries)
    if (entry.built.files.changed()) renew(name, entry);
}

void ListenerTls::renew(const std::string& listener, TlsOfListeners::Entry& entry) {
  std::string wrong;
  auto complain = [&](config::Severity severity, const std::string& /*field*/, std::string message) {
    if (severity == config::Severity::error) {
      wrong += (wrong.empty() ? "" : "; ") + message;
    } else {
      base::log(Level::warning, "listener " + listener + ": " + message);
    }
  };
  auto built =
      build_tls(entry.config, listener, entry.protocols, TlsFiles(entry.directory, complain), lasting_);
  entry.built.files = std::move(built.files);
  bool good = built.server != nullptr;
  metrics_.store().add(Family::sluice_tls_certificate_reloads_total, {good ? kRenewed : kFailed}, 1);
  if (!good) {
    base::log(Level::error, "listener " + listener + ": the certificates of before stay in use: " + wrong);
    return;
  }
  entry.built.server = std::move(built.server);
  entry.built.expiries = std::move(built.expiries);
  entry.built.staples = std::move(built.staples);
  staple();
  base::log(Level::info, "listener " + listener + ": certificates read again");
  renewed_(listener);
}

}  // namespace sluice::server
