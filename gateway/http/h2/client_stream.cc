// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/client_stream.h"

#include "gateway/http/grpc.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/h2/tunnel_body.h"

namespace sluice::http::h2 {

using base::Outcome;
using base::Reason;
using base::Result;
using base::Task;

namespace {

// Memory that a header list takes by the measure of SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 section 6.5.2).
std::size_t list_size(std::span<const nghttp2_nv> lines) noexcept {
  constexpr std::size_t kOverhead = 32;
  std::size_t n = 0;
  for (const auto& line : lines) n += line.namelen + line.valuelen + kOverhead;
  return n;
}

struct Ending {
  Reason why;
  const char* detail;
};

// What it means that a stream was reset with this code before the response was complete.
Ending ending(std::uint32_t code) noexcept {
  switch (code) {
    case NGHTTP2_REFUSED_STREAM:  // RFC 9113 section 8.7: certainly not processed
      return {Reason::upstream_refused, "the target refused the request unprocessed"};
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_STREAM_CLOSED:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
      return {Reason::upstream_protocol, "the stream was reset for a breach of the rules of HTTP/2"};
    case NGHTTP2_HTTP_1_1_REQUIRED:
      return {Reason::upstream_protocol, "the target wants HTTP/1.1 for this"};
    default:
      return {Reason::upstream_reset, "the target reset the stream before its answer was complete"};
  }
}

}  // namespace

class ClientStream::ResponseBody final : public Body {
 public:
  explicit ResponseBody(ClientStream& stream) noexcept : stream_(&stream) {
    if (stream.framing_.kind == Framing::Kind::length) left_ = stream.framing_.length;
  }

  Task<Result<Piece>> read(std::size_t at_most) override {
    if (auto now = take(at_most)) return std::move(*now);
    return wait(at_most);
  }
  std::optional<std::uint64_t> length() const noexcept override { return left_; }

 private:
  std::optional<Result<Piece>> take(std::size_t at_most) {
    auto piece = stream_->take(at_most);
    if (piece && *piece && left_) *left_ -= (*piece)->bytes.size();
    return piece;
  }
  Task<Result<Piece>> wait(std::size_t at_most) {
    // Tasks begin when they are awaited: what has come since read() looked was told to nobody.
    if (auto now = take(at_most)) co_return std::move(*now);
    for (;;) {
      auto wait = stream_->arrived().wait(stream_->timeouts_.idle);
      auto outcome = co_await wait;
      if (outcome == Outcome::cancelled) co_return base::Unexpected{stream_->given_up(wait.why())};
      if (auto now = take(at_most)) co_return std::move(*now);
      if (outcome == Outcome::timeout)
        co_return base::fail(Reason::timeout_idle, "the target fell silent in the middle of its body");
    }
  }

