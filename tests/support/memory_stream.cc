// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_stream.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

namespace sluice::test {

using net::Io;

namespace {

std::deque<MemoryStream*>& streams_with_events() noexcept {
  static thread_local std::deque<MemoryStream*> list;
  return list;
}

}  // namespace

MemoryStream::Pair MemoryStream::pair(net::Wheel& wheel, std::size_t capacity) {
  std::unique_ptr<MemoryStream> a(new MemoryStream(wheel, capacity));
  std::unique_ptr<MemoryStream> b(new MemoryStream(wheel, capacity));
  a->other_ = b.get();
  b->other_ = a.get();
  return {std::move(a), std::move(b)};
}

MemoryStream::~MemoryStream() {
  if (listed_) std::erase(streams_with_events(), this);
  if (!other_) return;
  other_->other_ = nullptr;
  other_->other_done_ = true;
  // A close with unread bytes is a reset too (RFC 9293 section 3.6.1).
  if (reset_ || !arrived_.empty()) {
    other_->broken_ = kReset;
    other_->arrived_.clear();
  }
  other_->notify(true, other_->broken_ != 0, true);
}

void MemoryStream::notify(bool read, bool write, bool hangup) noexcept {
  event_read_ = event_read_ || read;
  event_write_ = event_write_ || write;
  event_hangup_ = event_hangup_ || hangup;
  if (!std::exchange(listed_, true)) streams_with_events().push_back(this);
}

void MemoryStream::fail_at(unsigned n, int error) noexcept {
  fail_at_ = tries_ + n;
  fail_with_ = error;
}

bool MemoryStream::refused(Io& answer, bool reading) noexcept {
  ++tries_;
  if (fail_at_ && tries_ >= fail_at_) broken_ = fail_with_;
  if (broken_) {
    answer = {Io::Kind::failed, 0, broken_};
    return true;
  }
  if (stutter_ && (stuttered_ = !stuttered_)) {
    (reading ? can_read_ : can_write_) = false;
    notify(reading, !reading, false);
    answer = {Io::Kind::again, 0, 0};
    return true;
  }
  return false;
}

std::size_t MemoryStream::next_piece(std::vector<std::size_t>& sizes, std::size_t at_most) noexcept {
  if (sizes.empty()) return at_most;
  std::size_t size = std::max<std::size_t>(1, sizes.front());
  if (sizes.size() > 1) sizes.erase(sizes.begin());
  return std::min(size, at_most);
}

Io MemoryStream::try_read(std::span<char> into) noexcept {
  Io answer{Io::Kind::again, 0, 0};
  if (!can_read_ || refused(answer, true)) return answer;
  if (arrived_.empty()) {
    can_read_ = other_done_;
    if (other_done_) {
      answer.kind = Io::Kind::closed;
      hung_up_ = true;
    }
    return answer;
  }
  std::size_t n = next_piece(read_pieces_, std::min(into.size(), arrived_.size()));
  std::memcpy(into.data(), arrived_.data(), n);
  arrived_.erase(0, n);
  if (other_) other_->notify(false, true, false);
  // As a socket does: a short read means that there is no more until the next event.
  if (n < into.size() && !other_done_) can_read_ = false;
  if (!can_read_ && !arrived_.empty()) notify(true, false, false);
  return {Io::Kind::moved, n, 0};
}

Io MemoryStream::try_write(std::span<const iovec> from) noexcept {
  Io answer{Io::Kind::again, 0, 0};
  if (!can_write_ || refused(answer, false)) return answer;
  if (!other_ || done_) return {Io::Kind::failed, 0, EPIPE};
  std::size_t room = capacity_ - std::min(capacity_, other_->arrived_.size());
  std::size_t whole = 0;
  for (const iovec& v : from) whole += v.iov_len;
  if (room == 0 && whole > 0) {
    can_write_ = false;
    return answer;
  }
  std::size_t left = next_piece(write_pieces_, std::min(room, whole));
  answer = {Io::Kind::moved, left, 0};
  for (const iovec& v : from) {
    std::size_t n = std::min(left, v.iov_len);
    other_->arrived_.append(static_cast<const char*>(v.iov_base), n);
    left -= n;
  }
  other_->notify(true, false, false);
  return answer;
}

void MemoryStream::shutdown_write() noexcept {
  done_ = true;
  if (!other_) return;
  other_->other_done_ = true;
  other_->notify(true, false, true);
}

void MemoryStream::put(std::string_view bytes) {
  if (!other_) return;
  other_->arrived_ += bytes;
  other_->notify(true, false, false);
}

std::string MemoryStream::take() {
  if (other_ && !arrived_.empty()) other_->notify(false, true, false);
  return std::exchange(arrived_, {});
}

bool MemoryStream::at_end() const noexcept { return other_done_ && arrived_.empty(); }

bool deliver() noexcept {
  bool any = false;
  for (bool more = true; more; any = any || more) {
    more = false;
    if (auto& list = streams_with_events(); !list.empty()) {
      MemoryStream* stream = list.front();
      list.pop_front();
      stream->listed_ = false;
      bool read = std::exchange(stream->event_read_, false);
      bool write = std::exchange(stream->event_write_, false);
      bool hangup = std::exchange(stream->event_hangup_, false);
      stream->became_ready(read, write, hangup);
      more = true;
    }
    if (base::run_ready()) more = true;
  }
  return any;
}

}  // namespace sluice::test
