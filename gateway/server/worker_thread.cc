// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/worker_thread.h"

#include <pthread.h>

#include "gateway/base/arena_pool.h"
#include "gateway/base/frame_pool.h"
#include "gateway/base/log.h"

namespace sluice::server {

// Ticks along with the wheel and reports how late it was called: what an event waits when the worker is
// blocked.
struct WorkerThread::Lag final : net::Timer {
  Lag(net::Loop& l, WorkerThread& w) : loop(l), worker(w) { again(); }
  void again() noexcept {
    expected = loop.now() + 2 * net::Wheel::kTick;
    loop.wheel().set(*this, loop.wheel().due_in(net::Wheel::kTick));
  }
  void expired() noexcept override {
    worker.lag_ = std::max(base::Duration::zero(), loop.now() - expected);
    worker.worst_lag_ = std::max(worker.worst_lag_, worker.lag_);
    worker.metrics_.loop_lag(worker.lag_);
    worker.judge_lag();
    again();
  }
  net::Loop& loop;
  WorkerThread& worker;
  base::SteadyTime expected;
};

WorkerThread::WorkerThread(unsigned index, const base::Clock& clock, observe::MetricsRegistry& metrics)
    : loop_(clock),
      worker_{loop_, index},
      front_(worker_, metrics.unmatched()),
      metrics_(metrics.worker(index)) {
  front_.count_in(metrics.consumers());
}

WorkerThread::~WorkerThread() {
  loop_.stop();
  join();
}

void WorkerThread::join() {
  if (thread_.joinable()) thread_.join();
}

void WorkerThread::start() {
  thread_ = std::thread([this] { run(); });
}

void WorkerThread::run() {
  ::pthread_setname_np(::pthread_self(), ("worker-" + std::to_string(worker_.index)).c_str());
  {
    Lag lag(loop_, *this);
    loop_.run();
    listeners_.clear();
    leaving_.clear();
    worker_.background.cancel(base::Reason::draining);
    base::run_ready();
    front_.drop();
    loop_.run_once(base::Duration::zero());  // pools that the last snapshot let go of
  }
  base::ArenaLease::trim(0);
  base::FramePool::release();
}

void WorkerThread::install(std::shared_ptr<const routing::Snapshot> snapshot) {
  loop_.post([this, s = std::move(snapshot)]() mutable { front_.install(std::move(s)); });
}

void WorkerThread::log_to(observe::AccessLogLane* lane) {
  loop_.post([this, lane] { front_.log_to(lane); });
}

void WorkerThread::listen(ListenerShare share) {
  loop_.post([this, s = std::move(share)]() mutable {
    listeners_[s.name] = std::make_unique<front::Listener>(worker_, s.fd, std::move(s.settings), front_);
  });
}

void WorkerThread::use(std::string listener, std::shared_ptr<const front::ListenerSettings> settings) {
  loop_.post([this, name = std::move(listener), s = std::move(settings)]() mutable {
    auto at = listeners_.find(name);
    if (at != listeners_.end()) at->second->use(std::move(s));
  });
}

void WorkerThread::unlisten(std::string listener, bool gives_way) {
  loop_.post([this, name = std::move(listener), gives_way] {
    auto at = listeners_.find(name);
    if (at == listeners_.end()) return;
    gives_way ? at->second->give_way() : at->second->drain();
    leave(at);
  });
}

void WorkerThread::leave(std::map<std::string, std::unique_ptr<front::Listener>>::iterator listener) {
  std::erase_if(leaving_, [](const auto& l) { return l->connections() == 0 && !l->accepting(); });
  leaving_.push_back(std::move(listener->second));
  listeners_.erase(listener);
}

void WorkerThread::move(std::vector<ListenerMove> moves) {
  loop_.post([this, moves = std::move(moves)] {
    std::vector<int> sockets;
    for (const auto& m : moves) {
      auto from = listeners_.find(m.from);
      sockets.push_back(from == listeners_.end() ? -1 : from->second->give_up_socket());
      if (from != listeners_.end()) leave(from);
    }
    for (std::size_t i = 0; i < moves.size(); ++i)
      if (sockets[i] >= 0)
        listeners_[moves[i].to] =
            std::make_unique<front::Listener>(worker_, sockets[i], moves[i].settings, front_);
  });
}

void WorkerThread::set_backlog(std::string listener, std::uint32_t backlog) {
  loop_.post([this, name = std::move(listener), backlog] {
    auto at = listeners_.find(name);
    if (at != listeners_.end()) at->second->set_backlog(static_cast<int>(backlog));
  });
}

void WorkerThread::drain() {
  loop_.post([this] {
    for (auto& [name, listener] : listeners_) listener->drain();
    for (auto& listener : leaving_)
      if (listener->accepting()) listener->drain();
  });
}

void WorkerThread::judge_lag() {
  auto& pressure = loop_.pressure();
  auto before = pressure.of(net::StrainCause::lag), now = lag_levels_.read(lag_, lag_limit_);
  if (now == before) return;
  pressure.set(net::StrainCause::lag, now);
  auto who = "worker " + std::to_string(worker_.index);
  if (now == net::Strain::none) return base::log(base::Level::info, who + " is not behind any more");
  base::log(base::Level::warning, who + " is behind: " +
                                      (now == net::Strain::some ? "requests of low importance are refused"
                                                                : "all but critical requests are refused"));
}

void WorkerThread::limit_lag(base::Duration limit) {
  loop_.post([this, limit] { lag_limit_ = limit; });
}

void WorkerThread::watch_memory(bool limited) {
  loop_.post([this, limited] { loop_.pressure().watch(limited); });
}

// A worker that does not come to it is not asked again.
void WorkerThread::relieve() {
  if (relieving_.exchange(true)) return;
  loop_.post([this] {
    relieving_ = false;
    relieve_now();
  });
}

void WorkerThread::relieve_now() {
  auto strain = loop_.pressure().of(net::StrainCause::memory);
  loop_.buffers().be_frugal(strain != net::Strain::none);
  if (strain == net::Strain::none) return;
  if (strain == net::Strain::utmost) front_.cut();
  for (auto& [name, listener] : listeners_) listener->end_quiet();
  for (auto& listener : leaving_) listener->end_quiet();
  loop_.buffers().trim();
  base::ArenaLease::trim(0);
  base::FramePool::release();
}

void WorkerThread::remember_failures(std::size_t entries) {
  if (entries == 0) return;
  failures_ = std::make_unique<observe::FailureRing>(entries, worker_.index);
  front_.remember_in(failures_.get());
}

template <class Read>
auto WorkerThread::ask(Read read) {
  using Value = decltype(read());
  auto promise = std::make_shared<std::promise<Value>>();
  auto future = promise->get_future();
  loop_.post([promise, read = std::move(read)] { promise->set_value(read()); });
  return future;
}

std::future<std::size_t> WorkerThread::connections() {
  return ask([this] {
    std::size_t n = 0;
    for (auto& [name, listener] : listeners_) n += listener->connections();
    for (auto& listener : leaving_) n += listener->connections();
    return n;
  });
}

std::future<WorkerState> WorkerThread::state() {
  return ask([this] {
    WorkerState out{lag_, worst_lag_, front_.active(), {}};
    for (auto& [name, listener] : listeners_) out.connections[name] += listener->connections();
    for (auto& listener : leaving_) out.connections[""] += listener->connections();
    return out;
  });
}

std::future<std::map<std::string, int>> WorkerThread::sockets() {
  return ask([this] {
    std::map<std::string, int> out;
    for (auto& [name, listener] : listeners_)
      if (int fd = listener->duplicate(); fd >= 0) out[name] = fd;
    return out;
  });
}

std::future<std::vector<upstream::PoolCount>> WorkerThread::pools(std::shared_ptr<const Targets> targets) {
  return ask([this, targets = std::move(targets)] {
    std::vector<upstream::PoolCount> out;
    for (const auto& target : *targets) {
      const auto* pool = target ? target->slot(worker_.index).get() : nullptr;
      out.push_back(pool ? pool->count() : upstream::PoolCount{});
    }
    return out;
  });
}

std::future<std::vector<observe::Failure>> WorkerThread::failures(observe::FailureQuery query) {
  return ask([this, query = std::move(query)] {
    return failures_ ? failures_->read(query) : std::vector<observe::Failure>();
  });
}

}  // namespace sluice::server
