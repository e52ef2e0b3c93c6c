// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/pump.h"

#include "gateway/base/job.h"
#include "gateway/net/write.h"

namespace sluice::net {

using base::Duration;
using base::Outcome;
using base::Reason;
using base::Task;

Task<Pumped> Pump::run() {
  for (;;) {
    auto wait = from_->readable(Duration::zero());
    auto outcome = co_await wait;
    if (outcome == Outcome::cancelled) co_return Pumped{Pumped::Kind::cancelled, wait.why(), 0};
    turn_ends_ = taken_ + kTurn;
    auto end = co_await burst();
    if (!end) continue;
    if (end->kind == Pumped::Kind::ended) to_->shutdown_write();
    co_return *end;
  }
}

// Moves what is there.
Task<Pump::Ending> Pump::burst() {
  Buffer buffer = loop_->buffers().head();
  std::size_t got = 0;
  auto end = co_await copy(buffer, got);
  if (end || got < buffer.size()) co_return end;
  // It filled the buffer: more than small talk.
  buffer.release();
  if (from_->can_splice() && to_->can_splice()) {
    if (PipeLease lease(loop_->buffers()); lease) {
      end = co_await splice(lease.pipe, lease.held);
      co_return end;
    }
  }
  buffer = loop_->buffers().frugal() ? loop_->buffers().head() : loop_->buffers().body();
  do {
    end = co_await copy(buffer, got);
    if (!end && taken_ >= turn_ends_) end = co_await others();
  } while (!end && got > 0);
  co_return end;
}

// One piece; got: its bytes, 0 for none.
Task<Pump::Ending> Pump::copy(Buffer& buffer, std::size_t& got) {
  got = 0;
  Io in = from_->try_read({buffer.data(), buffer.size()});
  if (in.kind != Io::Kind::moved) co_return took(in);
  took(in);
  got = in.bytes;
  for (std::string_view left(buffer.data(), in.bytes); !left.empty();) {
    iovec one = piece(left);
    Io out = to_->try_write({&one, 1});
    if (out.kind == Io::Kind::failed) co_return Pumped{Pumped::Kind::sink_failed, {}, out.error};
    if (out.kind == Io::Kind::moved) {
      gave(out.bytes);
      left.remove_prefix(out.bytes);
    } else if (auto end = co_await room()) {
      co_return end;
    }
  }
  co_return Ending();
}

// Everything that is there. `held`: what the pipe holds.
Task<Pump::Ending> Pump::splice(const Pipe& pipe, std::size_t& held) {
  for (;;) {
    Io in = from_->try_splice_in(pipe, pipe.capacity);
    if (in.kind != Io::Kind::moved) co_return took(in);
    took(in);
    held = in.bytes;
    while (held) {
      // Never marked as "more follows": nobody knows, and the kernel would hold a part of it back.
      Io out = to_->try_splice_out(pipe, held, false);
      if (out.kind == Io::Kind::failed) co_return Pumped{Pumped::Kind::sink_failed, {}, out.error};
      if (out.kind == Io::Kind::moved) {
        gave(out.bytes);
        held -= out.bytes;
      } else if (auto end = co_await room()) {
        co_return end;
      }
    }
    if (taken_ >= turn_ends_)
      if (auto end = co_await others()) co_return end;
  }
}

// Waits until the sink takes more.
Task<Pump::Ending> Pump::room() {
  auto wait = to_->writable(Duration::zero());
  auto outcome = co_await wait;
  if (outcome == Outcome::cancelled) co_return Pumped{Pumped::Kind::cancelled, wait.why(), 0};
  co_return Ending();
}

// The burst has lasted long enough for now.
Task<Pump::Ending> Pump::others() {
  Turn next(*loop_);
  auto outcome = co_await next;
  turn_ends_ = taken_ + kTurn;
  if (outcome == Outcome::cancelled) co_return Pumped{Pumped::Kind::cancelled, next.why(), 0};
  co_return Ending();
}

Pump::Ending Pump::took(const Io& in) noexcept {
  if (in.kind == Io::Kind::closed) return Pumped{};
  if (in.kind == Io::Kind::failed) return Pumped{Pumped::Kind::source_failed, {}, in.error};
  if (in.kind == Io::Kind::moved) {
    taken_ += in.bytes;
    idle_->again();
  }
  return std::nullopt;
}

void Pump::gave(std::size_t bytes) noexcept {
  given_ += bytes;
  idle_->again();
}

namespace {

// Sees a side break while its bytes are not asked for, because the other one takes none.
class BreakWatch final : private Watcher {
 public:
  BreakWatch(Transport& side, base::Scope& scope) noexcept : side_(&side), scope_(&scope) {
    side.watch(this);
  }
  BreakWatch(const BreakWatch&) = delete;
  ~BreakWatch() { side_->watch(nullptr); }
  bool broke() const noexcept { return broke_; }
  void breaks() noexcept {
    broke_ = true;
    scope_->cancel(Reason::upstream_reset);
  }

 private:
  void on_activity(bool /*hangup*/) noexcept override {
    if (side_->broken()) breaks();
  }
  Transport* side_;
  base::Scope* scope_;
  bool broke_ = false;
};

Task<Pumped> one_way(Pump& pump, BreakWatch& source) {
  auto end = co_await pump.run();
  if (end.kind == Pumped::Kind::source_failed) source.breaks();
  co_return end;
}

}  // namespace

Task<Relayed> relay(Loop& loop, Transport& first, Transport& second, Duration idle) {
  base::Scope scope(co_await base::this_scope());
  ScopeTimer timer(loop.wheel(), scope);
  timer.start(idle, Reason::timeout_idle);
  BreakWatch of_first(first, scope), of_second(second, scope);
  Pump forth(loop, first, second, timer), back(loop, second, first, timer);
  base::Job<Pumped> backwards(&scope);
  backwards.start(one_way(back, of_second));
  Pumped one = co_await one_way(forth, of_first).in(scope);
  Pumped other = co_await backwards.join();

  Relayed out{Relayed::End::both_finished, {}, forth.given(), back.given()};
  if (of_first.broke()) {
    out.end = Relayed::End::first_broke;
    second.reset_on_close();
  } else if (of_second.broke()) {
    out.end = Relayed::End::second_broke;
    first.reset_on_close();
  } else if (one.kind == Pumped::Kind::cancelled || other.kind == Pumped::Kind::cancelled) {
    out.end = Relayed::End::cancelled;
    out.why = scope.why();
  }
  co_return out;
}

}  // namespace sluice::net
