// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/listen.h"
#include "gateway/observe/metrics.h"

namespace sluice::upstream::pool_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// One exchange over a pool's connection, as a handler makes them.
base::Task<std::string> exchange(Pool& pool, const Timeouts& timeouts, bool fresh) {
  base::Arena arena;
  auto acquired = co_await pool.acquire(arena, timeouts, {.fresh = fresh});
  if (!acquired) co_return std::string(base::row(acquired.error().reason).name);
  http::ClientStream& stream = *acquired->stream;
  http::RequestHead head(arena);
  head.method = http::Method::get;
  head.method_text = "GET";
  head.path = "/";
  auto sent = co_await stream.send(head, "Host: orders\r\n", nullptr);
  if (!sent) co_return std::string(base::row(sent.error().reason).name);
  http::ResponseHead response(arena);
  auto received = co_await stream.receive(response);
  if (!received) co_return std::string(base::row(received.error().reason).name);
  auto body = stream.body(arena);
  std::string text;
  while (body) {
    auto piece = co_await body->read(1000);
    if (!piece) co_return std::string(base::row(piece.error().reason).name);
    text.append(piece->bytes.data(), piece->bytes.size());
    if (piece->last) body.reset();
  }
  co_return text + (stream.reused() ? " reused" : " new");
}

class PoolTest : public testing::Test {
 protected:
  using Running = base::Job<std::string>;

  PoolTest() {
    listener_ = *net::listen(*net::Address::parse("127.0.0.1", 0), 64);
    target_->publish(std::vector{net::bound_to(listener_)});
  }
  ~PoolTest() override {
    target_.reset();
    loop_.run_once(0s);
    for (int fd : clients_) ::close(fd);
    ::close(listener_);
  }

  Pool& pool() { return Pool::of(*target_, 0, loop_, settings_, upstream_metrics_); }
  // The target's side: accepts, and answers every request that has come.
  void serve(std::string_view answer) {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
      clients_.push_back(fd);
    char buffer[4096];
    for (int fd : clients_) {
      if (::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) <= 0 || answer.empty()) continue;
      EXPECT_EQ(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
    }
  }
  void rounds(std::string_view answer, int n = 20) {
    for (int i = 0; i < n; ++i) {
      loop_.run_once(0s);
      serve(answer);
    }
  }
  std::string get(bool fresh = false, std::string_view answer = kAnswer) {
    Running job(&scope_);
    job.start(exchange(pool(), timeouts_, fresh));
    for (int i = 0; i < 2000 && job.running(); ++i) {
      loop_.run_once(1ms);
      serve(answer);
    }
    EXPECT_FALSE(job.running());
    return job.running() ? "" : job.join().await_resume();
  }
  double metric(const std::string& series) {
    std::string text = metrics_.text();
    auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return -1;
    return std::stod(text.substr(at + series.size() + 2));
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  base::Scope scope_;
  observe::MetricsRegistry metrics_{observe::MetricsOptions{.workers = 2}};
  std::shared_ptr<observe::UpstreamMetrics> upstream_metrics_ = metrics_.upstream("orders");
  std::shared_ptr<Target> target_ = Target::make(std::make_shared<TargetGroup>(), TargetUrl{"orders", 80},
                                                 std::make_shared<const WorkerLoops>(WorkerLoops{&loop_}));
  PoolSettings settings_;
  PoolConfig& config_ = settings_.keep;
  Timeouts timeouts_;
  int listener_;
  std::deque<int> clients_;
};

TEST_F(PoolTest, UsesAConnectionAgain) {
  EXPECT_EQ(get(), "ok new");
  EXPECT_EQ(pool().idle(), 1u);

  EXPECT_EQ(get(), "ok reused");

  EXPECT_EQ(clients_.size(), 1u);
  EXPECT_EQ(target_->connections(), 1u);
}

TEST_F(PoolTest, CountsItsConnectionsByWhatTheyDo) {
  Running one(&scope_);
  one.start(exchange(pool(), timeouts_, false));
  rounds("");
  EXPECT_EQ(pool().count().h1.active, 1u);
  EXPECT_EQ(pool().count().h1.idle, 0u);

  for (int fd : clients_) ASSERT_GT(::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL), 0);
  for (int i = 0; i < 2000 && one.running(); ++i) loop_.run_once(1ms);

