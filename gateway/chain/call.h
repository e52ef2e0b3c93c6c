// SPDX-License-Identifier: Apache-2.0
// Caller: a request of the gateway's own to an upstream, made by a filter or a handler while it deals with an
// exchange: is this token good, what do these three services say. It goes the way of every forwarded request
// (handlers/forward.cc), so balancing, pools, retries, health, timeouts and the upstream's metrics are those
// that the operator wrote for the upstream. In the constructor:
//
//   caller_({.upstream = config.upstream, .timeout = config.timeout}, builder)
//
// and then, in a coroutine:
//
//   chain::CallRequest request;
//   request.path = "/introspect";
//   request.fields = fields;                    // nothing of the client's request goes along by itself
//   auto answer = co_await caller_.call(ex, request);
//   if (!answer) ...                            // nothing came: answer.error() says why
//   if (answer->status == 200) use(answer->body);
//
// The call is cancelled with the scope that it is awaited in, and so with the exchange. Several run at once
// by base::all or base::Job. The target sees: its own name as Host (or the one that the upstream's `host`
// spells out), X-Forwarded-For, -Host and -Proto, Via and X-Request-ID of the exchange, and User-Agent unless
// given; of a call whose answer is for anybody its own name, X-Forwarded-Proto and Via.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/arena_pool.h"
#include "gateway/chain/builder.h"
#include "gateway/chain/exchange.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::chain {

struct CallSettings {
  std::string upstream;                          // its name, checked as a reference by the binder
  std::optional<base::Duration> timeout{};       // of the whole call, over what route and upstream say
  std::optional<upstream::RetryConfig> retry{};  // in place of the upstream's
  std::optional<upstream::HedgeConfig> hedge{};  // the same
  bool keeps_host = false;  // the request's own Host where the upstream's `host` says so, as for a client's
};

// How a call went, whatever came of it; for logs and metrics.
struct CallTrace {
  std::string_view target;  // the last one asked; in the arena of the exchange
  int attempts = 0;
  base::SteadyTime began{};
  base::SteadyTime answered{};  // the head was complete; zero if that did not happen
  base::SteadyTime ended{};
};

// All views must live until the call has ended.
struct CallRequest {
  http::Method method = http::Method::get;
  std::string_view method_text{};  // for Method::other
  std::string_view path = "/";     // encoded and normal, see http::normalise_path
  std::string_view query{};        // without "?"
  bool has_query = false;
  // What concerns a connection (http::connection_level) is left out.
  std::span<const http::Field> fields{};
  bool lookalikes = false;  // are there such among them that the client sent? (http::Fields)
  std::optional<std::string_view> body{};
  std::size_t most = 1 << 20;  // bytes of the answer's body; a longer one is an error
  // The answer may be given to others than the client: the target learns nothing of this one but its scheme.
  bool for_anybody = false;
  // For a handler of the gateway's own in place of an upstream: what the path captured, and whether it knows
  // who calls.
  std::span<const Capture> captures{};
  bool tells_caller = false;
  std::string_view client_path{};  // where that is another than `path`: what texts for the client say
  CallTrace* trace = nullptr;      // filled in if set

  // Path and query as one text.
  void set_uri(std::string_view uri) noexcept;
};
// The request as a head, for a target that is to be asked on behalf of the exchange; of its own texts nothing
// is copied.
void fill_in(http::RequestHead& head, const CallRequest& request, Exchange& outer, base::Arena& arena);
// For settings that hold such a text: "" or what it must be, with an example.
std::string refuse_call_uri(std::string_view uri, std::string_view example);

// Owns the memory of all that it says.
class CallAnswer {
 public:
  CallAnswer() : fields(*memory_) {}
  CallAnswer(CallAnswer&&) noexcept = default;
  CallAnswer& operator=(CallAnswer&&) noexcept = default;
  // For whoever keeps only the head.
  void drop_body() noexcept {
    bytes_.reset();
    body = {};
  }

  int status = 0;

 private:
  friend class Caller;
  struct Free {
    void operator()(char* p) const noexcept { std::free(p); }
  };
  base::ArenaLease memory_;
  std::unique_ptr<char, Free> bytes_;  // of the body

 public:
  // At least so many bytes behind the body may be read; they mean nothing.
  static constexpr std::size_t kPadding = 64;

  http::Fields fields;
  std::string_view body;         // all of it; "" if there is none
  std::string_view grpc_status;  // of an answer of gRPC, in its head or its trailers; "" if it has none
};

class Caller {
 public:
  // Complains to the builder if the upstream cannot be called.
  Caller(const CallSettings& settings, Builder& builder);
  // Whoever answers in place of an upstream.
  explicit Caller(std::shared_ptr<const Handler> handler) noexcept : forwarder_(std::move(handler)) {}

  // Errors: those of forwarding; response_invalid for a body that is too long.
  base::Task<base::Result<CallAnswer>> call(Exchange& ex, CallRequest request) const;

 private:
  base::Task<base::Result<void>> read_body(Exchange& inner, CallAnswer& answer, std::size_t most) const;

  std::shared_ptr<const Handler> forwarder_;
};

// How forwarders of calls are made. The handler that forwards says so itself, by one of these at namespace
// scope; so does a test that takes its place.
using MakeForwarder = std::shared_ptr<const Handler> (*)(const CallSettings&, Builder&);
struct CallsGoThrough {
  explicit CallsGoThrough(MakeForwarder make) noexcept;
};
// A forwarder of such requests, for who makes the exchange itself.
std::shared_ptr<const Handler> make_forwarder(const CallSettings& settings, Builder& builder);

}  // namespace sluice::chain
