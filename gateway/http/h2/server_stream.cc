// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/server_stream.h"

#include "gateway/http/date.h"
#include "gateway/http/grpc.h"
#include "gateway/http/h2/tunnel_body.h"
#include "gateway/http/semantics.h"

namespace sluice::http::h2 {

using base::Outcome;
using base::Reason;
using base::Result;
using base::Task;

class ServerStream::RequestBody final : public Body {
 public:
  RequestBody(ServerStream& stream, const Framing& framing, const ServerOptions& options) noexcept
      : stream_(&stream),
        known_(framing.kind == Framing::Kind::length),
        left_(framing.length),
        allowance_(options.max_body),
        timeout_(options.body_timeout),
        pace_(options.min_rate, *stream.connection_->loop_) {
    auto whole = options.request_timeout;
    if (whole.count() != 0) pace_.end_by(stream.begun() + whole);
  }

  Task<Result<Piece>> read(std::size_t at_most) override {
    if (auto piece = stream_->take(at_most)) return counted(std::move(*piece));
    return wait(at_most);
  }
  std::optional<std::uint64_t> length() const noexcept override {
    return known_ ? std::optional(left_) : std::nullopt;
  }

 private:
  Task<Result<Piece>> wait(std::size_t at_most) {
    if (stream_->expectation_open_) {
      ResponseHead go_on(stream_->arena());
      go_on.status = 100;
      auto sent = co_await stream_->send_interim(go_on);
      if (!sent) co_return std::move(sent).unexpected();
    }
    // Tasks begin when they are awaited: what has come since read() looked was told to nobody.
    if (auto piece = stream_->take(at_most)) co_return counted(std::move(*piece));
    if (!stream_->bound()) co_return base::Unexpected{stream_->ended_early()};
    for (;;) {
      std::optional<base::Duration> timeout = base::Duration::zero();
      bool timed = !stream_->body_runs_;  // it may have become a stream when the wait is over
      if (timed) timeout = pace_.begin_wait(timeout_, stream_->bytes_received());
      if (!timeout) co_return silent();
      auto arrived = stream_->arrived().wait(*timeout);
      auto outcome = co_await arrived;
      if (timed) pace_.end_wait();
      if (outcome == Outcome::cancelled) co_return base::fail(arrived.why());
      if (auto piece = stream_->take(at_most)) co_return counted(std::move(*piece));
      if (outcome == Outcome::timeout && !stream_->body_runs_) co_return silent();
      if (!stream_->bound()) co_return base::Unexpected{stream_->ended_early()};
    }
  }
  static base::Unexpected silent() {
    return base::fail(Reason::client_timeout, "the request body stopped in the middle, or comes too slowly");
  }
  Result<Piece> counted(Result<Piece> piece) {
    if (!piece) return piece;
    std::size_t n = piece->bytes.size();
    if (n > allowance_ && !stream_->body_runs_)
      return base::fail(Reason::body_too_large, "the body exceeds the limit");
    allowance_ -= std::min<std::uint64_t>(allowance_, n);
    if (known_) left_ -= std::min<std::uint64_t>(left_, n);
    return piece;
  }