  ClientStream* stream_;
  std::optional<std::uint64_t> left_;
};

ClientStream::ClientStream(ClientConnection& connection, base::Arena& arena, const ClientTimeouts& timeouts)
    : StreamLease(connection),
      Stream(connection.session_, timeouts.idle),
      arena_(arena),
      timeouts_(timeouts),
      trailers_(arena),
      reused_(connection.exchanges_ > 1) {}

ClientStream::~ClientStream() {
  pump_.reset();
  if (!sent_all() || !received_all()) reset(NGHTTP2_CANCEL);
}

Task<Result<void>> ClientStream::send(const RequestHead& head, std::string_view extra, Body* body) {
  method_ = head.method;
  // Extended CONNECT stands for GET; of other methods the wish is ignored (RFC 9110 section 7.8).
  if (!head.upgrade.empty() && head.method == Method::get) [[unlikely]]
    return connect(head, extra);
  // Services of gRPC insist on hearing that trailers will get through.
  if (head.takes_trailers || is_grpc(head.fields)) extra = arena_.join(extra, "TE: trailers\r\n");
  auto lines = lines_of(head, extra, {});
  if (!lines) return Result<void>(std::move(lines).unexpected());
  body_touched_ = body != nullptr;
  packed_before_ = session().packed();
  expect(static_cast<std::int32_t>(nghttp2_session_get_next_stream_id(session().get())));
  bool submitted = false;
  auto sending =
      Stream::send([&](const nghttp2_data_provider* source) { return submitted = submit(*lines, source); },
                   body, body ? body->length() : std::nullopt);
  if (!submitted) unbind();
  if (sending.await_ready()) return sent(sending.await_resume());
  return pump_beside(std::move(sending));
}

Result<std::span<nghttp2_nv>> ClientStream::lines_of(const RequestHead& head, std::string_view extra,
                                                     std::string_view protocol) const {
  auto target = h1::target_of(head);
  std::string_view host = head.fields.value(FieldId::host);
  auto lines = request_lines(head,
                             {connection_->scheme_, host.empty() ? head.authority : host, target.path,
                              target.query, target.has_query, protocol},
                             extra);
  auto at_most = nghttp2_session_get_remote_settings(session().get(), NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
  if (list_size(lines) <= at_most) return lines;
  return base::fail(Reason::header_too_large, "the request head exceeds what the target accepts");
}

bool ClientStream::submit(std::span<nghttp2_nv> lines, const nghttp2_data_provider* source) noexcept {
  if (connection_->failed_) return false;
  return nghttp2_submit_request(session().get(), nullptr, lines.data(), lines.size(), source,
                                static_cast<Stream*>(this)) == id();
}

// What could not be sent is no error yet: the target may have answered before. receive() finds out.
Result<void> ClientStream::sent(const Sent& sent) {
  if (sent.body) return base::fail(sent.body->reason, sent.body->detail);
  if (sent.written.kind == net::Written::Kind::cancelled) return base::fail(sent.written.why);
  return {};
}

Task<Result<void>> ClientStream::pump_beside(Task<Sent> sending) {
  scope_ = co_await base::this_scope();
  pump_.emplace(scope_);
  pump_->start(pump(std::move(sending)));
  if (body_error_) co_return base::Unexpected{*body_error_};
  co_return Result<void>();
}

Task<void> ClientStream::pump(Task<Sent> sending) {
  Sent sent = co_await sending;
  if (sent.body) {
    body_error_ = std::move(sent.body);
    scope_->cancel(body_error_->reason);  // whoever waits for the response waits in vain
  }
  if (sent.written.kind == net::Written::Kind::timeout)
    receive_failed(Reason::timeout_idle, "the target does not read the request");
  sent_since_ = connection_->loop_->now();
  arrived().notify();  // from here on the first byte timeout counts
}

std::optional<Result<void>> ClientStream::take_head(ResponseHead& out) {
  if (first_) {
    out = first_->head;
    first_ = first_->next;
    if (!upgrade_.empty() && out.status >= 200) end_sending();  // there will be no tunnel
    return Result<void>();
  }
  auto failure = take(0);
  if (failure && !*failure) return Result<void>(std::move(*failure).unexpected());
  if (bound()) return std::nullopt;
  return Result<void>(base::fail(reused_ ? Reason::stale_connection : Reason::upstream_reset,
                                 "the target closed the connection before it answered"));
}

// What waits behind a socket that is full may still be sent.
bool ClientStream::unsent() const noexcept {
  return connection_->written_off_ && session().sent() <= packed_before_;
}

Task<Result<void>> ClientStream::receive(ResponseHead& out) {
  if (auto now = take_head(out)) return std::move(*now);
  return receive_slowly(out);
}

Task<Result<void>> ClientStream::receive_slowly(ResponseHead& out) {
  if (auto now = take_head(out)) co_return std::move(*now);  // has come since receive() looked
  for (;;) {
    bool sending = pump_ && pump_->running();
    base::Duration timeout = sending     ? base::Duration::zero()
                             : answered_ ? timeouts_.idle
                                         : timeouts_.first_byte;
    auto wait = arrived().wait(timeout);
    auto outcome = co_await wait;
    if (outcome == Outcome::cancelled) co_return base::Unexpected{given_up(wait.why())};
    if (auto now = take_head(out)) co_return std::move(*now);
    if (outcome != Outcome::timeout) continue;
    if (answered_)
      co_return base::fail(Reason::timeout_idle,
                           "the target fell silent between its interim response and the answer");
    co_return base::fail(Reason::timeout_first_byte, "the target sent nothing");
  }
}

BodyPtr ClientStream::body(base::Arena& arena) {
  if (idle_) return make_body<TunnelBody>(arena, *this, *idle_, Reason::upstream_reset);
  bool none = framing_.kind == Framing::Kind::none ||
              (framing_.kind == Framing::Kind::length && framing_.length == 0);
  if (none) return nullptr;
  return make_body<ResponseBody>(arena, *this);
}

void ClientStream::section_begins() {
  answered_ = true;
  if (spoilt_) return;
  if (has_head_) {
    trailer_reader_.emplace(kLimits, trailers_, Reason::response_invalid);
    return;
  }
  reading_ = arena_.make<Arrived>(arena_);
  head_reader_.emplace(kLimits, reading_->head);
}

bool ClientStream::field(std::string_view name, std::string_view value) {
  if (spoilt_) return true;
  SectionReader& reader = has_head_ ? static_cast<SectionReader&>(*trailer_reader_) : *head_reader_;
  if (reader.add(name, value)) return true;
  spoil({Reason::response_invalid, "the response head exceeds the limit"});
  return false;
}

void ClientStream::section_ends(bool last) {
  if (spoilt_) return;
  if (has_head_) {
    trailers_end(last);
  } else {
    head_ends(last);
  }
}

void ClientStream::head_ends(bool last) {
  auto control = head_reader_->finish(last, method_);
  if (!control) return spoil(control.error());
  if (reading_->head.status < 200 && ++interim_ > kMaxInterim)
    return spoil({Reason::upstream_protocol, "too many interim responses"});
  (first_ ? last_->next : first_) = reading_;
  last_ = reading_;
  if (reading_->head.status >= 200) {
    has_head_ = true;
    framing_ = control->framing;
    if (!upgrade_.empty() && reading_->head.status < 300) take_switch();
    length_.expect(framing_);
    if (last) receive_end(nullptr);
  }
  arrived().notify();
}

void ClientStream::trailers_end(bool last) {
  // RFC 9113 section 8.5
  if (reading_->head.status == 101) return spoil({Reason::upstream_protocol, "a field section in a tunnel"});
  if (!last) return spoil({Reason::response_invalid, "a field section in the middle of the body"});
  if (auto good = trailer_reader_->finish(); !good) return spoil(good.error());
  if (!length_.complete())
    return spoil({Reason::response_invalid, "the body is shorter than its Content-Length"});
  receive_end(&trailers_);
}

void ClientStream::data(std::span<const char> bytes) {
  if (!spoilt_ && !has_head_) spoil({Reason::upstream_protocol, "a body before its head"});
  if (!spoilt_ && !length_.take(bytes.size()))
    spoil({Reason::response_invalid, "the body is longer than its head says"});
  if (spoilt_) return session().consume_connection(bytes.size());
  received(bytes);
}

void ClientStream::data_ends() {
  if (spoilt_) return;
  if (!has_head_) return spoil({Reason::upstream_protocol, "the stream ended before its head"});
  if (!length_.complete())
    return spoil({Reason::response_invalid, "the body is shorter than its Content-Length"});
  receive_end(nullptr);
}

void ClientStream::closed(std::uint32_t code) noexcept {
  auto [why, detail] = ending(code);
  receive_failed(why, detail);
  deaf();
}

// What the target says on this stream is not passed on. What it says on others may well be right, but the
// connection gets no new ones.
void ClientStream::spoil(const base::Error& error) {
  spoilt_ = true;
  connection_->tainted_ = true;
  receive_failed(error.reason, arena_.join(error.detail, std::string_view("\0", 1)).data());
  reset_later(NGHTTP2_PROTOCOL_ERROR);
}

base::Error ClientStream::given_up(Reason why) const {
  return body_error_ ? *body_error_ : base::Error{why, {}};
}

}  // namespace sluice::http::h2
