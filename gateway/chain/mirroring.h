// SPDX-License-Identifier: Apache-2.0
// MirroredRequest: a copy of an exchange's request that is sent to another upstream on its own account:
// whatever becomes of the exchange, it neither waits for the copy nor ends it. The copy owns all that it
// needs, shares nothing with the exchange, its connection or its snapshot but the forwarder, and runs in the
// background scope of its worker: when the worker ends it is cut. Used by the filter `mirror`, and by
// compositions for calls that nobody waits for.
#pragma once
#include <memory>
#include <string>

#include "gateway/base/arena_pool.h"
#include "gateway/base/job.h"
#include "gateway/chain/exchange.h"
#include "gateway/http/clientless_stream.h"

namespace sluice::chain {

struct CallRequest;

// What became of a copy.
enum class Mirrored : std::uint8_t {
  answered,    // whatever the answer says
  failed,      // nothing or half an answer came
  timeout,     // not in time
  shed,        // there were too many under way already, or memory is short, so none was made
  too_large,   // the body exceeds the limit
  incomplete,  // the body was not read to its end, or not in time, so there was nothing to send
};
inline constexpr std::string_view kMirrored[] = {"answered", "failed",    "timeout",
                                                 "shed",     "too_large", "incomplete"};

// Who makes copies; all that they share. Outlives them by being held by each.
class MirrorOwner {
 public:
  virtual ~MirrorOwner() = default;
  virtual const Handler& forwarder() const noexcept = 0;
  // The copy has come to this; once each. On the worker's thread.
  virtual void ended(unsigned worker, Mirrored how) const noexcept = 0;
};

class MirroredRequest final : private http::ClientlessStream {
 public:
  // Copies the head as it is now.
  MirroredRequest(const Exchange& ex, std::shared_ptr<const MirrorOwner> owner);
  // Not a copy: a request of the gateway's own on behalf of the exchange, as chain::Caller makes them.
  MirroredRequest(Exchange& ex, const CallRequest& request, std::shared_ptr<const MirrorOwner> owner);
  MirroredRequest(const MirroredRequest&) = delete;
  // One that was never sent is `incomplete`, unless gave_up() has said why.
  ~MirroredRequest();

  // Adds a field, in place of those of its name. Both must outlive the request.
  void set(std::string_view name, std::string_view value) { request_.fields.set(name, value); }
  // Of the body, in order. False, and it is given up, if it becomes longer than `most`.
  bool append(std::span<const char> bytes, std::size_t most);
  void reserve(std::size_t bytes) { body_.reserve(bytes); }
  void give_up(Mirrored why) noexcept { end_ = why; }
  net::Wheel& wheel() const noexcept { return worker_->loop.wheel(); }

  // Sends it and drops the answer. Returns at once.
  static void start(std::unique_ptr<MirroredRequest> request);

 private:
  MirroredRequest(const Exchange& ex, const http::RequestHead& head,
                  std::shared_ptr<const MirrorOwner> owner);
  static base::Detached run(base::Scope& scope, std::unique_ptr<MirroredRequest> request);
  base::Task<base::Result<void>> forward(Exchange& inner);

  // What forwarding asks of a client's stream; there is no client.
  const http::ConnectionFacts& connection() const noexcept override { return facts_; }
  std::string_view peer_ip() const noexcept override { return peer_ip_; }
  base::Arena& arena() noexcept override { return *memory_; }
  http::RequestHead& request() noexcept override { return request_; }
  base::SteadyTime begun() const noexcept override { return begun_; }

  std::shared_ptr<const MirrorOwner> owner_;
  Worker* worker_;
  base::ArenaLease memory_;
  http::ListenerFacts listener_;
  http::ConnectionFacts facts_;
  std::string_view peer_ip_, route_name_;
  base::SteadyTime begun_;
  http::RequestHead request_;
  std::string body_;
  Mirrored end_ = Mirrored::incomplete;
};

// Passes the exchange's request body on and gives the copy what it sees of it; sends the copy after the last
// piece. The copy is given up, and nothing is kept for it any more, when the body has not come `within` that
// time; zero: no limit.
http::BodyPtr mirrored_body(base::Arena& arena, http::BodyPtr source, std::unique_ptr<MirroredRequest> copy,
                            std::size_t most, base::Duration within);

}  // namespace sluice::chain
