// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_client.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace sluice::test {
namespace {

std::uint32_t number(std::string_view bytes) {
  std::uint32_t out = 0;
  for (char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

}  // namespace

H2Client::H2Client(Socket socket, std::string_view settings, bool greet) : socket_(std::move(socket)) {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) std::abort();
  inflater_.reset(inflater);
  if (greet) send(std::string(h2::kPreface) + h2::settings(settings));
}

std::uint32_t H2Client::open(const std::vector<Line>& lines, bool end_stream) {
  std::uint32_t id = next_id();
  send(h2::headers(id, lines, end_stream));
  return id;
}

H2Client::Stream& H2Client::finish(std::uint32_t id) {
  Stream& s = streams_[id];
  read_until([&] { return s.over(); });
  s.response.complete = s.ended;
  return s;
}

Response H2Client::post(std::string_view path, std::string_view body, const std::vector<Line>& more) {
  auto lines = h2::request("POST", path, more);
  lines.push_back({"content-length", std::to_string(body.size())});
  std::uint32_t id = open(lines, body.empty());
  send_body(id, body);
  return response(id);
}

void H2Client::send_body(std::uint32_t id, std::string_view body) {
  constexpr std::size_t kMax = 16384;
  std::uint64_t sent = 0;
  for (std::size_t at = 0; at < body.size(); at += kMax) {
    auto piece = body.substr(at, kMax);
    auto may_go = [&] {
      return 65535 + std::min(credit_[0], credit_[id]) >= sent + piece.size() || streams_[id].over();
    };
    if (!read_until(may_go) || streams_[id].over()) return;
    send(h2::data(id, piece, at + kMax >= body.size()));
    sent += piece.size();
  }
}

Response H2Client::ask(std::string_view request) {
  auto head = request.substr(0, request.find("\r\n\r\n"));
  auto body = request.substr(std::min(request.size(), head.size() + 4));
  auto line_end = head.find("\r\n");
  auto start = head.substr(0, line_end);
  auto method = start.substr(0, start.find(' '));
  auto target = start.substr(method.size() + 1, start.rfind(' ') - method.size() - 1);
  std::vector<Line> lines = {
      {":method", std::string(method)}, {":scheme", scheme}, {":path", std::string(target)}};
  while (line_end != head.npos) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    auto line = head.substr(0, line_end);
    auto colon = line.find(':');
    std::string name = lower(line.substr(0, colon));
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.size(), value.find_first_not_of(' ')));
    if (name == "host") {
      lines.insert(lines.begin() + 2, {":authority", std::string(value)});
    } else if (name != "connection") {
      lines.push_back({name, std::string(value)});
    }
  }
  std::uint32_t id = open(lines, body.empty());
  send_body(id, body);
  return response(id);
}

bool H2Client::fill(std::size_t n) {
  while (buffer_.size() - used_ < n)
    if (!socket_.receive(buffer_)) return false;
  return true;
}

bool H2Client::read_frame() {
  if (used_ > 1 << 20) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  if (!fill(9)) return false;
  std::string_view head = std::string_view(buffer_).substr(used_, 9);
  std::size_t length = number(head.substr(0, 3));
  auto type = static_cast<std::uint8_t>(head[3]), flags = static_cast<std::uint8_t>(head[4]);
  std::uint32_t id = number(head.substr(5)) & 0x7FFFFFFF;
  if (!fill(9 + length)) return false;
  std::string payload = buffer_.substr(used_ + 9, length);
  used_ += 9 + length;
  handle(type, flags, id, payload);
  return true;
}

void H2Client::handle(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string_view payload) {
  switch (type) {
    case h2::kData: {
      std::size_t whole = payload.size();
      if (flags & h2::kPadded)
        payload = payload.substr(1, payload.size() - 1 - static_cast<unsigned char>(payload[0]));
      return on_data(id, payload, whole, flags & h2::kEndStream);
    }
    case h2::kHeaders:
      block_ends_ = flags & h2::kEndStream;
      block_.assign(payload);
      if (flags & h2::kEndHeaders) on_block(id, block_ends_);
      return;
    case h2::kContinuation:
      block_ += payload;
      if (flags & h2::kEndHeaders) on_block(id, block_ends_);
      return;
    case h2::kReset:
      streams_[id].reset = number(payload);
      return;
    case h2::kSettings:
      if (flags & h2::kAck) {
        ++settings_acks_;
      } else {
        on_settings(payload);
      }
      return;
    case h2::kPing:
      if (flags & h2::kAck) {
        ++pongs_;
      } else if (acknowledge) {
        send(h2::ping(payload, true));
      }
      return;
    case h2::kGoaway:
      ++goaways_;
      goaway_last_ = number(payload.substr(0, 4)) & 0x7FFFFFFF;
      goaway_ = number(payload.substr(4, 4));
      return;
    case h2::kWindowUpdate:
      credit_[id] += number(payload);
      return;
    default:
      return;
  }
}

void H2Client::on_settings(std::string_view payload) {
  for (; payload.size() >= 6; payload.remove_prefix(6))
    settings_[static_cast<std::uint16_t>(number(payload.substr(0, 2)))] = number(payload.substr(2, 4));
  if (acknowledge) send(h2::settings({}, true));
}

void H2Client::on_data(std::uint32_t id, std::string_view bytes, std::size_t length, bool end) {
  Stream& s = streams_[id];
  s.response.body += bytes;
  ++s.data_frames;
  s.ended = s.ended || end;
  if (!open_windows || length == 0) return;
  auto n = static_cast<std::uint32_t>(length);
  send(h2::window_update(0, n) + (end ? "" : h2::window_update(id, n)));
}

void H2Client::on_block(std::uint32_t id, bool end) {
  std::vector<Line> lines;
  std::string block = std::exchange(block_, {});
  auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
  std::size_t left = block.size();
  Stream& s = streams_[id];
  for (;;) {
    nghttp2_nv nv;
    int flags = 0;
    auto n = nghttp2_hd_inflate_hd2(inflater_.get(), &nv, &flags, at, left, 1);
    if (n < 0) {
      s.response.fault = "a header block that is no HPACK";
      return;
    }
    at += n;
    left -= static_cast<std::size_t>(n);
    if (flags & NGHTTP2_HD_INFLATE_EMIT)
      lines.push_back({std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                       std::string(reinterpret_cast<char*>(nv.value), nv.valuelen)});
    if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  s.ended = s.ended || end;
  for (const Line& line : lines)
    if (line.name != lower(line.name)) s.response.fault = "capital letters in " + line.name;
  if (s.response.status != 0) {
    s.response.trailers = std::move(lines);
    return;
  }
  Response r;
  r.version = "HTTP/2";
  if (!lines.empty() && lines.front().name == ":status") {
    r.status = std::atoi(lines.front().value.c_str());
    lines.erase(lines.begin());
  } else {
    r.fault = "no :status first";
  }
  r.fields = std::move(lines);
  if (r.status < 200) {
    s.interim.push_back(std::move(r));
  } else {
    s.response = std::move(r);
  }
}

bool H2Client::alive() {
  std::size_t before = pongs_;
  return send(h2::ping()) && read_until([&] { return pongs_ > before; });
}

bool H2Client::ended() {
  while (read_frame()) {
  }
  return socket_.end() == End::closed || socket_.end() == End::reset;
}

}  // namespace sluice::test