  ServerStream* stream_;
  bool known_;
  std::uint64_t left_;       // of a known length
  std::uint64_t allowance_;  // until body_too_large
  base::Duration timeout_;
  net::Pace pace_;
};

ServerStream::ServerStream(ServerConnection& connection, std::int32_t id)
    : ConnectedStream(*connection.facts_),
      Stream(connection.session_, connection.options_->write_timeout),
      connection_(&connection),
      scope_(&connection.scope_),
      request_(*arena_),
      trailers_(*arena_),
      begun_(connection.loop_->now()) {
  if (connection.options_->min_rate.bytes != 0) keep_pace(connection.options_->min_rate, *connection.loop_);
  reader_.emplace(connection.options_->limits, request_);
  bind(id);
  measure_waits(*connection.loop_);
}

bool ServerStream::on_field(std::string_view name, std::string_view value) {
  if (reader_) return reader_->add(name, value);
  if (!trailers_reader_)
    trailers_reader_.emplace(connection_->options_->limits, trailers_, Reason::bad_request);
  return trailers_reader_->add(name, value);
}

bool ServerStream::on_block_end(bool last) {
  if (!reader_) {
    // RFC 9113 section 8.5
    if (!request_.upgrade.empty()) {
      malformed("a field section in a tunnel");
      return false;
    }
    // RFC 9113 section 8.1: a further block ends the message.
    bool good = last && length_.complete() && (!trailers_reader_ || trailers_reader_->finish());
    if (good) {
      receive_end(trailers_.lines().empty() ? nullptr : &trailers_);
    } else {
      malformed("the trailer section or what came before it is malformed");
    }
    return false;
  }
  const ServerOptions& options = *connection_->options_;
  auto control = reader_->finish(last);
  if (auto fits = control ? check_length(control->framing, options.max_body) : Result<void>(); !fits)
    control = std::move(fits).unexpected();
  if (control) {
    control_ = *control;
    expectation_open_ = control_.expect_continue;
    // The bytes of a tunnel have no length.
    length_.expect(request_.upgrade.empty() ? control_.framing : Framing{Framing::Kind::chunked, 0});
  } else {
    fault_ = std::move(control).error();
    length_.expect({Framing::Kind::chunked, 0});
    if (reader_->malformed()) end_with_reset(NGHTTP2_PROTOCOL_ERROR);
  }
  reader_.reset();
  if (last) receive_end(nullptr);
  return true;
}

bool ServerStream::on_data(std::span<const char> bytes) {
  if (!length_.take(bytes.size())) return false;
  received(bytes);
  return true;
}

bool ServerStream::on_data_end() {
  if (!length_.complete()) return false;
  receive_end(nullptr);
  return true;
}

void ServerStream::malformed(const char* detail) noexcept {
  receive_failed(Reason::bad_request, detail);
  reset_later(NGHTTP2_PROTOCOL_ERROR);
}

BodyPtr ServerStream::take_body() {
  if (control_.framing.kind == Framing::Kind::none || body_taken_) return nullptr;
  if (control_.framing.kind == Framing::Kind::length && control_.framing.length == 0) return nullptr;
  body_taken_ = true;
  return make_body<RequestBody>(*arena_, *this, control_.framing, *connection_->options_);
}

Task<Result<void>> ServerStream::send_interim(const ResponseHead& head) {
  if (head.status == 100) expectation_open_ = false;
  auto lines = response_lines(head, {});
  bool submitted = bound() && nghttp2_submit_headers(session().get(), NGHTTP2_FLAG_NONE, id(), nullptr,
                                                     lines.data(), lines.size(), nullptr) == 0;
  if (!submitted) return Result<void>(base::Unexpected{ended_early()});
  session().pack();
  return Result<void>();
}

BodyPtr ServerStream::switch_protocols(net::ScopeTimer& idle) {
  if (request_.upgrade.empty()) return nullptr;
  idle_ = &idle;
  be_patient();
  return make_body<TunnelBody>(*arena_, *this, idle, Reason::client_closed);
}

// RFC 8441 section 5: the 101 of HTTP/1 is a 200 here, and there is nothing to upgrade.
Task<Result<void>> ServerStream::send_switched(ResponseHead& head, Body& body) {
  auto submit = [&](const nghttp2_data_provider* source) {
    head.status = 200;
    auto lines = response_lines(head, date_now(*connection_->loop_));
    head.status = 101;
    head_sent_ = nghttp2_submit_response(session().get(), id(), lines.data(), lines.size(), source) == 0;
    return head_sent_;
  };
  Sent sent = co_await Stream::send(submit, &body, std::nullopt);
  auto result = result_of(sent);
  if (!result) reset_code_ = NGHTTP2_CONNECT_ERROR;  // RFC 9113 section 8.5
  co_return result;
}

Task<Result<void>> ServerStream::send(ResponseHead& head, BodyPtr& body) {
  if (idle_ && head.status == 101 && body) return send_switched(head, *body);
  // RFC 8441 section 5: the client would take any 2xx for an open tunnel, and the body for what came through
  // it. A client can ask any service for a tunnel, so this is no failure of the target.
  if (!request_.upgrade.empty() && head.status / 100 == 2) [[unlikely]]
    return Result<void>(base::fail(Reason::upgrade_unsupported, "a success that switches no protocols"));
  Framing::Kind framing = frame_response(request_.method, head, body.get());
  grpc_ = is_grpc(head.fields);
  Body* sent_body = framing == Framing::Kind::none ? nullptr : body.get();
  auto submit = [&](const nghttp2_data_provider* source) {
    auto lines = response_lines(head, date_now(*connection_->loop_));
    head_sent_ = nghttp2_submit_response(session().get(), id(), lines.data(), lines.size(), source) == 0;
    return head_sent_;
  };
  auto length = framing == Framing::Kind::length ? sent_body->length() : std::nullopt;
  auto sending = Stream::send(submit, sent_body, length);
  if (sending.await_ready()) return result_of(sending.await_resume());
  return finish_sending(std::move(sending));
}

Task<Result<void>> ServerStream::finish_sending(Task<Sent> sending) {
  Sent sent = co_await sending;
  co_return result_of(sent);
}

Result<void> ServerStream::result_of(const Sent& sent) {
  if (sent.body) {
    reset_code_ = NGHTTP2_INTERNAL_ERROR;
    say_why(*sent.body);
    return base::fail(sent.body->reason, sent.body->detail);
  }
  switch (sent.written.kind) {
    case net::Written::Kind::all:
      return {};
    case net::Written::Kind::cancelled:
      say_why({sent.written.why, {}});
      return base::fail(sent.written.why);
    case net::Written::Kind::timeout:
      return base::fail(Reason::client_write_timeout, "the client does not read");
    case net::Written::Kind::failed:
      break;
  }
  return base::Unexpected{ended_early()};
}

// A response of gRPC that breaks off ends by the status, which tells the cause, where others are only reset.
void ServerStream::say_why(const base::Error& error) {
  if (!grpc_ || !head_sent_ || base::client_left(error.reason)) return;
  const auto& row = base::row(error.reason);
  bool callers = row.where == base::Where::downstream && !error.detail.empty();
  Fields trailers(*arena_);
  add_grpc_status(trailers, row, callers ? std::string_view(error.detail) : row.explanation);
  break_off(trailers);
}

base::Error ServerStream::ended_early() const {
  if (failure() != Reason::none) return {failure(), failure_detail()};
  return {Reason::client_closed, "the client reset the stream before it had the whole response"};
}

void ServerStream::finish() noexcept {
  if (!bound() || sent_all()) return;
  reset(reset_code_);
}

}  // namespace sluice::http::h2
