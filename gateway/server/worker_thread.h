// SPDX-License-Identifier: Apache-2.0
// WorkerThread: one thread that serves requests: a loop, a front and its share of every listener. Commands
// come from the control thread through the loop's inbox.
#pragma once
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/front/front.h"
#include "gateway/front/listener.h"
#include "gateway/net/loop.h"
#include "gateway/server/strain_levels.h"
#include "gateway/upstream/target.h"

namespace sluice::server {

// A listener's socket for one worker, with what all workers share.
struct ListenerShare {
  std::string name;
  int fd = -1;
  std::shared_ptr<const front::ListenerSettings> settings;
};

// A socket that one listener gives to another.
struct ListenerMove {
  std::string from, to;
  std::shared_ptr<const front::ListenerSettings> settings;  // of the latter
};

// How a worker is at the moment.
struct WorkerState {
  base::Duration lag{}, worst_lag{};               // of its last tick, and since the start
  std::size_t exchanges = 0;                       // in flight
  std::map<std::string, std::size_t> connections;  // by listener, those that are leaving too
};

class WorkerThread {
 public:
  WorkerThread(unsigned index, const base::Clock& clock, observe::MetricsRegistry& metrics);
  // Joins; every connection is cut.
  ~WorkerThread();

  net::Loop& loop() noexcept { return loop_; }

  // Control thread, before start(): room for so many failed exchanges.
  void remember_failures(std::size_t entries);
  // Control thread.
  void start();
  // Waits for the thread's end, after loop().stop().
  void join();
  // All of these are carried out by the worker soon; any thread.
  void install(std::shared_ptr<const routing::Snapshot> snapshot);
  void log_to(observe::AccessLogLane* lane);
  void listen(ListenerShare share);
  void use(std::string listener, std::shared_ptr<const front::ListenerSettings> settings);
  // Its connections drain. `gives_way`: another listener has its address from now on.
  void unlisten(std::string listener, bool gives_way);
  // All at once, so that two can change places; the connections of those that give drain.
  void move(std::vector<ListenerMove> moves);
  void set_backlog(std::string listener, std::uint32_t backlog);
  void drain();
  // How late ticks may come; zero for as late as they like.
  void limit_lag(base::Duration limit);
  // Is there a limit of memory?
  void watch_memory(bool limited);
  // Does what the strain on memory asks for now: ends quiet connections, gives back what is kept for reuse,
  // cuts exchanges.
  void relieve();
  // How many connections there are; what has been asked for before has been done when it is ready.
  std::future<std::size_t> connections();
  // These answer when the worker comes to it: wait with an end.
  std::future<WorkerState> state();
  std::future<std::vector<observe::Failure>> failures(observe::FailureQuery query);
  // Of this worker's pool at each of the targets.
  using Targets = std::vector<std::shared_ptr<upstream::Target>>;
  std::future<std::vector<upstream::PoolCount>> pools(std::shared_ptr<const Targets> targets);
  // By listener, another descriptor of the socket that this worker accepts on; the caller's to close.
  std::future<std::map<std::string, int>> sockets();

 private:
  void run();
  void leave(std::map<std::string, std::unique_ptr<front::Listener>>::iterator listener);
  struct Lag;
  void judge_lag();
  void relieve_now();
  // What `read` says, from the worker's thread.
  template <class Read>
  auto ask(Read read);

  net::Loop loop_;
  chain::Worker worker_;
  front::Front front_;
  observe::WorkerMetrics& metrics_;
  std::unique_ptr<observe::FailureRing> failures_;
  base::Duration lag_{}, worst_lag_{};
  base::Duration lag_limit_{};
  LagLevels lag_levels_;
  std::atomic<bool> relieving_{false};
  std::map<std::string, std::unique_ptr<front::Listener>> listeners_;
  std::vector<std::unique_ptr<front::Listener>> leaving_;  // removed from the configuration, not empty yet
  std::thread thread_;
};

}  // namespace sluice::server
