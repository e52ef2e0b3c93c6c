// SPDX-License-Identifier: Apache-2.0
// Metrics of one listener: the front layer tells ListenerCells of its worker about connections. Sharing and
// lifetime are as for RouteMetrics.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/observe/cells.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

// What is spoken on a connection; passthrough: TLS that nobody looks into.
enum class Protocol : std::uint8_t { h1, h2, h3, passthrough };
inline constexpr std::size_t kProtocols = 4;
std::string_view name(Protocol protocol) noexcept;

// Why a connection was closed before it was served.
enum class Rejection : std::uint8_t { limit, ip, proxy_protocol, sni };
inline constexpr std::size_t kRejections = 4;
std::string_view name(Rejection rejection) noexcept;

enum class HandshakeResult : std::uint8_t { ok, refused, closed, timeout, overload };
std::string_view name(HandshakeResult result) noexcept;

// Of a TLS handshake with a client. `version` as OpenSSL names it, "" for none.
struct HandshakeRecord {
  std::string_view version;
  bool resumed = false;
  HandshakeResult result = HandshakeResult::ok;
};

// One listener on one worker; that worker's thread only.
class alignas(64) ListenerCells {
 public:
  ListenerCells(SeriesStore& store, const std::string& listener, unsigned worker);

  // Each opened() has its closed().
  void opened(Protocol protocol) {
    auto p = static_cast<std::size_t>(protocol);
    if (!open_[p]) add_protocol(protocol);
    open_[p]->add(1);
    total_[p]->add(1);
  }
  void closed(Protocol protocol) noexcept { open_[static_cast<std::size_t>(protocol)]->subtract(1); }
  void rejected(Rejection rejection) noexcept { rejected_[static_cast<std::size_t>(rejection)]->add(1); }
  void shook_hands(const HandshakeRecord& record);

 private:
  void add_protocol(Protocol protocol);

  std::array<Cell*, kProtocols> open_{};   // by Protocol, made when first met
  std::array<Cell*, kProtocols> total_{};  // likewise
  std::array<Cell*, kRejections> rejected_{};
  SeriesStore& store_;
  const std::string& listener_;
  unsigned worker_;
  std::vector<SeriesRef> series_;
  // By version, resumption and result; made when first met.
  static constexpr std::size_t kVersions = 3, kResults = 5;
  std::array<Cell*, kVersions * 2 * kResults> handshakes_{};
};

class ListenerMetrics {
 public:
  ListenerMetrics(SeriesStore& store, std::string_view name);

  const std::string& name() const noexcept { return name_; }
  // The cells of that worker, made at its first use. Call from that worker's thread only.
  ListenerCells& on(unsigned worker) {
    auto& cells = workers_[worker];
    return cells ? *cells : make(worker);
  }

 private:
  ListenerCells& make(unsigned worker);

  SeriesStore& store_;
  std::string name_;
  std::vector<std::unique_ptr<ListenerCells>> workers_;
  std::vector<SeriesRef> expected_;  // kept so that they show with 0
};

}  // namespace sluice::observe