  EXPECT_EQ(pool().count().h1.active, 0u);
  EXPECT_EQ(pool().count().h1.idle, 1u);
  EXPECT_EQ(pool().count().h2.idle + pool().count().h2.active + pool().count().streams, 0u);
}

TEST_F(PoolTest, OpensAnotherConnectionWhileOneIsInUse) {
  Running first(&scope_), second(&scope_);
  first.start(exchange(pool(), timeouts_, false));
  second.start(exchange(pool(), timeouts_, false));

  for (int i = 0; i < 2000 && (first.running() || second.running()); ++i) {
    loop_.run_once(1ms);
    serve(kAnswer);
  }

  EXPECT_EQ(first.join().await_resume(), "ok new");
  EXPECT_EQ(second.join().await_resume(), "ok new");
  EXPECT_EQ(pool().idle(), 2u);
}

TEST_F(PoolTest, OpensANewConnectionWhenAFreshOneIsAskedFor) {
  get();

  EXPECT_EQ(get(true), "ok new");

  EXPECT_EQ(clients_.size(), 2u);
}

TEST_F(PoolTest, SeesThatAnIdleConnectionWasClosed) {
  get();
  ::close(clients_.front());
  clients_.pop_front();

  for (int i = 0; i < 2000 && pool().idle() > 0; ++i) loop_.run_once(1ms);

  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
  EXPECT_EQ(get(), "ok new");
}

