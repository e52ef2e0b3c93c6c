// SPDX-License-Identifier: Apache-2.0
// ClientConnection: the client side of one HTTP/2 connection to a target, with as many exchanges at a time as
// the target allows. It reads whenever something arrives, whoever waits for it; what a stream has not pulled
// yet is bounded by the stream's window, and the window of the connection is large enough for all streams, so
// that a slow reader holds up nobody else. After a violation of the protocol nothing of it is used again. A
// target behind a network that has gone silent is found out by PING while anybody waits for it. One worker.
#pragma once
#include "gateway/base/job.h"
#include "gateway/http/client_connection.h"
#include "gateway/http/h2/session.h"
#include "gateway/net/loop.h"
#include "gateway/net/tcp.h"

namespace sluice::http::h2 {

class ClientStream;

class ClientConnection final : public http::ClientConnection,
                               private net::Watcher,
                               private net::Timer,
                               private Events {
 public:
  // Streams at a time, whatever more a target would allow.
  static constexpr std::size_t kMaxStreams = 128;
  // Bytes that a target may send on a stream before somebody pulls them.
  static constexpr std::int32_t kStreamWindow = 128 * 1024;

  // All but the transport must outlive the connection. `scheme`: "https" over TLS, else "http"; a literal.
  ClientConnection(net::Loop& loop, net::TransportPtr transport, std::string_view scheme, Owner& owner);
  ~ClientConnection() override;

  ClientStreamPtr open(base::Arena& arena, const ClientTimeouts& timeouts) override;
  bool usable() const noexcept override;
  void kept_unused() noexcept override { ++exchanges_; }
  std::size_t streams() const noexcept override { return streams_; }
  std::size_t room() const noexcept override;

 private:
  friend class ClientStream;
  friend class StreamLease;

  void on_activity(bool hangup) noexcept override;
  void expired() noexcept override;
  void on_headers(const nghttp2_frame& frame, Stream* stream) override;
  bool on_field(const nghttp2_frame& frame, Stream* stream, std::string_view name,
                std::string_view value) override;
  void on_frame(const nghttp2_frame& frame, Stream* stream) override;
  void on_data(Stream& stream, std::span<const char> bytes) override;
  void on_closed(Stream& stream, std::uint32_t code) override;
  void on_sent(const nghttp2_frame& frame, Stream* stream) override;

  Session::Received receive_all();
  base::Task<void> write();
  void fail(base::Reason why, const char* detail) noexcept;
  bool violated() noexcept;
  void let_go(ClientStream& stream) noexcept;
  void lose() noexcept;
  void refuse_above(std::int32_t last) noexcept;
  void ping() noexcept;
  void watch_silence() noexcept;
  void stream_gone() noexcept;

  net::Loop* loop_;
  net::TransportPtr transport_;
  std::string_view scheme_;
  Owner* owner_;
  Session session_;
  base::List<ClientStream> open_;
  std::size_t streams_ = 0;      // that exist
  std::uint64_t exchanges_ = 0;  // so far
  base::SteadyTime heard_;       // when something was received last
  bool pinged_ = false;          // nothing has come since our PING
  bool ponged_ = false;          // what came last was the answer to one
  bool settled_ = false;         // the target's SETTINGS have come
  bool goaway_ = false;          // no new streams, says the target
  bool tainted_ = false;         // no new streams, say we
  bool failed_ = false;          // nothing more will be heard
  bool written_off_ = false;     // nothing more will be written, packed or not
  bool lost_ = false;            // the owner knows
  base::Job<void> writer_{nullptr};
};

}  // namespace sluice::http::h2
