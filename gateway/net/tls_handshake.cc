// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_handshake.h"

#include <atomic>
#include <optional>
#include <utility>

#include "gateway/net/client_hello.h"

namespace sluice::net {
namespace {

using base::Outcome;
using base::Task;
using FailureKind = TlsFailure::Kind;
using Step = TlsTransport::Step;

// A handshake on its way over a crypto thread. Whoever holds it last destroys the connection: the coroutine
// if it still waits, else the loop's inbox, always on the worker's thread.
struct Lent {
  TlsTransportPtr transport;
  std::shared_ptr<const void> keep;  // contexts that the callbacks of the step look into
  Step step = Step::failed;
  class ReturnWait* waiter = nullptr;
  std::atomic<bool> given_up{false};  // the coroutine has gone
};

class ReturnWait final : public base::Wait {
 public:
  explicit ReturnWait(Lent& lent) noexcept : lent_(&lent) {}
  ReturnWait(ReturnWait&&) = delete;
  ~ReturnWait() { end(); }
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    lent_->waiter = this;
    return true;
  }
  Outcome await_resume() const noexcept { return outcome(); }

 private:
  void forget() noexcept override {
    lent_->waiter = nullptr;
    lent_->given_up.store(true, std::memory_order_relaxed);
  }
  Lent* lent_;
};

// On a crypto thread. Nothing of `lent` stays here: the worker's thread is to have the last hold of it.
void compute(std::shared_ptr<Lent> lent, Loop& loop) {
  if (!lent->given_up.load(std::memory_order_relaxed)) lent->step = lent->transport->handshake(true);
  loop.post([lent = std::move(lent)] {
    if (auto* waiter = std::exchange(lent->waiter, nullptr)) waiter->finish(Outcome::ready);
  });
}

class Handshake {
 public:
  Handshake(Loop& loop, TlsTransportPtr transport, CryptoThreads& threads, std::shared_ptr<const void> keep,
            base::Duration timeout) noexcept
      : loop_(loop),
        transport_(std::move(transport)),
        threads_(threads),
        keep_(std::move(keep)),
        timeout_(timeout),
        deadline_(loop.now() + timeout) {}

  Task<TlsHandshake> run(bool server) {
    // A server computes nothing for a client that has said nothing.
    // Here and below results have names: g++ 12 loses temporaries of a co_await inside a condition.
    if (server) {
      bool spoke = co_await readable();
      if (!spoke) co_return failed();
    }
    auto turn = loop_.quota().next();
    auto ours = co_await turn;
    if (ours != Outcome::ready) co_return failed(FailureKind::cancelled, turn.why());
    Step step = transport_->handshake(false);
    for (;;) {
      if (step == Step::slow) {
        auto lent = co_await lend();
        if (!lent) co_return failed();
        step = *lent;
      }
      transport_->settle(step);
      if (step == Step::done) co_return TlsHandshake{std::move(transport_), {}};
      if (step == Step::closed) co_return failed(FailureKind::closed);
      if (step == Step::failed) co_return refused(server);
      bool ready = false;
      if (step == Step::wants_write) {
        ready = co_await writable();
      } else {
        ready = co_await readable();
      }
      if (!ready) co_return failed();
      step = transport_->handshake(false);
    }
  }

 private:
  Task<bool> readable() {
    auto left = time_left();
    if (left < base::Duration::zero()) co_return note(Outcome::timeout, {});
    auto wait = transport_->readable(left);
    auto outcome = co_await wait;
    co_return note(outcome, wait.why());
  }
  Task<bool> writable() {
    auto left = time_left();
    if (left < base::Duration::zero()) co_return note(Outcome::timeout, {});
    auto wait = transport_->writable(left);
    auto outcome = co_await wait;
    co_return note(outcome, wait.why());
  }
  // The step's outcome, or nothing when the connection is not ours any more.
  Task<std::optional<Step>> lend() {
    transport_->lend();
    auto lent = std::make_shared<Lent>();
    lent->transport = std::move(transport_);
    lent->keep = keep_;
    if (!threads_.submit([lent, &loop = loop_]() mutable { compute(std::move(lent), loop); })) {
      lent->transport->take_back();
      failure_.kind = FailureKind::overload;
      co_return std::nullopt;
    }
    ReturnWait wait(*lent);
    if (co_await wait != Outcome::ready) {
      note(Outcome::cancelled, wait.why());
      co_return std::nullopt;
    }
    transport_ = std::move(lent->transport);
    transport_->take_back();
    if (time_left() >= base::Duration::zero()) co_return lent->step;
    note(Outcome::timeout, {});
    co_return std::nullopt;
  }

  // Zero for no timeout, negative when the time is over.
  base::Duration time_left() const noexcept {
    if (!timeout_.count()) return {};
    auto left = deadline_ - loop_.now();
    return left.count() > 0 ? left : base::Duration(-1);
  }
  bool note(Outcome outcome, base::Reason why) noexcept {
    if (outcome == Outcome::ready) return true;
    failure_.kind = outcome == Outcome::timeout ? FailureKind::timeout : FailureKind::cancelled;
    failure_.reason = why;
    return false;
  }
  TlsHandshake failed() { return {nullptr, std::move(failure_)}; }
  static TlsHandshake failed(FailureKind kind, base::Reason reason = {}) {
    return {nullptr, {kind, reason, {}}};
  }
  TlsHandshake refused(bool server) {
    TlsHandshake out{nullptr, {FailureKind::refused, {}, transport_->failure()}};
    if (server && looks_like_http(transport_->first())) {
      out.failure.why = "plain HTTP where TLS is expected";
      auto plain = std::make_unique<TcpTransport>(loop_, transport_->release(), true);
      if (plain->registered()) out.plain = std::move(plain);
      return out;
    }
    // The alert has been sent; without this a reset may overtake it.
    transport_->shutdown_write();
    return out;
  }

  Loop& loop_;
  TlsTransportPtr transport_;
  CryptoThreads& threads_;
  std::shared_ptr<const void> keep_;
  base::Duration timeout_;
  base::SteadyTime deadline_;
  TlsFailure failure_{FailureKind::closed, {}, {}};
};

}  // namespace

Task<TlsHandshake> handshake(Loop& loop, TransportPtr plain, SslPtr ssl, CryptoThreads& threads,
                             std::shared_ptr<const void> keep, base::Duration timeout) {
  bool server = SSL_is_server(ssl.get());
  auto transport = std::make_unique<TlsTransport>(loop, *plain, std::move(ssl));
  plain.reset();
  if (!transport->registered()) co_return TlsHandshake{nullptr, {FailureKind::overload, {}, {}}};
  Handshake shaking(loop, std::move(transport), threads, std::move(keep), timeout);
  co_return co_await shaking.run(server);
}

}  // namespace sluice::net
