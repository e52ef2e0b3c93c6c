// SPDX-License-Identifier: Apache-2.0
// H2Target: a target that speaks HTTP/2 frame by frame, on a connection of a test's Upstream. It shares no
// code with the gateway but nghttp2's HPACK decoder, never repairs what the test wants broken, and answers
// nothing by itself but SETTINGS and PING, and window updates for what it has read, unless told not to.
//
//   auto target = H2Target(gw.upstream("users").accept());
//   auto request = target.expect_request();
//   target.answer(request.stream, "ok");
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/h2_frames.h"
#include "tests/support/upstream.h"

namespace sluice::test {

// What H2Client has no use for (RFC 9113 section 6.6).
inline constexpr std::uint8_t kPushPromise = 5;

class H2Inflater;

struct H2Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  bool complete = false;  // false: the connection has ended

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // Of RST_STREAM, GOAWAY.
  std::uint32_t error() const;
};

// A request, or what came of it before the stream or the connection ended.
struct H2Request {
  std::uint32_t stream = 0;
  std::vector<Line> fields;  // with the pseudo-fields
  std::string body;
  std::vector<Line> trailers;
  bool complete = false;
  bool reset = false;
  std::uint32_t error = 0;  // of the reset

  std::string value(std::string_view name) const;
  bool has(std::string_view name) const;
};

class H2Target {
 public:
  // Receives the preface and sends `settings`, see h2::setting().
  explicit H2Target(UpstreamConnection connection, std::string_view settings = {});
  H2Target(H2Target&&) noexcept;
  ~H2Target();

  // The next request that has ended, whichever stream it is on. The test fails if none comes.
  H2Request expect_request();
  // The next one whose head has come.
  H2Request expect_head();
  // Goes on reading until that stream has ended or was reset.
  H2Request finish(std::uint32_t stream);
  // Goes on until so many bytes of its body have come.
  H2Request expect_body(std::uint32_t stream, std::size_t bytes);
  // The next frame of that type, after what came before it was taken in.
  H2Frame expect_frame(std::uint8_t type);
  // Answers a PING of its own once everything that the gateway has sent before was read.
  void settle();

  void headers(std::uint32_t stream, const std::vector<Line>& fields, bool last = false);
  void data(std::uint32_t stream, std::string_view bytes, bool last = false);
  // 200 with a body.
  void answer(std::uint32_t stream, std::string_view body, std::vector<Line> fields = {});
  void reset(std::uint32_t stream, std::uint32_t error);
  void goaway(std::uint32_t last, std::uint32_t error = 0);
  void settings(std::string_view entries);
  void window(std::uint32_t stream, std::uint32_t bytes);
  void send(std::string_view bytes) { connection_.send(bytes); }
  void frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    send(h2::frame(type, flags, stream, payload));
  }
  // From now on no window updates for bodies.
  void hold_window() noexcept { gives_window_ = false; }

  UpstreamConnection& connection() noexcept { return connection_; }
  // Waits until the gateway ends the connection; takes in what comes before.
  bool ended();
  // Largest window that the gateway gave for the connection or a stream, in bytes so far.
  std::uint64_t window_given(std::uint32_t stream) const;

 private:
  H2Frame next();
  // Takes in a frame; false at the end of the connection.
  bool step(H2Frame* seen = nullptr);
  void take(const H2Frame& frame);
  void take_block(const H2Frame& frame);

  UpstreamConnection connection_;
  std::unique_ptr<H2Inflater> inflater_;
  std::map<std::uint32_t, H2Request> streams_;
  std::vector<std::uint32_t> heads_, ended_;  // not asked for yet, in order
  std::string block_;                         // of a header block in pieces
  bool block_ends_stream_ = false;
  bool gives_window_ = true;
  std::map<std::uint32_t, std::uint64_t> window_given_;
};

}  // namespace sluice::test
