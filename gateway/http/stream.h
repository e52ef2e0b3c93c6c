// SPDX-License-Identifier: Apache-2.0
// ServerStream, ClientStream, Service: what the gateway needs from a protocol, whichever version speaks it.
// An h1 connection has one stream at a time, an h2 connection many. Layers above never see more of a protocol
// than this.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/http/body.h"
#include "gateway/http/forwarded.h"
#include "gateway/http/head.h"
#include "gateway/net/address.h"
#include "gateway/net/proxy_protocol.h"
#include "gateway/net/scope_timer.h"
#include "gateway/net/tls_facts.h"

namespace sluice::http {

// What a listener's connections have in common; outlives them.
struct ListenerFacts {
  std::string name;
  std::string scheme = "http";   // or "https"
  std::size_t index = 0;         // among the listeners of the process, for metrics
  std::uint16_t https_port = 0;  // not 0: every request is sent there, but challenges of ACME
  TrustedProxies trusted{};
  int https_status = 308;  // of such an answer to GET and HEAD; others get 308
};

// What is the same for all exchanges of a downstream connection; outlives its streams. Of a connection from a
// trusted proxy each exchange has its own, with what was told of its client.
struct ConnectionFacts {
  const ListenerFacts* listener = nullptr;
  net::Address
      peer;         // the client, as far as is known: where a PROXY header or a trusted proxy told, that one
  int socket = -1;  // of the connection: for asking the system about it, not for reading, writing or closing
  const net::ProxyFacts* proxy = nullptr;  // what else a PROXY header told; null if nothing
  const net::TlsFacts* tls = nullptr;      // null on a plain connection
  const Forwarded* forwarded = nullptr;    // by a trusted proxy; null if the peer is none

  // Whom the client connected to; unset if that is not known.
  net::Address destination() const noexcept;
  // Of the URL that the client asked for, "http" or "https".
  std::string_view scheme() const noexcept {
    return forwarded && !forwarded->scheme.empty() ? forwarded->scheme : std::string_view(listener->scheme);
  }
};

// One request from downstream and the way to answer it. Valid while Service::serve runs.
class ServerStream {
 public:
  virtual const ConnectionFacts& connection() const noexcept = 0;
  // The peer's number as text.
  virtual std::string_view peer_ip() const noexcept = 0;
  // From here on this is what is known of the client. Before anybody else has asked; `facts` must outlive the
  // stream.
  virtual void speak_for(const ConnectionFacts& /*facts*/) noexcept {}
  // Memory of this exchange; forgotten when serve() has returned.
  virtual base::Arena& arena() noexcept = 0;
  virtual RequestHead& request() noexcept = 0;
  // The request's body, null if it has none. Once.
  virtual BodyPtr take_body() = 0;
  // When the first byte of the request was seen.
  virtual base::SteadyTime begun() const noexcept = 0;

  // Is the request a stream whose ends know themselves how long it may pause and how much it may say? As long
  // as that is so its body has no timeout, and no limit if its length was not announced. It is not, at first.
  virtual void let_body_run(bool /*runs*/) noexcept {}
  // The upstream will answer `Expect: 100-continue`; otherwise reading the body answers it.
  virtual void relay_expectation() noexcept = 0;
  // Sends an interim response (1xx), where the client's version knows them.
  virtual base::Task<base::Result<void>> send_interim(const ResponseHead& head) = 0;
  // Sends the response; frames the body as its length() allows; adds what the protocol itself demands. May be
  // called again only if it failed before head_sent().
  virtual base::Task<base::Result<void>> send(ResponseHead& head, BodyPtr& body) = 0;
  virtual bool head_sent() const noexcept = 0;
  // After a target's 101 to a request with an `upgrade`: what the client sends from here on, until it sends
  // nothing more. send() then takes the 101 and, as its body, what the target sends; it tells the client when
  // that has ended, and returns. `idle` is put off with each piece and must outlive the stream. Null if this
  // request asked for no upgrade.
  virtual BodyPtr switch_protocols(net::ScopeTimer& /*idle*/) { return nullptr; }
  // No further request is taken from this connection after the present one.
  virtual void close_after() noexcept = 0;
  // On the wire, heads and framing included, so far.
  virtual std::uint64_t bytes_received() const noexcept = 0;
  virtual std::uint64_t bytes_sent() const noexcept = 0;
  // Did the response have trailers that this client does not take?
  virtual bool trailers_dropped() const noexcept { return false; }
  // How long the response has waited for the client to take more of it, so far.
  virtual base::Duration client_wait() const noexcept { return {}; }

 protected:
  ~ServerStream() = default;
};

// Answers requests; front/ implements it. The coroutines run in a scope that is cancelled with client_closed
// when the client leaves.
class Service {
 public:
  virtual base::Task<void> serve(ServerStream& stream) = 0;
  // What the client sent is no request. The head may be partly filled; the connection closes after the
  // answer.
  virtual base::Task<void> refuse(ServerStream& stream, const base::Error& error) = 0;

 protected:
  ~Service() = default;
};

// One request to a target and its response. Destroying it before the response has ended closes the connection
// (h1) or resets the stream (h2).
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  // Sends the head, and of `body` what is there at once; the rest is sent while receive() and the response's
  // body are awaited. `extra` are complete field lines to add; `body` may be null and must outlive the
  // stream.
  virtual base::Task<base::Result<void>> send(const RequestHead& head, std::string_view extra,
                                              Body* body) = 0;
  // The next interim or the final head. The views in `out` live as long as the stream.
  virtual base::Task<base::Result<void>> receive(ResponseHead& out) = 0;
  // The body of the final response, null if it has none. The stream must outlive it.
  virtual BodyPtr body(base::Arena& arena) = 0;
  // After a response of 101: passes `from` on as it is, in `scope`, while body() is read; the target is told
  // when it has ended. If it breaks, the scope is cancelled with the reason. All must outlive the stream.
  virtual void switch_protocols(Body& /*from*/, base::Scope& /*scope*/, net::ScopeTimer& /*idle*/) {}
  // Waits until `from` has been passed on, or cannot be.
  virtual base::Task<void> all_sent() { return {}; }
  // Has the connection served another request before? Then an early close may only mean that it was stale.
  virtual bool reused() const noexcept = 0;
  // Did any byte of a response arrive? Then a retry is no longer invisible.
  virtual bool answered() const noexcept = 0;
  // Is it certain that the system took no byte of the request, so that the target cannot have seen any?
  virtual bool unsent() const noexcept { return false; }
  // Since when all of the request has been sent; none: it has not. Zero if send() left nothing to be sent.
  virtual std::optional<base::SteadyTime> sent_since() const noexcept { return std::nullopt; }
  // Was any byte taken from the request's body? Then it cannot be sent again.
  virtual bool body_touched() const noexcept = 0;
  // Did the request have trailers that the target cannot take?
  virtual bool trailers_dropped() const noexcept { return false; }
  // On the wire, heads and framing included.
  virtual std::uint64_t bytes_sent() const noexcept = 0;
  virtual std::uint64_t bytes_received() const noexcept = 0;
};

struct DestroyStream {
  void operator()(ClientStream* s) const noexcept { s->~ClientStream(); }
};
// The memory belongs to an arena.
using ClientStreamPtr = std::unique_ptr<ClientStream, DestroyStream>;

}  // namespace sluice::http
