// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/tls_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "gateway/base/error.h"
#include "gateway/base/log.h"
#include "gateway/chain/local_reply.h"
#include "gateway/http/connection.h"
#include "gateway/net/write.h"

namespace sluice::front {
namespace {

using net::TlsFailure;
using observe::HandshakeResult;

HandshakeResult result_of(TlsFailure::Kind kind) noexcept {
  switch (kind) {
    case TlsFailure::Kind::refused:
      return HandshakeResult::refused;
    case TlsFailure::Kind::timeout:
      return HandshakeResult::timeout;
    case TlsFailure::Kind::overload:
      return HandshakeResult::overload;
    case TlsFailure::Kind::closed:
    case TlsFailure::Kind::cancelled:
      break;
  }
  return HandshakeResult::closed;
}

// What the targets are to know of the client's certificate; written once, as a connection has many requests.
std::unique_ptr<const net::ClientCertificate> identity(SSL* ssl, bool with_chain, bool verified) {
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (!leaf) return nullptr;
  auto out = std::make_unique<net::ClientCertificate>();
  out->field = net::byte_sequence(leaf);
  out->verified = verified;
  const STACK_OF(X509)* others = with_chain ? SSL_get_peer_cert_chain(ssl) : nullptr;
  for (int i = 0; others && i < sk_X509_num(others); ++i)
    out->chain += (i ? ", " : "") + net::byte_sequence(sk_X509_value(others, i));
  return out;
}

// What a local reply says, but for `instance`: nothing of a request was read, so there is none that has an id.
std::string answer_to_plain_http() {
  constexpr std::string_view kDetail = "This port speaks TLS: use https:// to ask it.";
  const auto& row = base::row(base::Reason::bad_request);
  auto body = fmt::format(R"({{"type":"{}{}","title":"{}","status":{},"detail":"{}","reason":"{}"}})"
                          "\n",
                          chain::kReasonType, row.name, row.title, row.status, kDetail, row.name);
  return fmt::format(
      "HTTP/1.1 {} Bad Request\r\n"
      "Content-Type: application/problem+json\r\n"
      "Proxy-Status: sluice; error={}; details=\"{}: {}\"\r\n"
      "Content-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      row.status, row.proxy_status, row.name, kDetail, body.size(), body);
}

}  // namespace

base::Task<void> refuse_plain_http(net::Loop& loop, net::Transport& client) {
  static const std::string answer = answer_to_plain_http();
  // Nobody is waited for who does not read a few hundred bytes.
  iovec bytes = net::piece(answer);
  client.try_write({&bytes, 1});
  return http::linger(client, loop);
}

base::Task<net::TlsTransportPtr> accept_tls(net::Loop& loop, net::TransportPtr plain,
                                            const ListenerTlsSettings& settings,
                                            observe::ListenerCells& cells) {
  // Whoever says nothing costs no more than on a plain listener.
  auto deadline = loop.now() + settings.timeout;
  auto hello = plain->readable(settings.timeout);
  if (auto outcome = co_await hello; outcome != base::Outcome::ready) {
    bool late = outcome == base::Outcome::timeout;
    cells.shook_hands({{}, false, late ? HandshakeResult::timeout : HandshakeResult::closed});
    co_return nullptr;
  }
  auto left = settings.timeout;
  if (left.count()) left = std::max(base::Duration(1), deadline - loop.now());
  auto ssl = settings.server->accept();
  if (!ssl) {
    cells.shook_hands({{}, false, HandshakeResult::overload});
    co_return nullptr;
  }
  auto made = co_await net::handshake(loop, std::move(plain), std::move(ssl), *settings.threads,
                                      settings.server, left);
  if (!made.transport) {
    // Scanners make thousands of these: a line for each is for those who look for one.
    if (made.failure.kind == TlsFailure::Kind::refused)
      base::log(base::Level::debug, "TLS handshake with a client failed: " + made.failure.why);
    cells.shook_hands({{}, false, result_of(made.failure.kind)});
    if (made.plain) co_await refuse_plain_http(loop, *made.plain);
    co_return nullptr;
  }
  auto& facts = made.transport->facts();
  cells.shook_hands({facts.version, facts.resumed, HandshakeResult::ok});
  bool verified = settings.server->options().client_auth != net::ClientAuth::optional_no_verify;
  facts.client = identity(made.transport->ssl(), settings.forward_chain, verified);
  co_return std::move(made.transport);
}

}  // namespace sluice::front
