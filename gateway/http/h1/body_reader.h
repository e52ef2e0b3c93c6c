// SPDX-License-Identifier: Apache-2.0
// BodyReader: the body of the message that an Input is at, by whatever framing. The base of the request body
// of the server side and the response body of the client side, which differ in what a failure means.
#pragma once
#include <optional>

#include "gateway/http/body.h"
#include "gateway/http/h1/chunked.h"
#include "gateway/http/h1/input.h"
#include "gateway/http/head.h"
#include "gateway/net/pace.h"

namespace sluice::http::h1 {

class BodyReader : public Body {
 public:
  base::Task<base::Result<Piece>> read(std::size_t at_most) final;
  std::optional<std::uint64_t> length() const noexcept final;
  net::Transport* verbatim_source() noexcept override;
  void took(std::uint64_t bytes) noexcept override {
    left_ -= bytes;
    complete_ = left_ == 0;
    input_->passed_by(bytes);
  }
  base::Duration verbatim_timeout() const noexcept override { return timeout_; }
  base::Error verbatim_failure(base::Outcome outcome, base::Reason why) final;
  void abandon() noexcept override { input_->release_body(); }

  // Has anybody begun to read it?
  bool begun() const noexcept { return begun_; }
  // Everything has been read: the connection is at the next message.
  bool complete() const noexcept { return complete_; }
  // Throws away what has been received already; complete() afterwards?
  bool discard_received();

 protected:
  // `limit`: more bytes than that are body_too_large; lengths were checked against it before.
  BodyReader(Input& input, const Framing& framing, Message kind, base::Arena& arena, base::Duration timeout,
             std::uint64_t limit) noexcept;

  // From here on the other side must keep it. Outlives the reader.
  void keep_pace(net::Pace& pace) noexcept { pace_ = &pace; }

  // Before the first wait for bytes. An error ends the read.
  virtual base::Task<base::Result<void>> before_wait() { return base::Result<void>(); }
  // What it means that the other side sent nothing for `timeout`, that the scope was cancelled, that it
  // closed, or that reading failed.
  virtual base::Error silent() = 0;
  virtual base::Error ended() = 0;
  virtual base::Error cancelled(base::Reason why) { return {why, {}}; }

 private:
  std::optional<base::Result<Piece>> take(std::size_t at_most);
  base::Result<Piece> take_chunked(std::size_t at_most);
  std::span<char> take_chunk(std::span<char>& received);
  std::span<char> join_small(std::span<char> body, std::span<char> received);
  base::Task<base::Result<Piece>> wait(std::size_t at_most);
  std::size_t room(std::size_t at_most) const noexcept;

  Input* input_;
  net::Pace* pace_ = nullptr;
  Framing::Kind framing_;
  bool begun_ = false;
  bool complete_ = false;
  std::uint64_t left_;       // of Kind::length
  std::uint64_t allowance_;  // until body_too_large
  base::Duration timeout_;
  Fields trailers_;
  ChunkedDecoder decoder_;
  std::optional<base::Error> bad_chunk_;  // ends every read from then on
};

}  // namespace sluice::http::h1
