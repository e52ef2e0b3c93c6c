// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/dial.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "gateway/net/write.h"

namespace sluice::upstream {
namespace {

using base::Reason;

// Positions of the addresses in the order to try them: round from the next start, avoided ones last.
std::vector<std::size_t> order(std::size_t addresses, Target& target, base::SteadyTime now) {
  std::vector<std::size_t> positions(addresses);
  std::size_t start = addresses > 1 ? target.next_start() : 0;
  for (std::size_t i = 0; i < addresses; ++i) positions[i] = (start + i) % addresses;
  if (std::uint64_t avoided = target.avoided(now))
    std::ranges::stable_partition(positions, [&](std::size_t p) { return p >= 64 || !(avoided >> p & 1); });
  return positions;
}

// Does a failure say something about this address alone?
bool next_may_do_better(const base::Error& error) noexcept {
  return error.reason == Reason::upstream_connect_failed || error.reason == Reason::timeout_connect;
}

base::Task<base::Result<net::TransportPtr>> connect(net::Loop& loop, net::Address to, base::Duration timeout,
                                                    std::string_view greeting) {
  auto connected = co_await net::connect(loop, to, timeout);
  if (!connected || greeting.empty()) co_return connected;
  iovec bytes[] = {net::piece(greeting)};
  std::uint64_t sent = 0;
  auto written = co_await net::write_all(**connected, bytes, timeout, sent);
  if (written) co_return connected;
  if (written.kind == net::Written::Kind::cancelled) co_return base::fail(written.why);
  co_return base::fail(Reason::upstream_connect_failed, to.text() + " took no PROXY header");
}

base::Task<base::Result<Dialled>> open(net::Loop& loop, Target& target, net::Address to,
                                       base::Duration timeout, std::string_view greeting, Layer layer) {
  auto begun = loop.clock().steady();
  auto connected = co_await connect(loop, to, timeout, greeting);
  if (!connected) co_return std::move(connected).unexpected();
  if (layer == Layer::plain || !target.url().tls)
    co_return Dialled{std::move(*connected), to, net::Alpn::none, nullptr};
  auto left = timeout;
  if (left.count()) left = std::max(base::Duration(1), timeout - (loop.clock().steady() - begun));
  auto tls = target.tls();
  if (!tls) co_return base::fail(Reason::upstream_tls, target.text() + ": no settings of TLS are in force");
  auto secured =
      co_await connect_tls(loop, std::move(*connected), tls, target.url().host, target.sessions(loop, tls),
                           left, layer == Layer::http_1_1 ? net::Alpn::http_1_1 : net::Alpn::none);
  if (!secured) co_return std::move(secured).unexpected();
  auto alpn = (*secured)->facts().alpn;
  co_return Dialled{std::move(*secured), to, alpn, std::move(tls)};
}

}  // namespace

base::Task<base::Result<Dialled>> dial(net::Loop& loop, Target& target, base::Duration timeout,
                                       std::string_view greeting, Layer layer, std::uint16_t port) {
  auto addresses = target.addresses();
  if (addresses->empty()) co_return base::Unexpected{target.why_unusable()};
  auto positions = order(addresses->size(), target, loop.now());
  auto deadline = loop.now() + timeout;
  base::Error last;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    net::Address to = (*addresses)[positions[i]];
    if (port) to = to.with_port(port);
    base::Duration share{};  // no timeout
    if (timeout > base::Duration::zero()) {
      share = (deadline - loop.now()) / static_cast<base::Duration::rep>(positions.size() - i);
      if (share <= base::Duration::zero()) break;
    }
    auto connected = co_await open(loop, target, to, share, greeting, layer);
    if (connected) co_return std::move(*connected);
    last = std::move(connected.error());
    if (!next_may_do_better(last)) break;
    if (!port) target.avoid(positions[i], loop.now());
  }
  co_return base::Unexpected{std::move(last)};
}

}  // namespace sluice::upstream
