// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/protocols.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "gateway/base/job.h"
#include "gateway/net/tcp.h"

namespace sluice::front::protocols_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class SpokenProtocolTest : public testing::Test {
 protected:
  SpokenProtocolTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = std::make_unique<net::TcpTransport>(loop_, ends[0], true);
    theirs_ = ends[1];
  }
  ~SpokenProtocolTest() override { ::close(theirs_); }
  void start(base::Duration timeout = 10s, Protocols allowed = {true, true}) {
    job_.start(spoken_protocol(loop_, *ours_, allowed, timeout));
  }
  void arrive(std::string_view bytes) {
    EXPECT_EQ(::send(theirs_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    still_waits();
  }
  // Once the loop has seen what has happened.
  bool still_waits() {
    for (int i = 0; i < 10 && job_.running(); ++i) loop_.run_once(1ms);
    return job_.running();
  }
  void drain() {
    ours_->interrupt_read();
    base::run_ready();
  }
  // "h1", "h2", "h1 late", "nothing" or "waits".
  std::string_view spoken() {
    if (still_waits()) return "waits";
    auto result = job_.join().await_resume();
    if (!result) return "nothing";
    if (result->late) return result->protocol == Protocol::h1 ? "h1 late" : "h2 late";
    return result->protocol == Protocol::h1 ? "h1" : "h2";
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  base::Scope scope_;
  std::unique_ptr<net::TcpTransport> ours_;
  int theirs_ = -1;
  base::Job<std::optional<Spoken>> job_{&scope_};
};

TEST_F(SpokenProtocolTest, IsKnownWhereOneAloneIsSpoken) {
  start(10s, {false, true});

  EXPECT_EQ(spoken(), "h2");
}

TEST_F(SpokenProtocolTest, IsThatOfThePreface) {
  start();
  arrive(kPreface.substr(0, 5));
  EXPECT_TRUE(still_waits());

  arrive(kPreface.substr(5));

  EXPECT_EQ(spoken(), "h2");
}

TEST_F(SpokenProtocolTest, IsTheOtherOneFromTheFirstOtherByteOn) {
  start();
  arrive("P");
  EXPECT_TRUE(still_waits());

  arrive("U");

  EXPECT_EQ(spoken(), "h1");
}

TEST_F(SpokenProtocolTest, IsNoneWhereNothingCameInTime) {
  start();
  EXPECT_TRUE(still_waits());

  clock_.advance(11s);

  EXPECT_EQ(spoken(), "nothing");
}

TEST_F(SpokenProtocolTest, IsLateWhereTheRestDidNotComeInTime) {
  start();
  arrive("PRI");
  EXPECT_TRUE(still_waits());

  clock_.advance(11s);

  EXPECT_EQ(spoken(), "h1 late");
}

TEST_F(SpokenProtocolTest, IsStillWaitedForInADrain) {
  start();
  EXPECT_TRUE(still_waits());

  drain();
  EXPECT_TRUE(still_waits());
  arrive("PRI");
  drain();
  clock_.advance(9s);
  EXPECT_TRUE(still_waits()) << "what has begun has its time";
  arrive(kPreface.substr(3));

  EXPECT_EQ(spoken(), "h2");
}

TEST_F(SpokenProtocolTest, IsNotWaitedForLongOnceItDrains) {
  start(0s);
  EXPECT_TRUE(still_waits());
  drain();
  EXPECT_TRUE(still_waits());

  clock_.advance(1s);

  EXPECT_EQ(spoken(), "nothing");
}

}  // namespace
}  // namespace sluice::front::protocols_test
