// SPDX-License-Identifier: Apache-2.0
// TLS passthrough: connections that go on to an upstream as they are, chosen by the server name of their
// first message, which is looked at and left where it is. Nothing is decrypted, so there are no requests,
// routes or filters: a tunnel. On the worker of the connection.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/exchange.h"
#include "gateway/net/client_hello.h"
#include "gateway/routing/pattern.h"
#include "gateway/upstream/upstream.h"

namespace sluice::front {

// Which upstream gets a name: exact names before wildcards, the longest of those first, `*` last. Immutable.
class ServerNames {
 public:
  // Of two rules for one pattern the first one counts; the configuration's check objects.
  void add(const routing::HostPattern& pattern, std::shared_ptr<upstream::Upstream> to);
  // Null when no rule takes it. "": the client named nobody, which only `*` takes.
  upstream::Upstream* find(std::string_view name) const noexcept;

 private:
  using ByName = std::map<std::string, std::shared_ptr<upstream::Upstream>, std::less<>>;
  ByName exact_, wildcard_;
  std::shared_ptr<upstream::Upstream> any_;
};

struct PassthroughSettings {
  ServerNames names;
  base::Duration timeout{};  // for the whole hello; zero for ever
};

// Waits for the hello and leaves it there. bad_request when what comes is none, client_timeout when it takes
// too long; client_closed when the client left without a byte.
base::Task<base::Result<net::ClientHello>> peek_client_hello(net::Loop& loop, net::Transport& client,
                                                             base::Duration timeout);

// Takes what has arrived and ends the connection with a TLS alert (RFC 8446 section 6), so that people see
// more than a closed connection.
enum class TlsAlert : unsigned char { internal_error = 80, unrecognized_name = 112 };
void refuse_with_alert(net::Loop& loop, net::Transport& client, TlsAlert alert) noexcept;

// How a tunnel went, for the log.
struct Tunnelled {
  base::Reason reason = base::Reason::none;
  std::string target;                    // the last one tried
  std::uint64_t received = 0, sent = 0;  // bytes from and to the client
  base::Duration connect{};
  bool connected = false;
};

// Connects to a target, others when that fails and the upstream's `retry` allows, and passes everything on
// until both sides have finished. `facts` must outlive the task.
base::Task<Tunnelled> pass_through(chain::Worker& worker, net::Transport& client,
                                   const http::ConnectionFacts& facts, upstream::Upstream& to);

}  // namespace sluice::front
