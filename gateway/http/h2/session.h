// SPDX-License-Identifier: Apache-2.0
// Session: the frames of one HTTP/2 connection, by nghttp2, between a Transport and the streams. Both sides
// of HTTP/2 use it. It joins all frames that become ready in a round of the loop into one buffer and one
// write, gives flow control credit back only for bytes that somebody has pulled, and holds no buffer while
// nothing moves. What messages mean is not its business: nghttp2's own rules about them are off, heads.h has
// ours. One worker.
//
// Whoever runs a connection has two coroutines: one that waits for the transport and calls receive(), and
// writer(), which sends what the streams have made ready.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "gateway/net/buffers.h"
#include "gateway/net/signal.h"
#include "gateway/net/transport.h"
#include "gateway/net/write.h"

namespace sluice::http::h2 {

// Bytes before the payload of each frame (RFC 9113 section 4.1).
inline constexpr std::size_t kFrameHead = 9;

class Stream;

// Told what arrives, from inside receive() and writer(). May submit frames; must neither resume a coroutine
// nor destroy the session. `stream` is the one that was bound to the id, null if none is.
class Events {
 public:
  // Any frame begins, also CONTINUATION and those of unknown types, which are not told otherwise.
  virtual void on_begin(const nghttp2_frame_hd& /*head*/, Stream* /*stream*/) {}
  // A header block begins: a new stream (bind one, or none to have the block ignored), or a further block.
  virtual void on_headers(const nghttp2_frame& frame, Stream* stream) = 0;
  // A field of it. False: the rest of the block is ignored and the stream reset (with INTERNAL_ERROR unless
  // another code was submitted).
  virtual bool on_field(const nghttp2_frame& frame, Stream* stream, std::string_view name,
                        std::string_view value) = 0;
  // A whole frame, of HEADERS with all its fields; DATA after its bytes.
  virtual void on_frame(const nghttp2_frame& frame, Stream* stream) = 0;
  virtual void on_data(Stream& stream, std::span<const char> bytes) = 0;
  // The stream is over: both sides have ended, or one has reset it. It is unbound by then.
  virtual void on_closed(Stream& stream, std::uint32_t code) = 0;
  virtual void on_sent(const nghttp2_frame& /*frame*/, Stream* /*stream*/) {}
  // A frame that breaks the protocol; nghttp2 answers it by a reset or a GOAWAY.
  virtual void on_invalid(const nghttp2_frame& /*frame*/) {}

 protected:
  ~Events() = default;
};

class Session {
 public:
  enum class Side : std::uint8_t { server, client };

  // All must outlive the session. `write_timeout`: for a peer that takes nothing off the socket.
  Session(Side side, net::Transport& transport, net::BufferPool& pool, net::Wheel& wheel, Events& events,
          base::Duration write_timeout);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Our SETTINGS, and the window of the connection. First of all.
  void start(std::span<const nghttp2_settings_entry> settings, std::int32_t connection_window);

  // How far receive() came.
  enum class Received : std::uint8_t {
    all,        // nothing more now: wait for the transport
    much,       // there may be more, but others want their turn
    closed,     // the peer sends nothing more
    failed,     // the transport
    violation,  // not HTTP/2: nothing more can be understood
    flood       // more to acknowledge than anybody would ask for
  };
  Received receive();

  // Sends what is ready until the session is over() or the transport fails; run it beside the reader.
  base::Task<net::Written> writer();
  // Something was submitted: it leaves with the present round. Not needed from inside Events.
  void wake() noexcept {
    if (!receiving_) work_.notify();
  }
  // Takes what is ready out of nghttp2 into the output now, as far as there is room, and wakes the writer:
  // then bytes that the streams have offered may go. Not from inside Events.
  void pack();
  // GOAWAY with this code, after which nothing is read any more.
  void terminate(std::uint32_t code) noexcept;
  // By terminate(), or by nghttp2 after an error of the connection.
  bool terminated() const noexcept { return terminated_; }
  // It was terminated, or nothing could be understood any more, and all that was to be sent has left.
  bool over() const noexcept;
  // Bytes and frames wait for the transport: the peer does not read.
  bool blocked() const noexcept { return blocked_; }

  nghttp2_session* get() const noexcept { return session_; }
  net::Transport& transport() const noexcept { return *transport_; }
  net::BufferPool& pool() const noexcept { return *pool_; }
  net::Wheel& wheel() const noexcept { return *wheel_; }
  // The body of a message whose stream offers it.
  static nghttp2_data_provider provider() noexcept;
  // The peer may send that many bytes more.
  void consume(std::int32_t stream, std::size_t bytes) noexcept;
  // The same for bytes of a stream that is over.
  void consume_connection(std::size_t bytes) noexcept;
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  // Bytes that the transport has taken so far, and those that wait for it as well.
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t packed() const noexcept { return sent_ + (end_ - begin_) + rest_.size(); }
  // Frames of DATA that were sent so far.
  std::uint64_t data_frames_sent() const noexcept { return data_frames_sent_; }

 private:
  friend struct Callbacks;
  // Room below which no further frame is begun.
  static constexpr std::size_t kLeastRoom = 1024;
  // Reads of one receive().
  static constexpr int kReads = 16;

  std::size_t room() const noexcept { return net::BufferPool::kBody - end_; }
  void append(const void* bytes, std::size_t n) noexcept;
  void reserve(std::size_t n) noexcept;
  bool fill() noexcept;

  net::Transport* transport_;
  net::BufferPool* pool_;
  net::Wheel* wheel_;
  Events* events_;
  base::Duration write_timeout_;
  nghttp2_session* session_ = nullptr;
  net::Signal work_;
  net::Buffer out_;
  std::size_t begin_ = 0, end_ = 0;     // of what is in out_
  std::span<const std::uint8_t> rest_;  // of a frame that did not fit, in nghttp2's memory
  std::uint64_t sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t data_frames_sent_ = 0;
  bool receiving_ = false;
  bool blocked_ = false;
  bool terminated_ = false;
  bool broken_ = false;  // nothing more can be read; what is ready may still be sent
  bool dead_ = false;    // nothing can be sent either
};

}  // namespace sluice::http::h2
