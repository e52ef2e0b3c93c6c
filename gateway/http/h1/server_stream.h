// SPDX-License-Identifier: Apache-2.0
// The one exchange that an HTTP/1 server connection is busy with, as the layers above see it, and its request
// body. Private to h1/server.
#pragma once
#include "gateway/http/connected_stream.h"
#include "gateway/http/h1/body_reader.h"
#include "gateway/http/h1/parser.h"
#include "gateway/http/h1/send.h"
#include "gateway/http/h1/server.h"

namespace sluice::http::h1 {

class ServerStream final : public ConnectedStream {
 public:
  ServerStream(net::Loop& loop, Input& input, base::Arena& arena, const ConnectionFacts& facts,
               const ServerOptions& options);

  base::Arena& arena() noexcept override { return *arena_; }
  RequestHead& request() noexcept override { return request_; }
  BodyPtr take_body() override;
  base::SteadyTime begun() const noexcept override { return begun_; }
  void relay_expectation() noexcept override { expectation_open_ = false; }
  base::Task<base::Result<void>> send_interim(const ResponseHead& head) override;
  base::Task<base::Result<void>> send(ResponseHead& head, BodyPtr& body) override;
  bool head_sent() const noexcept override { return sent_ != interim_sent_; }
  BodyPtr switch_protocols(net::ScopeTimer& idle) override;
  void close_after() noexcept override { keep_alive_ = false; }
  std::uint64_t bytes_received() const noexcept override { return input_->received() - received_before_; }
  std::uint64_t bytes_sent() const noexcept override { return sent_; }
  base::Duration client_wait() const noexcept override { return sender_.waited(); }
  bool trailers_dropped() const noexcept override { return sender_.trailers_dropped(); }

  // From the connection, before the service is called.
  void begin(const Control& control) noexcept;
  void set_begun(base::SteadyTime time) noexcept { begun_ = time; }

  // For the connection, afterwards. Has the response left as a whole?
  bool complete() const noexcept { return complete_; }
  // Is the end of the connection all that tells the client where the body ends?
  bool ends_by_closing() const noexcept { return ends_by_closing_; }
  // May another request be read? No: the client or we want to close, the answer was not completed, or its
  // request body has not been read to the end.
  bool reusable() noexcept { return keep_alive_ && complete_ && body_done(); }
  // The client may still be sending what nobody has read.
  bool request_unread() noexcept { return !body_done(); }
  // The connection is a tunnel: the client may finish sending without having left.
  bool switched() const noexcept { return idle_ != nullptr; }

 private:
  class RequestBody;
  bool body_done() noexcept;
  void frame(ResponseHead& head, const Body* body, Framing::Kind& framing);
  std::string_view write_head(const ResponseHead& head, bool final, base::Arena& to);
  base::Task<base::Result<void>> finish(base::Task<Sent> sending);
  base::Task<base::Result<void>> send_switched(const ResponseHead& head, Body& body);
  base::Result<void> result_of(const Sent& sent);
  base::Result<void> end_of_response(const Sent& sent);

  net::Loop* loop_;
  Input* input_;
  base::Arena* arena_;
  const ServerOptions* options_;
  RequestHead request_;
  Control control_;
  BodySender sender_;
  std::optional<net::Pace> pace_;    // of the response, if the listener has a least rate
  RequestBody* body_ = nullptr;      // in the arena, while it lives
  net::ScopeTimer* idle_ = nullptr;  // of the tunnel, once protocols have been switched
  bool body_taken_ = false;
  bool body_finished_ = false;  // the body object went away after the last piece
  bool expectation_open_ = false;
  bool keep_alive_ = false;
  bool complete_ = false;  // the response has left as a whole
  bool ends_by_closing_ = false;
  std::uint64_t sent_ = 0;          // bytes
  std::uint64_t interim_sent_ = 0;  // of those, before the final response
  std::uint64_t received_before_;
  base::SteadyTime begun_{};
};

}  // namespace sluice::http::h1
