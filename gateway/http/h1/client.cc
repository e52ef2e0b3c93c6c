// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/client.h"

#include <cerrno>

#include "gateway/base/arena_pool.h"
#include "gateway/base/job.h"
#include "gateway/base/strings.h"
#include "gateway/http/h1/body_reader.h"
#include "gateway/http/h1/head_reader.h"
#include "gateway/http/h1/keep_alive.h"
#include "gateway/http/h1/send.h"
#include "gateway/http/h1/tunnel_body.h"
#include "gateway/http/h1/websocket_key.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/upgrade.h"

namespace sluice::http::h1 {

using base::Outcome;
using base::Reason;
using base::Result;
using base::Task;

namespace {

constexpr const char* kDoesNotRead = "the target does not read the request";

}  // namespace

class ClientConnection::Stream final : public ClientStream, private net::Watcher {
 public:
  Stream(ClientConnection& c, base::Arena& arena, const ClientTimeouts& timeouts)
      : connection_(c),
        arena_(arena),
        timeouts_(timeouts),
        reader_(kLimits),
        sender_(*c.loop_, *c.transport_, arena, timeouts.idle, sent_),
        received_before_(c.input_.received()) {}
  ~Stream() override;

  Task<Result<void>> send(const RequestHead& head, std::string_view extra, Body* body) override;
  Task<Result<void>> receive(ResponseHead& out) override;
  BodyPtr body(base::Arena& arena) override;
  void switch_protocols(Body& from, base::Scope& scope, net::ScopeTimer& idle) override;
  Task<void> all_sent() override;
  bool reused() const noexcept override { return connection_.exchanges_ > 1; }
  bool answered() const noexcept override { return connection_.input_.received() != received_before_; }
  bool unsent() const noexcept override { return sent_ == 0; }
  std::optional<base::SteadyTime> sent_since() const noexcept override {
    return request_complete_ ? std::optional(sent_since_) : std::nullopt;
  }
  bool body_touched() const noexcept override { return body_touched_; }
  bool trailers_dropped() const noexcept override { return sender_.trailers_dropped(); }
  std::uint64_t bytes_sent() const noexcept override { return sent_; }
  std::uint64_t bytes_received() const noexcept override {
    return connection_.input_.received() - received_before_;
  }

 private:
  friend class ClientConnection::ResponseBody;
  static constexpr HeadLimits kLimits{};
  static constexpr std::string_view kVersion = "Sec-WebSocket-Version";
  static constexpr std::string_view kAccept = "Sec-WebSocket-Accept";
  // A target may send this many interim responses before its answer; more is no HTTP conversation.
  static constexpr int kMaxInterim = 32;

  Result<void> request_sent(const Sent& sent);
  Task<Result<void>> finish_send(Task<Sent> sending, Body* body);
  std::string_view ask_upgrade(const RequestHead& head, std::string_view extra);
  void start_pump(Body& body);
  Task<void> pump(Body& body);
  Task<void> pass_on(Body& from);
  void on_activity(bool hangup) noexcept override;
  std::optional<Result<void>> take_head(ResponseHead& out);
  Task<Result<void>> receive_slowly(ResponseHead& out);
  Result<void> take(std::size_t length, ResponseHead& out);
  Result<void> take_switch(std::size_t length, ResponseHead& out);
  base::Error lost() const;
  base::Error given_up(Reason why) const;

