// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/listener_tls.h"

#include "gateway/base/log.h"
#include "gateway/config/report.h"

namespace sluice::server {
namespace {

using base::Level;
using observe::Family;

// A change is taken up at the second look after it at the latest: within a second.
constexpr auto kLook = std::chrono::milliseconds(400);
constexpr auto kRotation = std::chrono::hours(12);

// Both are there before anything has happened.
constexpr std::string_view kRenewed = "ok", kFailed = "failed";

}  // namespace

TlsOfListeners build_tls_of_listeners(Loaded& loaded, TicketKeysByFile& tickets) {
  TlsOfListeners out;
  config::Report report(loaded.document, loaded.diagnostics);
  for (const auto& [name, listener] : loaded.config.listeners) {
    if (!listener.tls) continue;
    std::string at = config::path("listeners", name, "tls");
    std::string directory = directory_of(report, at);
    auto protocols = front::protocols_of(listener.protocols, true);
    auto built =
        build_tls(*listener.tls, name, protocols, TlsFiles(directory, complain_at(report, at)), tickets);
    out.entries.emplace(
        name, TlsOfListeners::Entry{*listener.tls, protocols, std::move(directory), std::move(built)});
  }
  return out;
}

ListenerTls::ListenerTls(boost::asio::io_context& control, observe::MetricsRegistry& metrics,
                         unsigned threads, std::function<void(const std::string&)> renewed)
    : metrics_(metrics),
      threads_(std::make_unique<net::CryptoThreads>(threads)),
      renewed_(std::move(renewed)),
      watch_(control),
      rotation_(control),
      expiries_(metrics.store().at_scrape(
          Family::sluice_tls_certificate_expiry_timestamp_seconds, [this](const observe::Emit& emit) {
            std::map<std::string_view, std::time_t> by_name;  // two listeners may have the same
            for (const auto& [name, entry] : now_.entries)
              for (const auto& [path, expires] : entry.built.expiries) by_name[path] = expires;
            for (const auto& [path, expires] : by_name) emit({path}, static_cast<double>(expires));
          })) {}

void ListenerTls::use(TlsOfListeners built) {
  now_ = std::move(built);
  if (now_.entries.empty() || watching_) return;
  watching_ = true;
  for (auto result : {kRenewed, kFailed})
    metrics_.store().add(Family::sluice_tls_certificate_reloads_total, {result}, 0);
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
    auto random = tickets_.find("");
    if (random != tickets_.end()) random->second->rotate();
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
      build_tls(entry.config, listener, entry.protocols, TlsFiles(entry.directory, complain), tickets_);
  entry.built.files = std::move(built.files);
  bool good = built.server != nullptr;
  metrics_.store().add(Family::sluice_tls_certificate_reloads_total, {good ? kRenewed : kFailed}, 1);
  if (!good) {
    base::log(Level::error, "listener " + listener + ": the certificates of before stay in use: " + wrong);
    return;
  }
  entry.built.server = std::move(built.server);
  entry.built.expiries = std::move(built.expiries);
  base::log(Level::info, "listener " + listener + ": certificates read again");
  renewed_(listener);
}

}  // namespace sluice::server
