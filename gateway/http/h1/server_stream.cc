// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/server_stream.h"

#include "gateway/base/arena_pool.h"
#include "gateway/http/date.h"
#include "gateway/http/grpc.h"
#include "gateway/http/h1/tunnel_body.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/semantics.h"

namespace sluice::http::h1 {

using base::Reason;
using base::Result;
using base::Task;

class ServerStream::RequestBody final : public BodyReader {
 public:
  RequestBody(ServerStream& stream, base::Duration timeout, std::uint64_t limit)
      : BodyReader(*stream.input_, stream.control_.framing, Message::request, *stream.arena_, timeout, limit),
        stream_(&stream),
        pace_(stream.options_->min_rate, *stream.loop_) {
    auto whole = stream.options_->request_timeout;
    if (whole.count() != 0) pace_.end_by(stream.begun() + whole);
    if (pace_.any()) keep_pace(pace_);
  }
  ~RequestBody() override {
    stream_->body_finished_ = complete();
    stream_->body_ = nullptr;
  }

 private:
  Task<Result<void>> before_wait() override {
    if (!stream_->expectation_open_) return Result<void>();
    return send_continue();
  }
  Task<Result<void>> send_continue() {
    stream_->expectation_open_ = false;
    iovec line[] = {net::piece("HTTP/1.1 100 Continue\r\n\r\n")};
    auto written = co_await net::write_all(stream_->input_->transport(), line,
                                           stream_->options_->write_timeout, stream_->sent_);
    stream_->interim_sent_ = stream_->sent_;
    if (!written) co_return base::fail(Reason::client_closed, "the client left before it sent its body");
    co_return Result<void>();
  }
  base::Error silent() override {
    return {Reason::client_timeout, "the request body stopped in the middle, or comes too slowly"};
  }
  base::Error ended() override {
    return {Reason::client_closed, "the client left in the middle of its body"};
  }

