// SPDX-License-Identifier: Apache-2.0
// H2Client: an HTTP/2 client that speaks frame by frame and may misbehave in every way: it sends whatever
// bytes the test makes (h2_frames.h), and keeps what it understands of the answer. Unless told otherwise it
// is polite: acknowledges SETTINGS and PING, and opens the windows again for all that it receives.
//
//   H2Client client(gw.port());
//   EXPECT_EQ(client.get("/u").status, 200);
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "tests/support/h2_frames.h"
#include "tests/support/socket.h"

namespace sluice::test {

class H2Client {
 public:
  // What came on one stream.
  struct Stream {
    Response response;
    std::vector<Response> interim;
    bool ended = false;                  // END_STREAM
    std::optional<std::uint32_t> reset;  // RST_STREAM
    std::size_t data_frames = 0;
    bool over() const noexcept { return ended || reset.has_value(); }
  };

  // Sends preface and SETTINGS, with these entries, unless `greet` is false.
  explicit H2Client(std::uint16_t port, std::string_view settings = {}, bool greet = true,
                    int receive_buffer = 0)
      : H2Client(Socket::connect(port, receive_buffer), settings, greet) {}
  // On a connection that was made before.
  explicit H2Client(Socket socket, std::string_view settings = {}, bool greet = true);
  H2Client(H2Client&&) = default;

  bool send(std::string_view bytes) { return socket_.send(bytes); }
  std::size_t send_some(std::string_view bytes) { return socket_.send_some(bytes); }
  void close() noexcept { socket_.close(); }
  void half_close() noexcept { socket_.half_close(); }
  std::uint32_t next_id() noexcept { return std::exchange(next_id_, next_id_ + 2); }

  // HEADERS of a new stream; its id.
  std::uint32_t open(const std::vector<Line>& lines, bool end_stream = true);
  std::uint32_t open_get(std::string_view path, const std::vector<Line>& more = {}) {
    return open(h2::request("GET", path, more));
  }
  // Reads until the stream is over, or the connection.
  Stream& finish(std::uint32_t stream);
  Response response(std::uint32_t stream) { return finish(stream).response; }
  Response get(std::string_view path, const std::vector<Line>& more = {}) {
    return response(open_get(path, more));
  }
  Response post(std::string_view path, std::string_view body, const std::vector<Line>& more = {});
  // DATA, as fast as the windows open, and END_STREAM unless it is empty.
  void send_body(std::uint32_t stream, std::string_view body);
  // Sends the bytes of an HTTP/1.1 request with a body of known length, if any, as HTTP/2.
  Response ask(std::string_view request);

  // Reads one frame and does what politeness demands. False at the end of the connection.
  bool read_frame();
  // Reads until `done()`; false if the connection ends before.
  template <class Done>
  bool read_until(Done done) {
    while (!done())
      if (!read_frame()) return false;
    return true;
  }
  // Waits for the answer to a PING of our own: everything sent before has been looked at. False if the
  // connection ends instead.
  bool alive();
  // Reads to the end of the connection; true if it was closed or reset, and not merely silent.
  bool ended();

  Stream& stream(std::uint32_t id) { return streams_[id]; }
  // The last GOAWAY.
  std::optional<std::uint32_t> goaway() const noexcept { return goaway_; }
  std::uint32_t goaway_last() const noexcept { return goaway_last_; }
  std::size_t goaways() const noexcept { return goaways_; }
  const std::map<std::uint16_t, std::uint32_t>& settings() const noexcept { return settings_; }
  std::size_t settings_acks() const noexcept { return settings_acks_; }
  // Sum of the increments for a stream, 0 for the connection.
  std::uint64_t credit(std::uint32_t stream) { return credit_[stream]; }

  // --- From now on.
  bool open_windows = true;  // for what is received
  bool acknowledge = true;   // SETTINGS and PING
  // What ask() claims.
  std::string scheme = "http";

 private:
  struct DeleteInflater {
    void operator()(nghttp2_hd_inflater* i) const noexcept { nghttp2_hd_inflate_del(i); }
  };
  bool fill(std::size_t n);
  void handle(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string_view payload);
  void on_block(std::uint32_t id, bool end);
  void on_data(std::uint32_t id, std::string_view bytes, std::size_t length, bool end);
  void on_settings(std::string_view payload);

  Socket socket_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::unique_ptr<nghttp2_hd_inflater, DeleteInflater> inflater_;
  std::string block_;  // of the HEADERS that are being received
  bool block_ends_ = false;
  std::map<std::uint32_t, Stream> streams_;
  std::map<std::uint16_t, std::uint32_t> settings_;
  std::map<std::uint32_t, std::uint64_t> credit_;
  std::optional<std::uint32_t> goaway_;
  std::uint32_t goaway_last_ = 0;
  std::size_t goaways_ = 0, settings_acks_ = 0, pongs_ = 0;
  std::uint32_t next_id_ = 1;
};

}  // namespace sluice::test
