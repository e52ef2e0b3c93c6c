// SPDX-License-Identifier: Apache-2.0
// Pump: moves the bytes of one connection to another as they are, in one direction; the sink is told when the
// source has finished. relay(): both directions of a pair, for connections that nobody looks into. Both hold
// memory only while bytes are on their way: an idle tunnel owns no buffer and no pipe. Small pieces are
// copied, since that costs two system calls where splice(2) takes three; what proves to be more goes through
// a pipe where both ends allow it. Not reading is backpressure. One worker thread.
#pragma once
#include <cstdint>
#include <optional>

#include "gateway/base/task.h"
#include "gateway/net/loop.h"
#include "gateway/net/scope_timer.h"
#include "gateway/net/transport.h"
#include "gateway/net/turn.h"

namespace sluice::net {

// How a pump came to its end.
struct Pumped {
  enum class Kind : std::uint8_t {
    ended,          // the source has sent everything, it has been passed on, and the sink was told
    source_failed,  // reading failed: the source broke the connection
    sink_failed,    // writing failed: the sink takes nothing more
    cancelled       // the scope was, for the reason `why`
  } kind = Kind::ended;
  base::Reason why = base::Reason::none;
  int error = 0;  // errno of a failure
};

class Pump {
 public:
  // `idle` is put off with each piece that moves; nothing else limits the waits. All must outlive the pump.
  Pump(Loop& loop, Transport& from, Transport& to, ScopeTimer& idle) noexcept
      : loop_(&loop), from_(&from), to_(&to), idle_(&idle) {}

  base::Task<Pumped> run();
  // Bytes so far.
  std::uint64_t taken() const noexcept { return taken_; }
  std::uint64_t given() const noexcept { return given_; }

 private:
  // Bytes that may move in a burst before others have their turn.
  static constexpr std::uint64_t kTurn = 1 << 20;
  // What a burst came to: nothing, when the source has no more for now.
  using Ending = std::optional<Pumped>;
  base::Task<Ending> burst();
  base::Task<Ending> copy(Buffer& buffer, std::size_t& got);
  base::Task<Ending> splice(const Pipe& pipe, std::size_t& held);
  base::Task<Ending> room();
  base::Task<Ending> others();
  Ending took(const Io& in) noexcept;
  void gave(std::size_t bytes) noexcept;

  Loop* loop_;
  Transport* from_;
  Transport* to_;
  ScopeTimer* idle_;
  std::uint64_t taken_ = 0, given_ = 0;
  std::uint64_t turn_ends_ = kTurn;  // bytes taken by then
};

// What became of a pair of connections.
struct Relayed {
  enum class End : std::uint8_t { both_finished, first_broke, second_broke, cancelled } end;
  base::Reason why = base::Reason::none;  // of `cancelled`: timeout_idle, or the scope's
  std::uint64_t forth = 0;                // bytes from the first to the second
  std::uint64_t back = 0;
};

// Passes everything on in both directions until both sides have finished. An end in one direction is passed
// on and leaves the other one alone; when a side breaks, the other one is set to be reset when it is closed,
// which is for the caller to do. `idle`: without a byte in either direction; zero for ever. Watches both
// transports meanwhile.
base::Task<Relayed> relay(Loop& loop, Transport& first, Transport& second, base::Duration idle);

}  // namespace sluice::net
