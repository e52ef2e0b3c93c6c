// SPDX-License-Identifier: Apache-2.0
// Input: the bytes of one HTTP/1 connection that have been received and not yet used. Heads lie in one buffer
// that stays put while views of them are alive; bodies that do not fit beside their head are read into a
// second one. Both sides of HTTP/1 use it.
#pragma once
#include <algorithm>
#include <cstring>
#include <span>

#include "gateway/net/buffers.h"
#include "gateway/net/transport.h"

namespace sluice::http::h1 {

class Input {
 public:
  // `large`: what large() said of the connection's last message.
  Input(net::Transport& from, net::BufferPool& pool, bool large = false) noexcept
      : from_(&from), pool_(&pool), large_(large) {}

  // Unused bytes: first those behind the head, then those of the body buffer. Whoever uses them may write over
  // them.
  std::span<char> pending() const noexcept {
    if (begin_ < end_) return {buffer_.data() + begin_, end_ - begin_};
    return {body_.data() + body_begin_, body_end_ - body_begin_};
  }
  bool empty() const noexcept { return begin_ == end_ && body_begin_ == body_end_; }
  void use(std::size_t n) noexcept {
    if (begin_ < end_) {
      begin_ += n;
    } else {
      body_begin_ += n;
    }
  }

  // Appends to the bytes of a head. `failed` with ENOBUFS when the buffer is full.
  net::Io read_head() noexcept {
    if (!buffer_) buffer_ = large_ && !pool_->frugal() ? pool_->body() : pool_->head();
    if (end_ == buffer_.size()) return {net::Io::Kind::failed, 0, ENOBUFS};
    net::Io io = read({buffer_.data() + end_, buffer_.size() - end_});
    end_ += io.bytes;
    return io;
  }
  // Reads the next `want` bytes of a body, when none are pending; overwrites those of the last call. A large
  // buffer is taken for reads that can fill it. Up to `past` bytes behind them are welcome: a read that does
  // not fill its buffer has emptied the socket, which spares the question whether there is more.
  net::Io read_body(std::size_t want, std::size_t past) noexcept {
    bool large = want > net::BufferPool::kHead && !pool_->frugal();
    if (!body_ || (large && body_.size() < net::BufferPool::kBody))
      body_ = large ? pool_->body() : pool_->head();
    net::Io io = read({body_.data(), std::min(want + past, body_.size())});
    body_begin_ = 0;
    body_end_ = io.bytes;
    return io;
  }
  // What was read past a message fits into any head buffer.
  static constexpr std::size_t kPast = net::BufferPool::kHead;
  // Bytes of the next message that the head buffer can take over.
  std::size_t room_past() const noexcept { return buffer_.size(); }
  // Did the last message fill its buffer, so that the next is better read into a large one at once?
  bool large() const noexcept { return large_; }

  // After a message: moves what is left to the front of the head buffer. No view of the message may be alive.
  // What was read past the message fits: bodies of unknown length are read in pieces no larger than the head
  // buffer.
  void next_message() noexcept {
    message_ended();
    std::size_t left = end_ - begin_;
    if (body_begin_ < body_end_) {
      std::size_t more = std::min(body_end_ - body_begin_, buffer_.size());
      std::memcpy(buffer_.data(), body_.data() + body_begin_, more);
      left = more;
    } else if (left && begin_) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, left);
    }
    begin_ = body_begin_ = body_end_ = 0;
    end_ = left;
    body_.release();
  }
  // Before a wait for the rest of a head: a client that takes its time shall not hold a large buffer. No view
  // of the head may be alive.
  void settle() {
    if (buffer_.size() <= net::BufferPool::kHead || end_ - begin_ >= net::BufferPool::kHead) return;
    net::Buffer smaller = pool_->head();
    std::memcpy(smaller.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    buffer_ = std::move(smaller);
    large_ = false;
  }
  // Before a wait for more of a body: the second buffer, when none of it is pending.
  void release_body() noexcept {
    if (body_begin_ == body_end_) body_.release();
  }
  // Gives the buffers back if nothing is pending.
  void release() noexcept {
    if (!empty()) return;
    message_ended();
    begin_ = end_ = 0;
    buffer_.release();
    body_.release();
  }

  net::Transport& transport() const noexcept { return *from_; }
  net::BufferPool& pool() const noexcept { return *pool_; }
  std::uint64_t received() const noexcept { return received_; }  // bytes in all
  // These bytes were moved on inside the kernel.
  void passed_by(std::uint64_t bytes) noexcept { received_ += bytes; }

 private:
  net::Io read(std::span<char> into) noexcept {
    net::Io io = from_->try_read(into);
    received_ += io.bytes;
    if (io.bytes == into.size()) large_ = true;
    return io;
  }
  void message_ended() noexcept {
    if (received_ == message_began_) return;
    if (received_ - message_began_ <= net::BufferPool::kHead) large_ = false;
    message_began_ = received_;
  }

  net::Transport* from_;
  net::BufferPool* pool_;
  net::Buffer buffer_, body_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t body_begin_ = 0, body_end_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t message_began_ = 0;  // `received_` when the last message had ended
  bool large_;
};

}  // namespace sluice::http::h1
