// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/listener_metrics.h"

namespace sluice::observe {
namespace {

constexpr Rejection kEach[kRejections] = {Rejection::limit, Rejection::ip, Rejection::proxy_protocol,
                                          Rejection::sni};

}  // namespace

std::string_view name(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::h1:
      return "h1";
    case Protocol::h2:
      return "h2";
    case Protocol::h3:
      return "h3";
    case Protocol::passthrough:
      return "passthrough";
  }
  return "";
}

std::string_view name(Rejection rejection) noexcept {
  switch (rejection) {
    case Rejection::limit:
      return "limit";
    case Rejection::ip:
      return "ip";
    case Rejection::proxy_protocol:
      return "proxy_protocol";
    case Rejection::sni:
      return "sni";
  }
  return "";
}

std::string_view name(HandshakeResult result) noexcept {
  switch (result) {
    case HandshakeResult::ok:
      return "ok";
    case HandshakeResult::refused:
      return "refused";
    case HandshakeResult::closed:
      return "closed";
    case HandshakeResult::timeout:
      return "timeout";
    case HandshakeResult::overload:
      return "overload";
  }
  return "";
}

void ListenerCells::shook_hands(const HandshakeRecord& record) {
  constexpr std::string_view kVersionNames[] = {"", "1.2", "1.3"};
  std::size_t version = record.version.ends_with("1.3") ? 2 : record.version.ends_with("1.2") ? 1 : 0;
  std::size_t at = (version * 2 + record.resumed) * kResults + static_cast<std::size_t>(record.result);
  if (!handshakes_[at]) {
    series_.push_back(store_.series(
        Family::sluice_tls_handshakes_total,
        {listener_, kVersionNames[version], record.resumed ? "yes" : "no", observe::name(record.result)}));
    handshakes_[at] = series_.back().cells(worker_);
  }
  handshakes_[at]->add(1);
}

ListenerCells::ListenerCells(SeriesStore& store, const std::string& listener, unsigned worker)
    : store_(store), listener_(listener), worker_(worker) {
  for (auto rejection : kEach) {
    series_.push_back(
        store_.series(Family::sluice_connections_rejected_total, {listener_, observe::name(rejection)}));
    rejected_[static_cast<std::size_t>(rejection)] = series_.back().cells(worker_);
  }
}

void ListenerCells::add_protocol(Protocol protocol) {
  auto p = static_cast<std::size_t>(protocol);
  series_.push_back(store_.series(Family::sluice_connections, {listener_, observe::name(protocol)}));
  open_[p] = series_.back().cells(worker_);
  series_.push_back(store_.series(Family::sluice_connections_total, {listener_, observe::name(protocol)}));
  total_[p] = series_.back().cells(worker_);
}

ListenerMetrics::ListenerMetrics(SeriesStore& store, std::string_view name)
    : store_(store), name_(name), workers_(store.workers()) {
  auto h1 = observe::name(Protocol::h1);
  expected_.push_back(store_.series(Family::sluice_connections, {name_, h1}));
  expected_.push_back(store_.series(Family::sluice_connections_total, {name_, h1}));
  for (auto rejection : kEach)
    expected_.push_back(
        store_.series(Family::sluice_connections_rejected_total, {name_, observe::name(rejection)}));
}

ListenerCells& ListenerMetrics::make(unsigned worker) {
  workers_[worker] = std::make_unique<ListenerCells>(store_, name_, worker);
  return *workers_[worker];
}

}  // namespace sluice::observe
