// SPDX-License-Identifier: Apache-2.0
// ServerConnection: the server side of one HTTP/2 connection. Each stream is a coroutine of its own in a
// scope of its own that runs the Service, with its own arena; the layers above see no difference to HTTP/1.
// Its frames are session.h's business, its streams' server_stream.h's. Clients that make us work for nothing
// are shown out: see conduct.h. An idle connection holds no buffer. One worker thread.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "gateway/base/job.h"
#include "gateway/http/connection.h"
#include "gateway/http/h2/conduct.h"
#include "gateway/http/h2/session.h"
#include "gateway/http/stream.h"
#include "gateway/net/tcp.h"

namespace sluice::http::h2 {

class ServerStream;

class ServerConnection final : public http::ServerConnection, private Events {
 public:
  static constexpr std::uint32_t kMaxStreams = 128;  // at a time
  // Together with those that the client has reset and whose exchanges have not ended yet: it may replace all
  // that it has at once, but not leave more and more behind that are finished without it.
  static constexpr std::size_t kMaxExchanges = 2 * kMaxStreams;
  static constexpr std::uint32_t kStreamWindow = 64 * 1024;   // bytes that a stream may send unread
  static constexpr std::int32_t kConnectionWindow = 1 << 20;  // and all of them together

  // All but the transport must outlive the connection.
  ServerConnection(net::Loop& loop, net::TransportPtr transport, const ConnectionFacts& facts,
                   const ServerOptions& options, Service& service);
  ~ServerConnection() override;

  base::Task<void> run() override;
  void drain() noexcept override;
  bool quiet() noexcept override { return count_ == 0 && !std::exchange(stirred_, false); }

 private:
  friend class ServerStream;
  void start();
  base::Task<void> read();
  base::Task<void> write();
  base::Task<void> all_ended();
  base::Duration patience() const noexcept;
  void out_of_patience() noexcept;
  void start_heads();
  static base::Detached serve(base::Scope& scope, ServerConnection& connection, ServerStream* stream);
  void ended(ServerStream& stream) noexcept;
  void close(std::uint32_t code) noexcept;
  void last_goaway() noexcept;
  void calm_down() noexcept;
  void count_unknown() noexcept;

  void on_begin(const nghttp2_frame_hd& head, Stream* stream) override;
  void on_headers(const nghttp2_frame& frame, Stream* stream) override;
  bool on_field(const nghttp2_frame& frame, Stream* stream, std::string_view name,
                std::string_view value) override;
  void on_frame(const nghttp2_frame& frame, Stream* stream) override;
  void on_data(Stream& stream, std::span<const char> bytes) override;
  void on_closed(Stream& stream, std::uint32_t code) override;
  void on_sent(const nghttp2_frame& frame, Stream* stream) override;
  void end_of_headers(const nghttp2_frame& frame, ServerStream& stream);

  net::Loop* loop_;
  net::TransportPtr transport_;
  const ConnectionFacts* facts_;
  const ServerOptions* options_;
  Service* service_;
  base::Scope scope_;  // of the streams and the writer
  Session session_;
  Conduct conduct_;
  base::List<ServerStream> streams_;
  base::List<ServerStream> whole_;  // those whose head has come and was not handed over yet
  std::size_t count_ = 0;           // of streams in both lists
  net::Signal none_left_;
  base::SteadyTime since_;              // when it became idle, or began
  base::SteadyTime drain_since_{};      // when it began to drain
  base::SteadyTime head_since_{};       // when the head that is being received began
  std::uint64_t data_frames_seen_ = 0;  // of those sent, already told to conduct_
  std::uint64_t bytes_known_ = 0;       // of those received, in frames that were told of
  bool greeted_ = false;                // the client's SETTINGS have come
  bool draining_ = false;
  bool stirred_ = false;  // a stream has begun since quiet() was asked
  bool last_goaway_sent_ = false;
  bool client_leaves_ = false;  // it has sent GOAWAY
  bool writer_ended_ = false;
  base::Reason lost_ = base::Reason::client_closed;  // what a stream is told when the connection ends
};

}  // namespace sluice::http::h2
