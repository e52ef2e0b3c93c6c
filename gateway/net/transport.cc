// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/transport.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice::net {

Io Transport::try_peek(std::span<char> /*into*/) noexcept { return {Io::Kind::failed, 0, ENOSYS}; }

Io Transport::try_splice_in(const Pipe& /*to*/, std::size_t /*at_most*/) noexcept {
  return {Io::Kind::failed, 0, ENOSYS};
}

Io Transport::try_splice_out(const Pipe& /*from*/, std::size_t /*at_most*/, bool /*more*/) noexcept {
  return {Io::Kind::failed, 0, ENOSYS};
}

void Transport::rearm() noexcept {
  Tick due = std::min(reader_ ? reader_->due_ : kNever, writer_ ? writer_->due_ : kNever);
  wheel_->set(*this, due);
}

void Transport::became_ready(bool read, bool write, bool hangup) noexcept {
  can_read_ = can_read_ || read;
  can_write_ = can_write_ || write;
  hung_up_ = hung_up_ || hangup;
  ReadWait* reader = read ? std::exchange(reader_, nullptr) : nullptr;
  WriteWait* writer = write ? std::exchange(writer_, nullptr) : nullptr;
  Watcher* watcher = read && !reader ? watcher_ : nullptr;
  // At most one of them now: each may destroy this transport and the other with it.
  if (writer && (reader || watcher)) std::exchange(writer, nullptr)->finish_later(base::Outcome::ready);
  if (reader) {
    reader->finish(base::Outcome::ready);
  } else if (watcher) {
    watcher->on_activity(hung_up_);
  } else if (writer) {
    writer->finish(base::Outcome::ready);
  }
}

void Transport::interrupt_read() noexcept {
  if (reader_) std::exchange(reader_, nullptr)->finish_later(base::Outcome::timeout);
}

void Transport::expired() noexcept {
  Tick now = wheel_->now();
  // Later, not now: the first one resumed may destroy this transport and with it the other.
  if (reader_ && reader_->due_ <= now) std::exchange(reader_, nullptr)->finish_later(base::Outcome::timeout);
  if (writer_ && writer_->due_ <= now) std::exchange(writer_, nullptr)->finish_later(base::Outcome::timeout);
  rearm();
}

}  // namespace sluice::net