  ClientConnection& connection_;
  base::Arena& arena_;
  ClientTimeouts timeouts_;
  ResponseReader reader_;
  BodySender sender_;
  base::Scope* scope_ = nullptr;
  std::optional<base::Job<void>> pump_;    // sends the rest of the request's body beside the response
  std::optional<base::Error> body_error_;  // why the request's body could not be read
  Asked asked_;
  std::optional<base::ArenaLease>
      scratch_;                      // of the request's head, if it asks for an upgrade: not kept as long
  std::string_view upgrade_;         // the protocol that was asked for
  net::ScopeTimer* idle_ = nullptr;  // of the tunnel, once protocols have been switched
  std::string_view accept_;  // what the target has to answer to a WebSocket key of ours, "" if there is none
  Framing framing_;
  bool keep_alive_ = false;
  bool body_touched_ = false;
  bool awaits_head_ = false;
  bool not_taken_ = false;  // the rest of the request's body, within the idle time
  bool request_complete_ = false;
  bool response_complete_ = false;
  int interim_ = 0;
  std::uint64_t sent_ = 0;
  base::SteadyTime sent_since_{};
  std::uint64_t received_before_;
};

class ClientConnection::ResponseBody final : public BodyReader {
 public:
  ResponseBody(Stream& stream, base::Arena& arena)
      : BodyReader(stream.connection_.input_, stream.framing_, Message::response, arena,
                   stream.timeouts_.idle, std::numeric_limits<std::uint64_t>::max()),
        stream_(stream) {}
  ~ResponseBody() override { stream_.response_complete_ = complete() || length() == 0u; }

