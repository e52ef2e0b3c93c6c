// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/dial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/listen.h"

namespace sluice::upstream::dial_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::HasSubstr;

// 127.0.0.1 answers; 127.0.0.2 refuses; 127.0.0.3 lets every connection wait, because its queue is full.
class DialTest : public testing::Test {
 protected:
  DialTest() {
    auto any = [](const char* ip) { return *net::Address::parse(ip, 0); };
    good_ = *net::listen(any("127.0.0.1"), 64);
    refusing_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto two = any("127.0.0.2");
    EXPECT_EQ(::bind(refusing_, two.data(), two.size()), 0);
    silent_ = *net::listen(any("127.0.0.3"), 0);
    for (int i = 0; i < 4; ++i) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      auto to = net::bound_to(silent_);
      ::connect(waiting_.back(), to.data(), to.size());
    }
  }
  ~DialTest() override {
    for (int fd : waiting_) ::close(fd);
    for (int fd : {good_, refusing_, silent_}) ::close(fd);
  }

  Target& target(std::vector<int> sockets) {
    std::vector<net::Address> addresses;
    for (int fd : sockets) addresses.push_back(net::bound_to(fd));
    if (!addresses.empty()) target_->publish(addresses);
    return *target_;
  }
  // Dials, with time passing in steps until there is a result; the time it took is in took_.
  base::Result<Dialled> dialled(Target& to, base::Duration timeout) {
    base::Job<base::Result<Dialled>> job(&scope_);
    took_ = {};
    loop_.run_once(0s);
    job.start(dial(loop_, to, timeout));
    for (int i = 0; i < 1000 && job.running(); ++i) {
      loop_.run_once(0s);
      if (job.running()) {
        clock_.advance(10ms);
        took_ += 10ms;
      }
    }
    EXPECT_FALSE(job.running());
    if (job.running()) return base::fail(Reason::internal, "still dialling");
    return job.join().await_resume();
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  base::Scope scope_;
  base::Duration took_{};
  std::shared_ptr<Target> target_ = Target::make(std::make_shared<TargetGroup>(), TargetUrl{"orders", 80},
                                                 std::make_shared<const WorkerLoops>());
  int good_, refusing_, silent_;
  std::vector<int> waiting_;
};

TEST_F(DialTest, ConnectsAndSaysWhereTo) {
  auto result = dialled(target({good_}), 2s);

  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(result->transport);
  EXPECT_EQ(result->address, net::bound_to(good_));
}

TEST_F(DialTest, FailsWithoutAnyAddress) {
  auto result = dialled(target({}), 2s);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::upstream_resolve_failed);
  EXPECT_THAT(result.error().detail, HasSubstr("not resolved yet"));
}

TEST_F(DialTest, TriesTheNextAddressWhenOneRefuses) {
  Target& t = target({refusing_, good_});

  for (int i = 0; i < 4; ++i) {
    auto result = dialled(t, 2s);
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->address, net::bound_to(good_));
  }
}

TEST_F(DialTest, SpreadsConnectionsOverAllAddresses) {
  int second = *net::listen(*net::Address::parse("127.0.0.1", 0), 64);
  Target& t = target({good_, second});
  int at_second = 0;

  for (int i = 0; i < 10; ++i) at_second += dialled(t, 2s)->address == net::bound_to(second);

  EXPECT_EQ(at_second, 5);
  ::close(second);
}

TEST_F(DialTest, GivesASilentAddressItsShareOfTheTimeOnceAndThenAvoidsIt) {
  Target& t = target({silent_, good_});

  ASSERT_TRUE(dialled(t, 2s));
  EXPECT_GE(took_, 1s);
  EXPECT_LE(took_, 1300ms);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(dialled(t, 2s));
    EXPECT_LT(took_, 300ms);
  }
}

TEST_F(DialTest, TriesAvoidedAddressesWhenNoOtherIsLeft) {
  Target& t = target({good_});
  t.avoid(0, loop_.now());

  EXPECT_TRUE(dialled(t, 2s));
}

TEST_F(DialTest, SaysWhyTheLastAddressFailed) {
  auto result = dialled(target({refusing_}), 2s);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::upstream_connect_failed);
  EXPECT_EQ(result.error().detail, "connect to " + net::bound_to(refusing_).text() + ": Connection refused");
}

TEST_F(DialTest, GivesUpWhenTheTimeIsOver) {
  auto result = dialled(target({silent_}), 2s);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::timeout_connect);
  EXPECT_GE(took_, 2s);
  EXPECT_LE(took_, 2300ms);
}

TEST_F(DialTest, WaitsForEverWithATimeoutOfZero) {
  base::Job<base::Result<Dialled>> job(&scope_);
  job.start(dial(loop_, target({silent_}), 0s));

  clock_.advance(1h);
  loop_.run_once(0s);

  EXPECT_TRUE(job.running());
}

TEST_F(DialTest, StopsWhenItsScopeIsCancelled) {
  base::Job<base::Result<Dialled>> job(&scope_);
  job.start(dial(loop_, target({silent_, good_}), 2s));
  target_->next_start();

  job.cancel(Reason::client_closed);
  base::run_ready();

  ASSERT_FALSE(job.running());
  auto result = job.join().await_resume();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::client_closed);
  EXPECT_EQ(target_->avoided(loop_.now()), 0u) << "that was not the address's fault";
}

}  // namespace
}  // namespace sluice::upstream::dial_test
