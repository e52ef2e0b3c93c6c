// SPDX-License-Identifier: Apache-2.0
// ListenerTls: TLS of all listeners as it lives: built with each configuration, and again when its files
// change; tickets are given and taken over all that. Control thread.
#pragma once
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "gateway/front/listener.h"
#include "gateway/observe/metrics.h"
#include "gateway/server/certificate_watch.h"
#include "gateway/server/loaded.h"
#include "gateway/server/ticket_rotation.h"
#include "gateway/server/tls_builder.h"

namespace sluice::server {

// What a configuration asks for, by listener. Errors are in the diagnostics of what it was built from.
struct TlsOfListeners {
  struct Entry {
    front::TlsConfig config;
    front::Protocols protocols;
    std::string directory;
    BuiltTls built;
  };
  std::map<std::string, Entry, std::less<>> entries;
};
TlsOfListeners build_tls_of_listeners(Loaded& loaded, LastingTls& lasting);

class ListenerTls {
 public:
  // `names` are those of OCSP responders. All must outlive it. `renewed` is told the name of a listener whose
  // connections are to use of() from now on.
  ListenerTls(boost::asio::io_context& control, net::Resolver& names, observe::MetricsRegistry& metrics,
              unsigned threads, std::function<void(const std::string&)> renewed);
  ListenerTls(const ListenerTls&) = delete;
  ListenerTls& operator=(const ListenerTls&) = delete;

  TlsOfListeners build(Loaded& loaded) { return build_tls_of_listeners(loaded, lasting_); }
  void use(TlsOfListeners built);
  // Null for a listener without TLS.
  std::shared_ptr<const front::ListenerTlsSettings> of(std::string_view listener) const;
  // When certificates and revocation lists expire, by path as written.
  void expiries(const std::function<void(const std::string& path, std::time_t expires)>& tell) const;
  // Shared with whoever else makes handshakes.
  net::CryptoThreads& threads() noexcept { return *threads_; }

 private:
  void look();
  void renew(const std::string& listener, TlsOfListeners::Entry& entry);
  void staple();

  observe::MetricsRegistry& metrics_;
  std::unique_ptr<net::CryptoThreads> threads_;
  std::function<void(const std::string&)> renewed_;
  LastingTls lasting_;
  TlsOfListeners now_;
  CertificateWatch watch_;
  TicketRotation rotation_;
  bool began_ = false;
  Stapler stapler_;
};

}  // namespace sluice::server
