// SPDX-License-Identifier: Apache-2.0
// Transport: one connection's bytes, plain or encrypted. The seam between the codecs and the system: try
// first, wait only when the answer is `again`. Owned by one connection on one worker. Timeouts are given with
// each wait and cost no system call. A transport closes when it is destroyed.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "gateway/base/clock.h"
#include "gateway/base/scope.h"
#include "gateway/net/wheel.h"

namespace sluice::net {

struct Pipe;

// What one attempt to move bytes came to.
struct Io {
  enum class Kind : std::uint8_t {
    moved,   // `bytes` were moved, at least one
    again,   // nothing now: wait
    closed,  // reading only: the other side has sent everything
    failed   // `error` is an errno value; the connection is of no use any more
  } kind;
  std::size_t bytes = 0;
  int error = 0;
};

// Told about what happens on a connection while nobody waits to read from it.
class Watcher {
 public:
  // `hangup`: the other side has closed or reset; otherwise unread bytes have arrived. May destroy the
  // transport.
  virtual void on_activity(bool hangup) noexcept = 0;

 protected:
  ~Watcher() = default;
};

class Transport : private Timer {
 public:
  class ReadWait;
  class WriteWait;

  explicit Transport(Wheel& wheel) noexcept : wheel_(&wheel) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual Io try_read(std::span<char> into) noexcept = 0;
  // Looks at what has arrived and leaves it there; `failed` with ENOSYS where that is impossible (TLS). See
  // peek.h for waiting until there is enough.
  virtual Io try_peek(std::span<char> into) noexcept;
  // Gathers; may move a part only. The next call must then go on with the bytes that follow (TLS has sealed
  // some of them already).
  virtual Io try_write(std::span<const iovec> from) noexcept = 0;
  // Moves at most `at_most` bytes between the connection and a pipe inside the kernel. `failed` with ENOSYS
  // when the bytes must be seen (TLS): ask can_splice() first. Fill empty pipes only, and empty filled ones:
  // a pipe that cannot move looks like a connection that is not ready, and no event would follow.
  virtual bool can_splice() const noexcept { return false; }
  virtual Io try_splice_in(const Pipe& to, std::size_t at_most) noexcept;
  virtual Io try_splice_out(const Pipe& from, std::size_t at_most, bool more) noexcept;
  // Tells the other side that nothing more will be sent.
  virtual void shutdown_write() noexcept = 0;
  // Makes the close a reset that drops unsent bytes, for connections that misbehave.
  virtual void reset_on_close() noexcept {}
  // What was sent last is not whole: closing must not look like its proper end. TLS then says no goodbye; plain
  // bytes have none, and where nothing in them tells their end, reset_on_close() does.
  virtual void break_off() noexcept {}
  // Gives up its socket, which the loop does not watch for it any more, to a transport that is put in its
  // place; -1 if there is none to give. Then it can only be destroyed.
  virtual int release() noexcept { return -1; }
  // Is there nothing that could be read? Costs a system call only when an event has come since the last read
  // that found too little. For connections about to idle: what came before watch() is not told. Bytes that
  // are there are lost.
  bool drained() noexcept {
    char byte;
    return !can_read_ || try_read({&byte, 1}).kind == Io::Kind::again;
  }
  // What can be read now is not enough: readable() is to wait for more. No effect once the other side has
  // closed, as no more will come.
  void want_more() noexcept {
    if (!hung_up_) can_read_ = false;
  }
  // Takes that back: what is there is read now, or found missing.
  void take_what_is_there() noexcept { can_read_ = true; }
  // True once the other side has closed or reset, as far as the system has told.
  bool hung_up() const noexcept { return hung_up_; }
  // True once the connection is known to be broken: a reset, or the network gave it up. What had arrived
  // before may still be read, nothing can be sent.
  bool broken() const noexcept { return broke_; }

  // `co_await transport.readable(timeout)`: Outcome::ready when a read is worth a try. Zero means no timeout.
  ReadWait readable(base::Duration timeout) noexcept;
  WriteWait writable(base::Duration timeout) noexcept;
  // Ends a pending readable() as if its timeout had passed; no effect if nobody waits.
  void interrupt_read() noexcept;
  // Told from now on; null for nobody.
  void watch(Watcher* watcher) noexcept { watcher_ = watcher; }

 protected:
  // From the source of events: wakes whoever waits for what became possible, or else tells the watcher. May
  // destroy `this` before it returns.
  void became_ready(bool read, bool write, bool hangup) noexcept;
  bool hung_up_ = false;
  bool broke_ = false;
  bool can_read_ = false;  // a read may succeed; false: only an event can change it
  bool can_write_ = false;

 private:
  void expired() noexcept override;
  void rearm() noexcept;

  Wheel* wheel_;
  ReadWait* reader_ = nullptr;
  WriteWait* writer_ = nullptr;
  Watcher* watcher_ = nullptr;
};

class Transport::ReadWait final : public base::Wait {
 public:
  ReadWait(Transport& t, base::Duration timeout) noexcept : transport_(&t), due_(t.wheel_->due_in(timeout)) {}
  ReadWait(ReadWait&&) = delete;
  ~ReadWait() { end(); }
  bool await_ready() const noexcept { return transport_->can_read_; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    transport_->reader_ = this;
    transport_->rearm();
    return true;
  }
  base::Outcome await_resume() const noexcept { return outcome(); }

 private:
  friend class Transport;
  void forget() noexcept override { transport_->reader_ = nullptr; }
  Transport* transport_;
  Tick due_;
};

class Transport::WriteWait final : public base::Wait {
 public:
  WriteWait(Transport& t, base::Duration timeout) noexcept
      : transport_(&t), due_(t.wheel_->due_in(timeout)) {}
  WriteWait(WriteWait&&) = delete;
  ~WriteWait() { end(); }
  bool await_ready() const noexcept { return transport_->can_write_; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    transport_->writer_ = this;
    transport_->rearm();
    return true;
  }
  base::Outcome await_resume() const noexcept { return outcome(); }

 private:
  friend class Transport;
  void forget() noexcept override { transport_->writer_ = nullptr; }
  Transport* transport_;
  Tick due_;
};

inline Transport::ReadWait Transport::readable(base::Duration timeout) noexcept { return {*this, timeout}; }
inline Transport::WriteWait Transport::writable(base::Duration timeout) noexcept { return {*this, timeout}; }

}  // namespace sluice::net
