// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/listener_tls.h"

#include "gateway/config/report.h"
#include "gateway/server/later.h"
#include "gateway/server/ocsp_fetch.h"

namespace sluice::server {
namespace {

using observe::Family;

// Both are there before anything has happened.
constexpr std::string_view kStapleOk = "ok", kStapleFailed = "failed";

TicketRotation::Later later_on(boost::asio::io_context& control) {
  return [&control](std::chrono::seconds in, std::function<void()> then) {
    return later(control, in, std::move(then));
  };
}

Stapler::World world(boost::asio::io_context& control, net::Resolver& names,
                     observe::MetricsRegistry& metrics) {
  Stapler::World out;
  out.ask = [&control, &names](const net::Staple& staple, Stapler::Done done) {
    auto question = net::ocsp_question(staple.certificate(), staple.issuer());
    return fetch_ocsp(control, names, staple.responder(), std::move(question), std::move(done));
  };
  out.later = later_on(control);
  out.now = [] { return std::time(nullptr); };
  out.count = [&metrics](bool good) {
    metrics.store().add(Family::sluice_tls_ocsp_answers_total, {good ? kStapleOk : kStapleFailed}, 1);
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
      watch_(control, metrics.store(), [this] { look(); }),
      rotation_(lasting_.tickets, later_on(control)),
      stapler_(world(control, names, metrics)) {}

void ListenerTls::expiries(
    const std::function<void(const std::string& path, std::time_t expires)>& tell) const {
  for (const auto& [name, entry] : now_.entries)
    for (const auto& [path, expires] : entry.built.expiries) tell(path, expires);
}

void ListenerTls::use(TlsOfListeners built) {
  now_ = std::move(built);
  staple();
  if (now_.entries.empty() || std::exchange(began_, true)) return;
  for (auto result : {kStapleOk, kStapleFailed})
    metrics_.store().add(Family::sluice_tls_ocsp_answers_total, {result}, 0);
  watch_.begin();
  rotation_.begin();
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

void ListenerTls::look() {
  for (auto& [name, entry] : now_.entries)
    if (entry.built.files.changed()) renew(name, entry);
}

void ListenerTls::renew(const std::string& listener, TlsOfListeners::Entry& entry) {
  CertificateRenewal renewal(watch_, "listener " + listener);
  auto built = build_tls(entry.config, listener, entry.protocols,
                         TlsFiles(entry.directory, renewal.complain()), lasting_);
  entry.built.files = std::move(built.files);
  if (!renewal.count(built.server != nullptr)) return;
  entry.built.server = std::move(built.server);
  entry.built.expiries = std::move(built.expiries);
  entry.built.staples = std::move(built.staples);
  staple();
  renewal.done();
  renewed_(listener);
}

}  // namespace sluice::server