  ServerStream* stream_;
  net::Pace pace_;
};

ServerStream::ServerStream(net::Loop& loop, Input& input, base::Arena& arena, const ConnectionFacts& facts,
                           const ServerOptions& options)
    : ConnectedStream(facts),
      loop_(&loop),
      input_(&input),
      arena_(&arena),
      options_(&options),
      request_(arena),
      sender_(loop, input.transport(), arena, options.write_timeout, sent_),
      received_before_(input.received() - input.pending().size()) {
  if (options.min_rate.bytes != 0) sender_.keep_pace(pace_.emplace(options.min_rate, loop));
}

void ServerStream::begin(const Control& control) noexcept {
  control_ = control;
  if (control.framing.length == 0 && control.framing.kind == Framing::Kind::length) control_.framing = {};
  keep_alive_ = control.keep_alive;
  request_.takes_trailers = control.te_trailers;
  expectation_open_ = control.expect_continue;
}

BodyPtr ServerStream::take_body() {
  if (control_.framing.kind == Framing::Kind::none || body_ || body_finished_) return nullptr;
  auto body = make_body<RequestBody>(*arena_, *this, options_->body_timeout, options_->max_body);
  body_ = static_cast<RequestBody*>(body.get());
  body_taken_ = true;
  return body;
}

// Has the request's body been read to its end? One that nobody has begun to read is thrown away, as far as it
// has been received; of one that somebody reads nothing may be taken behind his back.
bool ServerStream::body_done() noexcept {
  if (control_.framing.kind == Framing::Kind::none || body_finished_) return true;
  if (body_) return body_->complete() || (!body_->begun() && body_->discard_received());
  if (expectation_open_ || body_taken_)
    return false;  // it will not come, or who read it stopped in the middle
  auto rest = take_body();
  return body_->discard_received();
}

Task<Result<void>> ServerStream::send_interim(const ResponseHead& head) {
  if (request_.version == Version::http_1_0) co_return Result<void>();  // RFC 9110 section 15.2
  if (head.status == 100) expectation_open_ = false;
  iovec text[] = {net::piece(write_head(head, false, *arena_))};
  auto written = co_await net::write_all(input_->transport(), text, options_->write_timeout, sent_);
  interim_sent_ = sent_;
  co_return result_of(Sent{written, std::nullopt});
}

// RFC 9112 section 6: chooses how the body is delimited and makes the fields say so.
void ServerStream::frame(ResponseHead& head, const Body* body, Framing::Kind& framing) {
  framing = frame_response(request_.method, head, body);
  if (framing == Framing::Kind::chunked && request_.version == Version::http_1_0) {
    framing = Framing::Kind::until_close;
    ends_by_closing_ = true;
    keep_alive_ = false;
    head.fields.remove(FieldId::trailer);
  }
  if (framing == Framing::Kind::chunked) {
    head.fields.add(FieldId::transfer_encoding, "chunked");
    // RFC 9110 section 6.5.1. A call of gRPC is nothing without them, so whoever makes one reads them.
    if (!request_.takes_trailers && !is_grpc(head.fields)) {
      sender_.leave_out_trailers();
      head.fields.remove(FieldId::trailer);
    }
  }
  if (!body_done()) keep_alive_ = false;
}

std::string_view ServerStream::write_head(const ResponseHead& head, bool final, base::Arena& to) {
  std::string_view connection;
  if (switched() && head.status == 101) {
    connection = to.join("Connection: Upgrade\r\nUpgrade: ", head.upgrade, "\r\n");
  } else if (head.status == 426 && !head.upgrade.empty()) {  // RFC 9110 section 15.5.22
    connection = to.join(keep_alive_ ? "Connection: Upgrade" : "Connection: close, Upgrade",
                         "\r\nUpgrade: ", head.upgrade, "\r\n");
  } else if (final && !keep_alive_)
    connection = "Connection: close\r\n";
  if (final && keep_alive_ && request_.version == Version::http_1_0)
    connection = "Connection: keep-alive\r\n";
  std::string_view extra = connection;
  if (final && !head.fields.has(FieldId::date))
    extra = to.join("Date: ", date_now(*loop_), "\r\n", connection);
  char* out = to.chars(response_head_size(head, extra));
  char* end = write_response_head(out, head, extra);
  return {out, static_cast<std::size_t>(end - out)};
}

BodyPtr ServerStream::switch_protocols(net::ScopeTimer& idle) {
  if (request_.upgrade.empty()) return nullptr;
  idle_ = &idle;
  keep_alive_ = false;
  return make_body<TunnelBody>(*arena_, *input_, idle, Reason::client_closed);
}

Task<Result<void>> ServerStream::send_switched(const ResponseHead& head, Body& body) {
  std::optional<base::ArenaLease> scratch(std::in_place);  // the head goes, the tunnel stays
  Sent sent = co_await sender_.send(write_head(head, true, **scratch), nullptr, Framing::Kind::none);
  scratch.reset();
  if (sent) sent = co_await sender_.tunnel(body, *idle_);
  Reason why = sent.body ? sent.body->reason : sent.written.why;
  // What the target broke off must not look like its end.
  if (why == Reason::upstream_reset || why == Reason::upstream_protocol || why == Reason::response_invalid)
    input_->transport().reset_on_close();
  co_return end_of_response(sent);
}

Task<Result<void>> ServerStream::send(ResponseHead& head, BodyPtr& body) {
  if (switched() && head.status == 101 && body) return send_switched(head, *body);
  Framing::Kind framing;
  frame(head, body.get(), framing);
  Body* sent_body = framing == Framing::Kind::none ? nullptr : body.get();
  auto sending = sender_.send(write_head(head, true, *arena_), sent_body, framing);
  if (sending.await_ready()) return end_of_response(sending.await_resume());
  return finish(std::move(sending));
}

Task<Result<void>> ServerStream::finish(Task<Sent> sending) {
  Sent sent = co_await sending;
  co_return end_of_response(sent);
}

Result<void> ServerStream::end_of_response(const Sent& sent) {
  auto result = result_of(sent);
  complete_ = result.has_value();
  return result;
}

Result<void> ServerStream::result_of(const Sent& sent) {
  if (sent.body) return base::fail(sent.body->reason, sent.body->detail);
  switch (sent.written.kind) {
    case net::Written::Kind::all:
      return {};
    case net::Written::Kind::cancelled:
      if (sent.written.why == Reason::shed) input_->transport().reset_on_close();
      return base::fail(sent.written.why);
    case net::Written::Kind::timeout:
      // What it does not read would stay in the system's buffers, megabytes of it, for as long as it likes.
      input_->transport().reset_on_close();
      return base::fail(Reason::client_write_timeout, "the client does not read, or too slowly");
    case net::Written::Kind::failed:
      break;
  }
  return base::fail(Reason::client_closed, "the client left before it had the whole response");
}

}  // namespace sluice::http::h1
