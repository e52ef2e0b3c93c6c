// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_target.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/h2_inflater.h"

namespace sluice::test {
namespace {

constexpr std::string_view kSettle = "settled!";

std::uint32_t number(std::string_view bytes) {
  std::uint32_t n = 0;
  for (char c : bytes.substr(0, 4)) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

}  // namespace

std::uint32_t H2Frame::error() const {
  return number(type == h2::kGoaway ? std::string_view(payload).substr(4) : std::string_view(payload));
}

std::string H2Request::value(std::string_view name) const {
  for (const Line& line : fields)
    if (line.name == name) return line.value;
  return {};
}

bool H2Request::has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(), [&](const Line& line) { return line.name == name; });
}

H2Target::H2Target(UpstreamConnection connection, std::string_view settings)
    : connection_(std::move(connection)), inflater_(std::make_unique<H2Inflater>()) {
  EXPECT_EQ(connection_.receive(h2::kPreface.size()), h2::kPreface);
  frame(h2::kSettings, 0, 0, settings);
}

H2Target::H2Target(H2Target&&) noexcept = default;
H2Target::~H2Target() = default;

H2Frame H2Target::next() {
  H2Frame out;
  std::string head = connection_.receive(9);
  if (head.size() < 9) return out;
  std::size_t length = number(std::string(1, '\0') + head.substr(0, 3));
  out.type = static_cast<std::uint8_t>(head[3]);
  out.flags = static_cast<std::uint8_t>(head[4]);
  out.stream = number(head.substr(5)) & 0x7fffffffu;
  out.payload = connection_.receive(length);
  out.complete = out.payload.size() == length;
  return out;
}

bool H2Target::step(H2Frame* seen) {
  H2Frame f = next();
  if (seen) *seen = f;
  if (f.complete) take(f);
  return f.complete;
}

void H2Target::take(const H2Frame& f) {
  H2Request& r = streams_[f.stream];
  r.stream = f.stream;
  switch (f.type) {
    case h2::kSettings:
      if (!f.has(h2::kAck)) frame(h2::kSettings, h2::kAck, 0, {});
      break;
    case h2::kPing:
      if (!f.has(h2::kAck)) frame(h2::kPing, h2::kAck, 0, f.payload);
      break;
    case h2::kWindowUpdate:
      window_given_[f.stream] += number(f.payload);
      break;
    case h2::kHeaders:
    case h2::kContinuation:
      take_block(f);
      break;
    case h2::kData:
      r.body += f.payload;
      if (gives_window_ && !f.payload.empty()) {
        window(0, static_cast<std::uint32_t>(f.payload.size()));
        if (!f.has(h2::kEndStream)) window(f.stream, static_cast<std::uint32_t>(f.payload.size()));
      }
      if (f.has(h2::kEndStream)) {
        r.complete = true;
        ended_.push_back(f.stream);
      }
      break;
    case h2::kReset:
      r.reset = true;
      r.error = f.error();
      break;
    default:
      break;
  }
}

void H2Target::take_block(const H2Frame& f) {
  std::string_view part = f.payload;
  if (f.type == h2::kHeaders) {
    block_.clear();
    block_ends_stream_ = f.has(h2::kEndStream);
    if (f.has(h2::kPriorityFlag)) part.remove_prefix(5);
  }
  block_.append(part);
  if (!f.has(h2::kEndHeaders)) return;
  H2Request& r = streams_[f.stream];
  auto fields = inflater_->fields(block_);
  if (r.fields.empty()) {
    r.fields = std::move(fields);
    heads_.push_back(f.stream);
  } else {
    r.trailers = std::move(fields);
  }
  if (!block_ends_stream_) return;
  r.complete = true;
  ended_.push_back(f.stream);
}

H2Request H2Target::expect_request() {
  while (ended_.empty() && step()) {
  }
  if (ended_.empty()) {
    ADD_FAILURE() << "no request has come";
    return {};
  }
  auto stream = ended_.front();
  ended_.erase(ended_.begin());
  std::erase(heads_, stream);
  return streams_[stream];
}

H2Request H2Target::expect_head() {
  while (heads_.empty() && step()) {
  }
  if (heads_.empty()) {
    ADD_FAILURE() << "no request has come";
    return {};
  }
  auto stream = heads_.front();
  heads_.erase(heads_.begin());
  return streams_[stream];
}

H2Request H2Target::finish(std::uint32_t stream) {
  while (!streams_[stream].complete && !streams_[stream].reset && step()) {
  }
  std::erase(ended_, stream);
  return streams_[stream];
}

H2Request H2Target::expect_body(std::uint32_t stream, std::size_t bytes) {
  while (streams_[stream].body.size() < bytes && !streams_[stream].reset && step()) {
  }
  EXPECT_GE(streams_[stream].body.size(), bytes) << "of the body that should have come";
  return streams_[stream];
}

H2Frame H2Target::expect_frame(std::uint8_t type) {
  H2Frame f;
  while (step(&f))
    if (f.type == type) return f;
  ADD_FAILURE() << "no frame of type " << static_cast<int>(type) << " has come";
  return f;
}

void H2Target::settle() {
  frame(h2::kPing, 0, 0, kSettle);
  H2Frame f;
  while (step(&f))
    if (f.type == h2::kPing && f.has(h2::kAck) && f.payload == kSettle) return;
  ADD_FAILURE() << "the connection has ended";
}

void H2Target::headers(std::uint32_t stream, const std::vector<Line>& fields, bool last) {
  std::uint8_t flags = h2::kEndHeaders | (last ? h2::kEndStream : 0);
  frame(h2::kHeaders, flags, stream, h2::block(fields));
}

void H2Target::data(std::uint32_t stream, std::string_view bytes, bool last) {
  constexpr std::size_t kLargest = 16384;
  for (; bytes.size() > kLargest; bytes.remove_prefix(kLargest))
    frame(h2::kData, 0, stream, bytes.substr(0, kLargest));
  frame(h2::kData, last ? h2::kEndStream : 0, stream, bytes);
}

void H2Target::answer(std::uint32_t stream, std::string_view body, std::vector<Line> fields) {
  fields.insert(fields.begin(), {":status", "200"});
  headers(stream, fields, body.empty());
  if (!body.empty()) data(stream, body, true);
}

void H2Target::reset(std::uint32_t stream, std::uint32_t error) {
  frame(h2::kReset, 0, stream, h2::number(error, 4));
}

void H2Target::goaway(std::uint32_t last, std::uint32_t error) {
  frame(h2::kGoaway, 0, 0, h2::number(last, 4) + h2::number(error, 4));
}

void H2Target::settings(std::string_view entries) { frame(h2::kSettings, 0, 0, entries); }

void H2Target::window(std::uint32_t stream, std::uint32_t bytes) {
  frame(h2::kWindowUpdate, 0, stream, h2::number(bytes, 4));
}

bool H2Target::ended() {
  while (step()) {
  }
  return connection_.end() == End::closed || connection_.end() == End::reset;
}

std::uint64_t H2Target::window_given(std::uint32_t stream) const {
  auto found = window_given_.find(stream);
  return found == window_given_.end() ? 0 : found->second;
}

}  // namespace sluice::test
