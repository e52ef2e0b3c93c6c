// SPDX-License-Identifier: Apache-2.0
// What the session tells a server connection while it reads and sends.
#include "gateway/http/h2/server_stream.h"

namespace sluice::http::h2 {

using base::Reason;

namespace {

ServerStream* server_stream(Stream* stream) noexcept { return static_cast<ServerStream*>(stream); }

// Asks for nothing and moves nothing.
bool idle_frame(const nghttp2_frame_hd& head) noexcept {
  switch (head.type) {
    case NGHTTP2_DATA:
      return head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    case NGHTTP2_HEADERS:
    case NGHTTP2_RST_STREAM:
      return false;  // have budgets of their own
    default:
      return true;
  }
}

// Codes by which we answer a client that breaks the protocol.
bool blames_client(std::uint32_t code) noexcept {
  switch (code) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_INTERNAL_ERROR:
    case NGHTTP2_CANCEL:
      return false;
    default:
      return true;
  }
}

}  // namespace

void ServerConnection::on_begin(const nghttp2_frame_hd& head, Stream* stream) {
  bytes_known_ += kFrameHead + head.length;
  if (stream) server_stream(stream)->count_received(kFrameHead + head.length);
  if (!idle_frame(head)) return;
  conduct_.moved(session_.data_frames_sent() - data_frames_seen_);
  data_frames_seen_ = session_.data_frames_sent();
  if (!conduct_.idle_frame(loop_->now())) calm_down();
}

void ServerConnection::on_headers(const nghttp2_frame& frame, Stream* stream) {
  head_since_ = loop_->now();
  if (stream || frame.headers.cat != NGHTTP2_HCAT_REQUEST || session_.terminated()) return;
  if (count_ >= kMaxExchanges) [[unlikely]] {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_REFUSED_STREAM);
    head_since_ = {};  // nothing is told about the rest of the block
    return;
  }
  auto* made = new ServerStream(*this, frame.hd.stream_id);
  made->count_received(kFrameHead + frame.hd.length);
  streams_.push_back(*made);
  ++count_;
  stirred_ = true;
}

bool ServerConnection::on_field(const nghttp2_frame& /*frame*/, Stream* stream, std::string_view name,
                                std::string_view value) {
  if (stream && server_stream(stream)->on_field(name, value)) return true;
  if (stream) stream->reset_later(NGHTTP2_ENHANCE_YOUR_CALM);
  head_since_ = {};  // nothing is told about the rest of the block, not even its end
  return false;
}

void ServerConnection::end_of_headers(const nghttp2_frame& frame, ServerStream& stream) {
  bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!stream.on_block_end(last)) return;
  stream.unlink();
  whole_.push_back(stream);
}

void ServerConnection::on_frame(const nghttp2_frame& frame, Stream* stream) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      head_since_ = {};
      if (stream) end_of_headers(frame, *server_stream(stream));
      break;
    case NGHTTP2_DATA:
      if (frame.hd.length > 0) conduct_.moved(1);
      if (stream && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && !server_stream(stream)->on_data_end())
        server_stream(stream)->malformed("the body is shorter than Content-Length says");
      break;
    case NGHTTP2_RST_STREAM:
      // Of a stream that is over it says nothing any more.
      if (stream && !stream->sent_all() ? !conduct_.cancelled(loop_->now())
                                        : !conduct_.idle_frame(loop_->now()))
        calm_down();
      break;
    case NGHTTP2_SETTINGS:
      greeted_ = true;
      break;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 && draining_) last_goaway();
      break;
    case NGHTTP2_GOAWAY:
      client_leaves_ = true;
      if (count_ == 0) close(NGHTTP2_NO_ERROR);
      break;
    default:
      break;
  }
}

void ServerConnection::on_data(Stream& stream, std::span<const char> bytes) {
  auto& s = *server_stream(&stream);
  if (s.on_data(bytes)) return;
  session_.consume_connection(bytes.size());
  s.malformed("the body is longer than Content-Length says");
}

void ServerConnection::on_closed(Stream& stream, std::uint32_t /*code*/) {
  auto& s = *server_stream(&stream);
  bool complete = s.sent_all() && s.received_all();
  if (!s.started()) {
    ended(s);
    return;
  }
  if (complete) return;
  s.receive_failed(Reason::client_closed, "the client reset the stream");
  if (!s.sent_all()) s.scope().cancel(s.failure() != Reason::none ? s.failure() : Reason::client_closed);
}

void ServerConnection::on_sent(const nghttp2_frame& frame, Stream* stream) {
  if (stream) server_stream(stream)->count_sent(kFrameHead + frame.hd.length);
  if (frame.hd.type != NGHTTP2_RST_STREAM || !blames_client(frame.rst_stream.error_code)) return;
  // What is finished for clients that left has taken the room: nobody has done wrong.
  if (frame.rst_stream.error_code == NGHTTP2_REFUSED_STREAM && count_ >= kMaxExchanges) return;
  if (!conduct_.offended(loop_->now())) calm_down();
}

}  // namespace sluice::http::h2
