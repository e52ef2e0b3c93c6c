// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/proxy_step.h"

#include <algorithm>

#include "gateway/net/peek.h"

namespace sluice::front {

using base::Reason;
using base::Result;
using FactsPtr = std::unique_ptr<net::ProxyFacts>;
using Kind = net::ProxyVerdict::Kind;

namespace {

// The bytes have been looked at, so they are there.
bool take(net::Transport& from, std::span<char> bytes) noexcept {
  while (!bytes.empty()) {
    net::Io io = from.try_read(bytes);
    if (io.kind != net::Io::Kind::moved) return false;
    bytes = bytes.subspan(io.bytes);
  }
  return true;
}

FactsPtr facts_of(const net::ProxyHeader& header) {
  bool any = header.told || !header.alpn.empty() || !header.authority.empty() || !header.unique_id.empty() ||
             !header.vpc_endpoint.empty();
  return any ? std::make_unique<net::ProxyFacts>(header) : nullptr;
}

}  // namespace

base::Task<Result<FactsPtr>> take_proxy_header(net::Loop& loop, net::Transport& from,
                                               const ProxySettings& settings, net::Address& peer) {
  if (!net::contains(settings.from, peer))
    co_return base::fail(Reason::forbidden, "it is not listed in proxy_protocol.from");
  auto buffer = loop.buffers().head();
  static_assert(net::kMaxProxyHeader <= net::BufferPool::kHead);
  auto deadline = loop.now() + settings.timeout;
  for (std::size_t seen = 0;;) {
    auto left = std::max(deadline - loop.now(), base::Duration(1));
    auto there = co_await net::peek(from, {buffer.data(), buffer.size()}, seen, left);
    if (!there && there.error().reason == Reason::client_timeout)
      co_return base::fail(Reason::client_timeout, "the PROXY header did not arrive in time");
    if (!there) co_return std::move(there).unexpected();
    if (*there == 0)
      co_return base::fail(seen == 0 ? Reason::client_closed : Reason::bad_request,
                           "the PROXY header is cut off");
    seen = *there;
    net::ProxyHeader header;
    auto verdict = net::parse_proxy_header({buffer.data(), seen}, header);
    if (verdict.kind == Kind::invalid)
      co_return base::fail(Reason::bad_request, std::string("invalid PROXY header: ") + verdict.fault);
    if (verdict.kind == Kind::incomplete) continue;
    auto facts = facts_of(header);  // before its bytes are overwritten by themselves
    if (header.told) peer = header.source;
    if (!take(from, {buffer.data(), header.size})) co_return base::fail(Reason::client_closed);
    co_return facts;
  }
}

}  // namespace sluice::front