 private:
  base::Error silent() override {
    return {Reason::timeout_idle, "the target fell silent in the middle of its body"};
  }
  base::Error ended() override {
    return {Reason::upstream_reset, "the target closed the connection in the middle of its body"};
  }
  base::Error cancelled(Reason why) override { return stream_.given_up(why); }
  Stream& stream_;
};

ClientConnection::ClientConnection(net::Loop& loop, net::TransportPtr transport, Owner& owner)
    : loop_(&loop), transport_(std::move(transport)), owner_(&owner), input_(*transport_, loop.buffers()) {
  transport_->watch(this);
}

ClientConnection::~ClientConnection() = default;

// The event may be about bytes that were read before it was looked at: those of the response's end.
void ClientConnection::on_activity(bool hangup) noexcept {
  if (hangup || !transport_->drained()) owner_->lost();
}

ClientStreamPtr ClientConnection::open(base::Arena& arena, const ClientTimeouts& timeouts) {
  transport_->watch(nullptr);
  ++exchanges_;
  busy_ = true;
  return ClientStreamPtr(new (arena.allocate(sizeof(Stream), alignof(Stream)))
                             Stream(*this, arena, timeouts));
}

ClientConnection::Stream::~Stream() {
  pump_.reset();
  auto& c = connection_;
  // A client that broke the tunnel off did so to the target.
  if (idle_ && scope_->why() == Reason::client_closed) c.transport_->reset_on_close();
  // Bytes behind the response were not asked for: nobody may ever see them, in the socket or out of it.
  bool reusable = response_complete_ && request_complete_ && keep_alive_ && c.input_.empty() &&
                  !c.transport_->hung_up() && c.transport_->drained();
  if (reusable) {
    c.input_.release();
    c.transport_->watch(&c);
  }
  c.busy_ = false;
  c.owner_->stream_ended(reusable);
}

namespace {

// What does not say its length rightly is not sent: the target would take the rest for another request.
bool framed(const RequestHead& head, const Body* body) noexcept {
  const Field* announced = head.fields.find(FieldId::content_length);
  auto length = body ? body->length() : 0;
  if (!announced) return !body || !length;
  return length && base::parse_decimal(announced->value) == *length;
}

}  // namespace

Task<Result<void>> ClientConnection::Stream::send(const RequestHead& head, std::string_view extra,
                                                  Body* body) {
  asked_ = {head.method, !head.upgrade.empty()};
  if (!framed(head, body))
    return Result<void>(base::fail(Reason::internal, "Content-Length is not the body's"));
  Framing::Kind framing = Framing::Kind::none;
  if (body) {
    framing = body->length() ? Framing::Kind::length : Framing::Kind::chunked;
    if (framing == Framing::Kind::chunked) extra = arena_.join(extra, "Transfer-Encoding: chunked\r\n");
  }
  if (asked_.upgrade) [[unlikely]] {
    extra = ask_upgrade(head, extra);
  } else if (head.takes_trailers) {
    extra = arena_.join(extra, "TE: trailers\r\nConnection: TE\r\n");
  }
  auto target = target_of(head);
  char* out = (scratch_ ? **scratch_ : arena_).chars(request_head_size(head, target, extra));
  char* end = write_request_head(out, head, target, extra);
  body_touched_ = body != nullptr;
  auto sending = sender_.start({out, static_cast<std::size_t>(end - out)}, body, framing);
  if (sending.await_ready() && !sender_.more()) return request_sent(sending.await_resume());
  return finish_send(std::move(sending), body);
}

std::string_view ClientConnection::Stream::ask_upgrade(const RequestHead& head, std::string_view extra) {
  upgrade_ = head.upgrade;
  base::Arena& arena = *scratch_.emplace();
  extra = arena.join(extra, "Connection: Upgrade\r\nUpgrade: ", upgrade_, "\r\n");
  // The client speaks HTTP/2, where a WebSocket is opened without a key: RFC 8441 section 5.
  if (head.version != Version::http_2 || !same_protocol(upgrade_, "websocket")) return extra;
  auto key = make_websocket_key();
  accept_ = arena_.copy(accept_of(key.view()).view());
  std::string_view version = head.fields.find(kVersion) ? "" : "Sec-WebSocket-Version: 13\r\n";
  return arena.join(extra, version, "Sec-WebSocket-Key: ", key.view(), "\r\n");
}

// A write that failed is no error yet: the target may have answered before it closed. receive() finds out.
Result<void> ClientConnection::Stream::request_sent(const Sent& sent) {
  if (sent.body) return base::fail(sent.body->reason, sent.body->detail);
  if (sent.written.kind == net::Written::Kind::cancelled) return base::fail(sent.written.why);
  if (sent.written.kind == net::Written::Kind::timeout) return base::fail(Reason::timeout_idle, kDoesNotRead);
  request_complete_ = sent.written.kind == net::Written::Kind::all;
  return {};
}

Task<Result<void>> ClientConnection::Stream::finish_send(Task<Sent> sending, Body* body) {
  scope_ = co_await base::this_scope();
  Sent sent = co_await sending;
  auto result = request_sent(sent);
  if (result && request_complete_ && sender_.more()) {
    request_complete_ = false;
    start_pump(*body);
  }
  co_return result;
}

void ClientConnection::Stream::start_pump(Body& body) {
  pump_.emplace(scope_);
  pump_->start(pump(body));
}

Task<void> ClientConnection::Stream::pump(Body& body) {
  Sent sent = co_await sender_.rest(body);
  if (sent.body) {
    body_error_ = std::move(sent.body);
    scope_->cancel(body_error_->reason);  // whoever waits for the response waits in vain
  }
  request_complete_ = static_cast<bool>(sent);
  not_taken_ = sent.written.kind == net::Written::Kind::timeout;
  if (request_complete_) {
    sent_since_ = connection_.loop_->now();
    body.abandon();  // the answer may take its time
  }
  if (awaits_head_) connection_.transport_->interrupt_read();  // from here on the first byte timeout counts
}

// The next head if it has been received as a whole.
std::optional<Result<void>> ClientConnection::Stream::take_head(ResponseHead& out) {
  auto& input = connection_.input_;
  for (;;) {
    if (!input.empty()) {
      auto length = reader_.read(input.pending(), asked_, out);
      if (!length) return Result<void>(std::move(length).unexpected());
      if (*length) return take(*length, out);
    }
    net::Io io = input.read_head();
    if (io.kind == net::Io::Kind::again) return std::nullopt;
    if (io.kind == net::Io::Kind::failed && io.error == ENOBUFS)
      return Result<void>(base::fail(Reason::response_invalid, "the response head exceeds the limit"));
    if (io.kind != net::Io::Kind::moved) return Result<void>(base::Unexpected{lost()});
  }
}

Result<void> ClientConnection::Stream::take(std::size_t length, ResponseHead& out) {
  auto& input = connection_.input_;
  const Control& control = reader_.control();
  if (out.status == 101) return take_switch(length, out);
  input.use(length);
  reader_.reset();
  if (auto kept = keep_alive_timeout(out.fields.value(FieldId::keep_alive))) connection_.idle_limit_ = kept;
  drop_hop_by_hop(out.fields);
  if (out.status < 200) {
    if (++interim_ > kMaxInterim) return base::fail(Reason::upstream_protocol, "too many interim responses");
    return {};
  }
  framing_ = control.framing;
  keep_alive_ = control.keep_alive;
  response_complete_ = framing_.kind == Framing::Kind::none ||
                       (framing_.kind == Framing::Kind::length && framing_.length == 0);
  return {};
}

// The head moves into the arena, as that of the request has: the buffer is not to be kept as long as the
// tunnel.
Result<void> ClientConnection::Stream::take_switch(std::size_t length, ResponseHead& out) {
  auto& input = connection_.input_;
  auto own = arena_.copy({input.pending().data(), length});
  auto again = parse_response(own, kLimits, asked_, out);
  if (!again) return std::move(again).unexpected();
  out.upgrade = switched_protocol(out.fields);
  if (!same_protocol(out.upgrade, upgrade_))
    return base::fail(Reason::upstream_protocol, "status 101 names another protocol than was asked for");
  if (!accept_.empty()) {
    const Field* accept = out.fields.find(kAccept);
    if (!accept || accept->value != accept_)
      return base::fail(Reason::upstream_protocol, "status 101 without the answer to the WebSocket's key");
    out.fields.remove(kAccept);
  }
  input.use(length);
  scratch_.reset();
  drop_hop_by_hop(out.fields);
  out.fields.remove(FieldId::content_length);  // means nothing here
  return {};
}

// From here on the target is told what the client says, whatever it is.
void ClientConnection::Stream::switch_protocols(Body& from, base::Scope& scope, net::ScopeTimer& idle) {
  idle_ = &idle;
  scope_ = &scope;
  connection_.transport_->watch(this);
  pump_.emplace(scope_);
  pump_->start(pass_on(from));
}

Task<void> ClientConnection::Stream::pass_on(Body& from) {
  Sent sent = co_await sender_.tunnel(from, *idle_);
  if (sent.body) scope_->cancel(sent.body->reason);
}

Task<void> ClientConnection::Stream::all_sent() {
  if (pump_ && pump_->running()) co_await pump_->join();
}

// While nobody reads, because the client takes nothing.
void ClientConnection::Stream::on_activity(bool /*hangup*/) noexcept {
  if (connection_.transport_->broken()) scope_->cancel(Reason::upstream_reset);
}

Task<Result<void>> ClientConnection::Stream::receive(ResponseHead& out) {
  if (auto now = take_head(out)) return std::move(*now);
  return receive_slowly(out);
}

Task<Result<void>> ClientConnection::Stream::receive_slowly(ResponseHead& out) {
  for (;;) {
    bool sending = pump_ && pump_->running();
    if (not_taken_) co_return base::fail(Reason::timeout_idle, kDoesNotRead);
    base::Duration timeout = sending      ? base::Duration::zero()
                             : answered() ? timeouts_.idle
                                          : timeouts_.first_byte;
    connection_.input_.release();  // a target that takes its time shall not hold a buffer
    auto wait = connection_.transport_->readable(timeout);
    awaits_head_ = true;
    auto outcome = co_await wait;
    awaits_head_ = false;
    if (outcome == Outcome::cancelled) co_return base::Unexpected{given_up(wait.why())};
    if (outcome == Outcome::timeout && !sending) {
      if (answered())
        co_return base::fail(Reason::timeout_idle, "the target fell silent in the middle of its head");
      co_return base::fail(Reason::timeout_first_byte, "the target sent nothing");
    }
    if (auto now = take_head(out)) co_return std::move(*now);
  }
}

BodyPtr ClientConnection::Stream::body(base::Arena& arena) {
  if (idle_) return make_body<TunnelBody>(arena, connection_.input_, *idle_, Reason::upstream_reset);
  if (response_complete_) return nullptr;
  return make_body<ResponseBody>(arena, *this, arena);
}

base::Error ClientConnection::Stream::lost() const {
  if (answered())
    return {Reason::upstream_reset, "the target closed the connection in the middle of its head"};
  if (reused()) return {Reason::stale_connection, "the target closed a reused connection before it answered"};
  return {Reason::upstream_reset, "the target closed the connection before it answered"};
}

base::Error ClientConnection::Stream::given_up(Reason why) const {
  return body_error_ ? *body_error_ : base::Error{why, {}};
}

}  // namespace sluice::http::h1