TEST_F(PoolTest, DropsAnIdleConnectionThatSpeaksUnasked) {
  get();
  ASSERT_EQ(::send(clients_.front(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kAnswer.size()));

  for (int i = 0; i < 2000 && pool().idle() > 0; ++i) loop_.run_once(1ms);

  EXPECT_EQ(pool().idle(), 0u);
}

TEST_F(PoolTest, DoesNotKeepAConnectionWithBytesBehindTheAnswer) {
  EXPECT_EQ(get(false, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n"), "ok new");

  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(get(), "ok new");
}

// The body is read to its exact length, so that what follows it is left in the socket.
TEST_F(PoolTest, DoesNotKeepAConnectionWithBytesLeftInTheSocket) {
  std::string body(40'000, 'x');
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + body + "HTTP/1.1 200 OK\r\n";

  EXPECT_EQ(get(false, answer), body + " new");

  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, DoesNotKeepAConnectionThatTheTargetWantsToClose) {
  EXPECT_EQ(get(false, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), "ok new");

  EXPECT_EQ(pool().idle(), 0u);
}

TEST_F(PoolTest, KeepsNoMoreThanMaxIdle) {
  config_.max_idle = 1;
  Running first(&scope_), second(&scope_);
  first.start(exchange(pool(), timeouts_, false));
  second.start(exchange(pool(), timeouts_, false));

  for (int i = 0; i < 2000 && (first.running() || second.running()); ++i) {
    loop_.run_once(1ms);
    serve(kAnswer);
  }

  EXPECT_EQ(pool().idle(), 1u);
  EXPECT_EQ(target_->connections(), 1u);
}

TEST_F(PoolTest, KeepsNothingWithAMaxIdleOfZero) {
  config_.max_idle = 0;

  get();
  EXPECT_EQ(get(), "ok new");

  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, ClosesWhatWasIdleForTooLong) {
  config_.idle = 5s;
  get();

  clock_.advance(4900ms);
  loop_.run_once(0s);
  EXPECT_EQ(pool().idle(), 1u);
  clock_.advance(400ms);
  loop_.run_once(0s);

  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, KeepsAConnectionThatIsUsedNowAndThen) {
  config_.idle = 5s;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(get(), i == 0 ? "ok new" : "ok reused");
    clock_.advance(4s);
    loop_.run_once(0s);
  }
}

TEST_F(PoolTest, ClosesAConnectionBeforeItsTargetDoes) {
  get(false, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 2\r\n\r\nok");

  clock_.advance(3900ms);
  loop_.run_once(0s);
  EXPECT_EQ(pool().idle(), 1u);
  clock_.advance(400ms);
  loop_.run_once(0s);

  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, ClosesAfterHalfOfAShortTimeThatTheTargetAnnounced) {
  config_.idle = 0s;  // which alone would keep it for ever
  get(false, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok");

  clock_.advance(400ms);
  loop_.run_once(0s);
  EXPECT_EQ(pool().idle(), 1u);
  clock_.advance(400ms);
  loop_.run_once(0s);

  EXPECT_EQ(pool().idle(), 0u);
}

TEST_F(PoolTest, KeepsAConnectionNoLongerThanItsOwnTimeWhateverTheTargetAnnounces) {
  config_.idle = 5s;
  get(false, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=600\r\nContent-Length: 2\r\n\r\nok");

  clock_.advance(5300ms);
  loop_.run_once(0s);

  EXPECT_EQ(pool().idle(), 0u);
}

TEST_F(PoolTest, DoesNotKeepAConnectionThatTheTargetKeepsForNoTime) {
  EXPECT_EQ(get(false, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok"), "ok new");

  EXPECT_EQ(pool().idle(), 0u);
}

// The target's announcement may change; the earliest end counts, not that of the connection used last.
TEST_F(PoolTest, ClosesTheConnectionThatEndsFirst) {
  Running first(&scope_), second(&scope_);
  first.start(exchange(pool(), timeouts_, false));
  second.start(exchange(pool(), timeouts_, false));
  for (int i = 0; i < 2000 && clients_.size() < 2; ++i) rounds("", 1);
  auto answer = [&](std::size_t which, Running& job, std::string_view text) {
    ::send(clients_[which], text.data(), text.size(), MSG_NOSIGNAL);
    for (int i = 0; i < 2000 && job.running(); ++i) loop_.run_once(1ms);
  };
  answer(0, first, kAnswer);
  answer(1, second, "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_EQ(pool().idle(), 2u);

  clock_.advance(2300ms);
  loop_.run_once(0s);

  EXPECT_EQ(pool().idle(), 1u);
}

class PrewarmedPool : public PoolTest {
 protected:
  PrewarmedPool() {
    config_.prewarm = 2;
    config_.idle = 60s;
  }
  void warm() {
    pool().warm(1s);
    settle();
  }
  void settle() {
    for (int i = 0; i < 200; ++i) {
      loop_.run_once(1ms);
      serve("");
    }
  }
  void pass(base::Duration time) {
    for (; time > 0s; time -= 100ms) {
      clock_.advance(100ms);
      loop_.run_once(0s);
    }
    settle();
  }
};

TEST_F(PrewarmedPool, HasConnectionsBeforeAnybodyAsks) {
  warm();
  EXPECT_EQ(pool().idle(), 2u);

  EXPECT_EQ(get(), "ok reused") << "it may have gone stale meanwhile";

  EXPECT_EQ(pool().idle(), 2u);
  EXPECT_EQ(clients_.size(), 2u);
}

TEST_F(PrewarmedPool, MakesThoseAnewThatTheTargetCloses) {
  warm();
  ::close(clients_.front());
  clients_.pop_front();
  settle();
  EXPECT_EQ(pool().idle(), 1u) << "not at once: it may do the same to the next one";

  pass(2s);

  EXPECT_EQ(pool().idle(), 2u);
  EXPECT_EQ(clients_.size(), 2u);
  EXPECT_EQ(target_->connections(), 2u);
}

TEST_F(PrewarmedPool, KeepsThemForLongerThanOthers) {
  warm();

  pass(200s);

  EXPECT_EQ(pool().idle(), 2u);
  EXPECT_EQ(clients_.size(), 2u);
}

TEST_F(PrewarmedPool, WaitsForATargetThatGetsNoRequests) {
  target_->drain(true);
  warm();
  EXPECT_EQ(target_->connections(), 0u);

  target_->drain(false);
  pass(2s);

  EXPECT_EQ(pool().idle(), 2u);
}

TEST_F(PrewarmedPool, LeavesHalfOfWhatIsAllowedToRequestsAndTriesAgain) {
  config_.max_connections = 2;
  warm();
  EXPECT_EQ(pool().idle(), 1u);

  config_.max_connections.reset();
  (void)pool();
  pass(2s);

  EXPECT_EQ(pool().idle(), 2u);
}

TEST_F(PrewarmedPool, LeavesATargetThatIsToGo) {
  target_->join();
  warm();

  Target::leave(target_, true);
  pass(2s);

  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, RefusesMoreConnectionsThanAllowed) {
  config_.max_connections = 1;
  Running first(&scope_);
  first.start(exchange(pool(), timeouts_, false));

  EXPECT_EQ(get(), "upstream_limit");
  for (int i = 0; i < 2000 && first.running(); ++i) {
    loop_.run_once(1ms);
    serve(kAnswer);
  }

  EXPECT_EQ(first.join().await_resume(), "ok new");
  EXPECT_EQ(get(), "ok reused");
}

// Two targets at the same address and two workers, all on the thread of the test.
class CrowdedPools : public PoolTest {
 protected:
  CrowdedPools() {
    auto address = net::bound_to(listener_);
    auto loops = std::make_shared<const WorkerLoops>(WorkerLoops{&loop_, &second_});
    auto group = std::make_shared<TargetGroup>();
    target_ = Target::make(group, TargetUrl{"orders", 80}, loops, &address);
    other_ = Target::make(group, TargetUrl{"orders", 81}, loops, &address);
  }
  ~CrowdedPools() override {
    other_.reset();
    target_.reset();
    turn();
  }
  void turn() {
    loop_.run_once(0s);
    second_.run_once(0s);
  }
  Pool& pool_of(Target& target, unsigned worker) {
    return Pool::of(target, worker, worker == 0 ? loop_ : second_, settings_, upstream_metrics_);
  }
  std::string get_from(Target& target, unsigned worker = 0) {
    Running job(&scope_);
    job.start(exchange(pool_of(target, worker), timeouts_, false));
    finish(job);
    EXPECT_FALSE(job.running());
    return job.running() ? "" : job.join().await_resume();
  }
  void finish(Running& job) {
    for (int i = 0; i < 2000 && job.running(); ++i) {
      loop_.run_once(1ms);
      second_.run_once(0s);
      serve(kAnswer);
    }
  }

  net::Loop second_{clock_};
  std::shared_ptr<Target> other_;
};

TEST_F(CrowdedPools, GiveUpAnUnusedConnectionToAnotherTarget) {
  settings_.max_in_all = 1;
  EXPECT_EQ(get_from(*other_), "ok new");
  ASSERT_EQ(pool_of(*other_, 0).idle(), 1u);

  EXPECT_EQ(get_from(*target_), "ok new");

  EXPECT_EQ(pool_of(*other_, 0).idle(), 0u);
  EXPECT_EQ(target_->group()->connections.load(), 1u);
}

TEST_F(CrowdedPools, GiveUpAnUnusedConnectionOfAnotherWorker) {
  config_.max_connections = 1;
  EXPECT_EQ(get_from(*target_, 1), "ok new");
  EXPECT_EQ(get_from(*other_, 1), "ok new");

  EXPECT_EQ(get_from(*target_, 0), "ok new");

  EXPECT_EQ(pool_of(*target_, 1).idle(), 0u);
  EXPECT_EQ(pool_of(*other_, 1).idle(), 1u) << "that one is in nobody's way";
  EXPECT_EQ(target_->connections(), 1u);
}

TEST_F(CrowdedPools, GiveUpAnUnusedConnectionForOneThatManyShare) {
  settings_.protocol = ProtocolChoice::h2;
  config_.max_connections = 1;
  ASSERT_TRUE(target_->try_open(1));
  EXPECT_EQ(get_from(*target_), "upstream_limit") << "and it waits for nobody";
  target_->closed();
  settings_.protocol = ProtocolChoice::h1;
  EXPECT_EQ(get_from(*target_, 1), "ok new");

  settings_.protocol = ProtocolChoice::h2;
  Running job(&scope_);
  job.start(exchange(pool_of(*target_, 0), timeouts_, false));
  for (int i = 0; i < 200; ++i) {
    loop_.run_once(1ms);
    second_.run_once(0s);
    serve("");
  }

  EXPECT_EQ(clients_.size(), 2u);
  EXPECT_EQ(target_->connections(), 1u);
  job.cancel(Reason::client_closed);
  turn();
}

TEST_F(CrowdedPools, RefuseAConnectionWhereAllAreInUse) {
  config_.max_connections = 1;
  Running first(&scope_);
  first.start(exchange(pool_of(*target_, 1), timeouts_, false));

  EXPECT_EQ(get_from(*target_, 0), "upstream_limit");

  finish(first);
  EXPECT_EQ(first.join().await_resume(), "ok new");
}

TEST_F(CrowdedPools, CountNothingForAnExchangeThatGoesAwayWhileItAsksAnotherWorker) {
  config_.max_connections = 1;
  EXPECT_EQ(get_from(*target_, 1), "ok new");
  {
    Running job(&scope_);
    job.start(exchange(pool_of(*target_, 0), timeouts_, false));
    ASSERT_TRUE(job.running());
  }

  turn();
  turn();

  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, CountsNoConnectionThatCouldNotBeMade) {
  int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // has a port and does not listen
  auto any = *net::Address::parse("127.0.0.1", 0);
  ASSERT_EQ(::bind(bound, any.data(), any.size()), 0);
  target_->publish(std::vector{net::bound_to(bound)});

  EXPECT_EQ(get(), "upstream_connect_failed");

  EXPECT_EQ(target_->connections(), 0u);
  ::close(bound);
}

TEST_F(PoolTest, CountsNoConnectionWhoseExchangeWentAwayMeanwhile) {
  {
    Running job(&scope_);
    job.start(exchange(pool(), timeouts_, false));
    ASSERT_TRUE(job.running());
    EXPECT_EQ(target_->connections(), 1u);
  }

  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, ClosesTheConnectionOfAnExchangeThatIsGivenUp) {
  Running job(&scope_);
  job.start(exchange(pool(), timeouts_, false));
  rounds("");
  ASSERT_TRUE(job.running());

  job.cancel(Reason::client_closed);
  loop_.run_once(0s);

  EXPECT_EQ(job.join().await_resume(), "client_closed");
  EXPECT_EQ(target_->connections(), 0u);
  EXPECT_EQ(pool().idle(), 0u);
}

TEST_F(PoolTest, ClosesIdleConnectionsToAddressesThatAreGone) {
  get();
  int other = *net::listen(*net::Address::parse("127.0.0.1", 0), 64);
  target_->publish(std::vector{net::bound_to(other)});
  std::swap(listener_, other);

  EXPECT_EQ(get(), "ok new");

  EXPECT_EQ(target_->connections(), 1u);
  ::close(other);
}

TEST_F(PoolTest, DoesNotKeepAConnectionWhoseAddressWentWhileItWasInUse) {
  Running first(&scope_), second(&scope_);
  first.start(exchange(pool(), timeouts_, false));
  rounds("");
  int other = *net::listen(*net::Address::parse("127.0.0.1", 0), 64);
  target_->publish(std::vector{net::bound_to(other)});
  second.start(exchange(pool(), timeouts_, false));  // by this the pool sees it

  for (int i = 0; i < 2000 && first.running(); ++i) {
    serve(clients_.empty() ? "" : kAnswer);
    loop_.run_once(1ms);
  }

  EXPECT_EQ(pool().idle(), 0u);
  second.cancel(Reason::client_closed);
  loop_.run_once(0s);
  ::close(other);
}

TEST_F(PoolTest, KeepsIdleConnectionsToAddressesThatStay) {
  get();
  target_->publish(std::vector{net::bound_to(listener_), *net::Address::parse("127.0.0.1", 9)});

  EXPECT_EQ(get(), "ok reused");
}

TEST_F(PoolTest, ClosesUnusedConnectionsOfATargetThatIsToGoAndKeepsNone) {
  target_->join();
  EXPECT_EQ(get(), "ok new");
  ASSERT_EQ(pool().idle(), 1u);

  Target::leave(target_, true);
  loop_.run_once(0s);
  EXPECT_EQ(pool().idle(), 0u);
  EXPECT_EQ(get(), "ok new") << "what was sent here before ends well";
  EXPECT_EQ(pool().idle(), 0u);

  target_->join();
  EXPECT_EQ(get(), "ok new");
  EXPECT_EQ(get(), "ok reused");
}

TEST_F(PoolTest, KeepsNoConnectionThatComesBackWhenTheTargetGetsNoRequests) {
  EXPECT_EQ(get(), "ok new");
  Running job(&scope_);
  job.start(exchange(pool(), timeouts_, true));
  rounds("");
  PoolSlot& slot = *target_->slot(0);

  slot.leave();
  EXPECT_EQ(target_->connections(), 1u) << "the one in use";
  ASSERT_GT(::send(clients_.back(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL), 0);
  for (int i = 0; i < 2000 && job.running(); ++i) loop_.run_once(1ms);

  EXPECT_EQ(job.join().await_resume(), "ok new");
  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, KeepsNoConnectionThatIsBeingMadeWhenTheTargetGetsNoRequests) {
  Running job(&scope_);
  job.start(exchange(pool(), timeouts_, false));
  PoolSlot& slot = *target_->slot(0);
  ASSERT_EQ(target_->connections(), 1u);
  ASSERT_EQ(slot.count().h1.active, 0u) << "it is being made";

  slot.leave();
  for (int i = 0; i < 2000 && job.running(); ++i) {
    loop_.run_once(1ms);
    serve(kAnswer);
  }

  EXPECT_EQ(job.join().await_resume(), "ok new") << "whoever waits for it has it";
  EXPECT_EQ(slot.unused(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
}

// One that many may share is made apart from those who wait for it.
class SharedBeingMade : public PoolTest {
 protected:
  SharedBeingMade() {
    settings_.protocol = ProtocolChoice::h2;
    job_.start(exchange(pool(), timeouts_, false));
  }
  void SetUp() override {
    ASSERT_EQ(target_->connections(), 1u);
    ASSERT_EQ(slot().count().h2.active, 0u) << "it is being made";
  }
  void settle() {
    for (int i = 0; i < 200; ++i) {
      loop_.run_once(1ms);
      serve("");
    }
  }
  PoolSlot& slot() { return *target_->slot(0); }

  Running job_{&scope_};
};

TEST_F(SharedBeingMade, IsOfUseToThoseWhoWaitAndNotKeptWhenTheTargetGetsNoRequests) {
  slot().leave();
  settle();
  EXPECT_EQ(slot().count().streams, 1u);
  EXPECT_EQ(clients_.size(), 1u);

  job_.cancel(Reason::client_closed);
  settle();

  EXPECT_FALSE(job_.running());
  EXPECT_EQ(slot().unused(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(SharedBeingMade, IsNotKeptWhenNobodyWaitsAndTheTargetGetsNoRequests) {
  job_.cancel(Reason::client_closed);
  base::run_ready();
  ASSERT_FALSE(job_.running());
  ASSERT_EQ(target_->connections(), 1u) << "it is being made still";

  slot().leave();
  settle();

  EXPECT_EQ(slot().unused(), 0u);
  EXPECT_EQ(target_->connections(), 0u);
}

TEST_F(PoolTest, KeepsConnectionsAgainOnceTheTargetGetsRequests) {
  get();
  target_->slot(0)->leave();

  EXPECT_EQ(get(), "ok new");
  EXPECT_EQ(get(), "ok reused");
}

TEST_F(PrewarmedPool, LeavesATargetThatGetsNoRequests) {
  warm();

  target_->slot(0)->leave();
  pass(2s);
  EXPECT_EQ(target_->connections(), 0u);

  warm();
  pass(2s);
  EXPECT_EQ(pool().idle(), 2u);
}

TEST_F(PoolTest, GoesWithItsTarget) {
  get();

  target_.reset();
  loop_.run_once(0s);

  char byte;
  EXPECT_EQ(::recv(clients_.front(), &byte, 1, 0), 0) << "the idle connection was closed";
}

TEST_F(PoolTest, CountsItsConnections) {
  get();
  get();

  EXPECT_EQ(metric(R"(sluice_upstream_connections_total{upstream="orders"})"), 1);
  EXPECT_EQ(metric(R"(sluice_upstream_connection_reuses_total{upstream="orders"})"), 1);
  EXPECT_EQ(metric(R"(sluice_upstream_connections{upstream="orders",state="idle",protocol="h1"})"), 1);
  EXPECT_EQ(metric(R"(sluice_upstream_connections{upstream="orders",state="active",protocol="h1"})"), 0);
  target_.reset();
  loop_.run_once(0s);
  EXPECT_EQ(metric(R"(sluice_upstream_connections{upstream="orders",state="idle",protocol="h1"})"), 0);
}

}  // namespace
}  // namespace sluice::upstream::pool_test
