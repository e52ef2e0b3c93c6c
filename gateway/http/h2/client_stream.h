// SPDX-License-Identifier: Apache-2.0
// ClientStream: one exchange on an HTTP/2 connection to a target. Private to h2/client.
#pragma once
#include "gateway/base/job.h"
#include "gateway/http/client_connection.h"
#include "gateway/http/h2/client.h"
#include "gateway/http/h2/heads.h"
#include "gateway/http/h2/stream.h"

namespace sluice::http::h2 {

// Counts a stream while it exists. A base of the stream, in front of Stream, so that the connection hears of
// the end when the stream has let go of the session: it may be destroyed by then.
class StreamLease {
 public:
  explicit StreamLease(ClientConnection& c) noexcept : connection_(&c) {}
  StreamLease(const StreamLease&) = delete;
  StreamLease& operator=(const StreamLease&) = delete;
  ~StreamLease() { connection_->stream_gone(); }

 protected:
  ClientConnection* connection_;
};

class ClientStream final : public http::ClientStream,
                           private StreamLease,
                           public Stream,
                           public base::ListNode {
 public:
  ClientStream(ClientConnection& connection, base::Arena& arena, const ClientTimeouts& timeouts);
  ~ClientStream() override;

  base::Task<base::Result<void>> send(const RequestHead& head, std::string_view extra, Body* body) override;
  base::Task<base::Result<void>> receive(ResponseHead& out) override;
  BodyPtr body(base::Arena& arena) override;
  void switch_protocols(Body& from, base::Scope& scope, net::ScopeTimer& idle) override;
  base::Task<void> all_sent() override;
  bool reused() const noexcept override { return reused_; }
  bool answered() const noexcept override { return answered_; }
  bool unsent() const noexcept override;
  std::optional<base::SteadyTime> sent_since() const noexcept override {
    bool sending = pump_ && pump_->running();
    return sent_all() && !sending ? std::optional(sent_since_) : std::nullopt;
  }
  bool body_touched() const noexcept override { return body_touched_; }
  std::uint64_t bytes_sent() const noexcept override { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept override { return bytes_received_; }

  // --- From the connection's events.
  void section_begins();
  bool field(std::string_view name, std::string_view value);
  void section_ends(bool last);
  void data(std::span<const char> bytes);
  void data_ends();
  void closed(std::uint32_t code) noexcept;
  // The target takes nothing more.
  void deaf() noexcept {
    if (sending_) sending_->cancel(base::Reason::upstream_reset);
  }
  void count_sent(std::size_t bytes) noexcept { bytes_sent_ += bytes; }
  void count_received(std::size_t bytes) noexcept { bytes_received_ += bytes; }

 private:
  class ResponseBody;
  // A head that has come and that nobody has asked for yet; in the arena.
  struct Arrived {
    explicit Arrived(base::Arena& arena) noexcept : head(arena) {}
    ResponseHead head;
    Arrived* next = nullptr;
  };

  base::Result<std::span<nghttp2_nv>> lines_of(const RequestHead& head, std::string_view extra,
                                               std::string_view protocol) const;
  bool submit(std::span<nghttp2_nv> lines, const nghttp2_data_provider* source) noexcept;
  base::Task<base::Result<void>> pump_beside(base::Task<Sent> sending);
  base::Task<void> pump(base::Task<Sent> sending);
  base::Result<void> sent(const Sent& sent);
  std::optional<base::Result<void>> take_head(ResponseHead& out);
  base::Task<base::Result<void>> receive_slowly(ResponseHead& out);
  void head_ends(bool last);
  void trailers_end(bool last);
  void spoil(const base::Error& error);
  base::Error given_up(base::Reason why) const;
  // --- Of a tunnel, in client_tunnel.cc.
  base::Task<base::Result<void>> connect(const RequestHead& head, std::string_view extra);
  base::Task<base::Result<void>> wait_for_settings();
  base::Result<void> ask_connect(const RequestHead& head, std::string_view extra);
  void take_switch();
  base::Task<void> pump_tunnel(Body& from);

  static constexpr HeadLimits kLimits{};
  // A target may send this many interim responses before its answer; more is no HTTP conversation.
  static constexpr int kMaxInterim = 32;

  base::Arena& arena_;
  ClientTimeouts timeouts_;
  base::Scope* scope_ = nullptr;
  std::optional<base::Job<void>> pump_;    // sends the rest of the request's body beside the response
  std::optional<base::Error> body_error_;  // why the request's body could not be read
  Method method_ = Method::get;
  Arrived* first_ = nullptr;  // heads in the order in which they came
  Arrived* last_ = nullptr;
  Arrived* reading_ = nullptr;  // not complete yet
  std::optional<ResponseReader> head_reader_;
  std::optional<TrailerReader> trailer_reader_;
  Fields trailers_;
  Framing framing_;
  LengthCheck length_;
  std::string_view upgrade_;         // the protocol that was asked for, "" for a plain request
  std::string_view accept_;          // what a client of HTTP/1 is to be told for its WebSocket key
  net::ScopeTimer* idle_ = nullptr;  // of the tunnel, once protocols have been switched
  base::Scope* sending_ = nullptr;   // what runs while the client's bytes are passed on
  int interim_ = 0;
  bool has_head_ = false;  // the final one
  bool spoilt_ = false;    // the target broke a rule: nothing more of it counts
  bool reused_;
  bool answered_ = false;
  bool body_touched_ = false;
  std::uint64_t packed_before_ = 0;  // of the session, when the request was begun
  base::SteadyTime sent_since_{};
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
};

}  // namespace sluice::http::h2
