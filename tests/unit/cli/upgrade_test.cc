// SPDX-License-Identifier: Apache-2.0
// Only what takes longer than anybody waits for; the end-to-end suite upgrades.
#include "gateway/cli/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "gateway/base/log.h"
#include "gateway/server/loaded.h"

namespace sluice::cli::upgrade_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::Contains;
using testing::HasSubstr;

class UpgradeTest : public testing::Test {
 protected:
  UpgradeTest() {
    base::set_log_sink([this](base::Level, std::string_view line) { log_.emplace_back(line); });
    auto loaded = server::load_text(R"(
listeners: {web: "127.0.0.1:0"}
admin: {enabled: false}
access_log: off
workers: 1
routes: [{name: all, match: {path: /**}, respond: 204}]
)");
    bool started = loaded->ok() && gateway_.start(*loaded, "test");
    EXPECT_TRUE(started) << loaded->diagnostics.text();
  }
  ~UpgradeTest() override { base::set_log_sink(nullptr); }

  // The first bytes of an answer.
  std::string answer() {
    boost::asio::io_context io;
    tcp::socket client(io);
    client.connect({boost::asio::ip::address_v4::loopback(), gateway_.port("web")});
    boost::asio::write(client, boost::asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
    std::string out(12, '\0');
    boost::asio::read(client, boost::asio::buffer(out));
    return out;
  }

  // What says at once that it serves, and is ended by any signal.
  static Upgrade::Start serving() { return {"/bin/sh", {"sh", "-c", "printf r >&3; exec sleep 60"}, 60s}; }
  bool sees_it_serve() {
    control_.restart();
    for (auto end = std::chrono::steady_clock::now() + 60s;
         successor_ == 0 && std::chrono::steady_clock::now() < end;)
      control_.run_one_for(1s);
    return successor_ != 0;
  }
  // The signal that has ended the new process.
  static int ended_by(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  std::vector<std::string> log_;
  pid_t successor_ = 0;  // once it serves
  boost::asio::io_context control_{1};
  base::RealClock clock_;
  server::Gateway gateway_{control_, clock_};
};

TEST_F(UpgradeTest, IsGivenUpWhereTheNewProcessNeverServes) {
  bool serves = false;
  Upgrade upgrade(control_, gateway_, [&](pid_t) { serves = true; }, {"/bin/sleep", {"sleep", "600"}, 50ms});

  upgrade.begin();
  ASSERT_TRUE(upgrade.running());
  control_.restart();
  for (auto end = std::chrono::steady_clock::now() + 60s;
       upgrade.running() && std::chrono::steady_clock::now() < end;)
    control_.run_one_for(1s);

  EXPECT_FALSE(upgrade.running());
  EXPECT_FALSE(serves);
  EXPECT_THAT(log_,
              Contains(HasSubstr("not upgraded: the new process does not serve after 50ms; this process "
                                 "goes on")));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nothing is left of it";
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(answer(), "HTTP/1.1 204");
}

TEST_F(UpgradeTest, BeginsAnewAfterOneThatWasGivenUp) {
  Upgrade upgrade(control_, gateway_, [](pid_t) {}, {"/bin/sleep", {"sleep", "600"}, 60s});
  upgrade.begin();
  upgrade.begin();
  EXPECT_THAT(log_, Contains(HasSubstr("an upgrade is under way already")));
  upgrade.give_up();
  EXPECT_FALSE(upgrade.running());

  upgrade.begin();

  EXPECT_TRUE(upgrade.running());
  upgrade.give_up();
  EXPECT_EQ(answer(), "HTTP/1.1 204");
}

TEST_F(UpgradeTest, PassesOnWhatIsSignalledMeanwhile) {
  Upgrade upgrade(control_, gateway_, [this](pid_t pid) { successor_ = pid; }, serving());

  upgrade.begin();
  upgrade.pass_on(SIGHUP);
  ASSERT_TRUE(sees_it_serve());

  EXPECT_EQ(ended_by(successor_), SIGHUP);
}

TEST_F(UpgradeTest, PassesOnWhatIsSignalledWhenTheNewProcessServes) {
  Upgrade upgrade(control_, gateway_, [this](pid_t pid) { successor_ = pid; }, serving());
  upgrade.begin();
  ASSERT_TRUE(sees_it_serve());

  upgrade.pass_on(SIGUSR1);

  EXPECT_EQ(ended_by(successor_), SIGUSR1);
}

TEST_F(UpgradeTest, PassesNothingOnThatWasSignalledBefore) {
  Upgrade upgrade(control_, gateway_, [this](pid_t pid) { successor_ = pid; }, serving());
  upgrade.pass_on(SIGHUP);
  upgrade.begin();
  upgrade.pass_on(SIGUSR1);
  upgrade.give_up();

  upgrade.begin();
  ASSERT_TRUE(sees_it_serve());
  ::kill(successor_, SIGTERM);

  EXPECT_EQ(ended_by(successor_), SIGTERM);
}

}  // namespace
}  // namespace sluice::cli::upgrade_test
