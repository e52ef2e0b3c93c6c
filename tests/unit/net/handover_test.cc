// SPDX-License-Identifier: Apache-2.0
// The new process is this binary again, running the one test of HandoverSuccessor that its parent names.
#include "gateway/net/handover.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "gateway/net/listen.h"

namespace sluice::net::handover_test {
namespace {

using namespace std::chrono_literals;
using Said = Successor::Said;

base::Result<Successor> start(const std::string& test, const std::vector<HandedSockets>& sockets,
                              const std::vector<HandedState>& states = {}) {
  return Successor::start(
      "/proc/self/exe",
      {"unit_net", "--gtest_also_run_disabled_tests", "--gtest_filter=HandoverSuccessor.DISABLED_" + test},
      sockets, states, 60s);
}
// Longer than a message of the channel may be.
const std::string kLongText(3'000'000, 'x');
Said what_it_says(Successor& successor) {
  pollfd look{successor.channel(), POLLIN, 0};
  return ::poll(&look, 1, 60'000) == 1 ? successor.said() : Said::nothing;
}

class Handover : public testing::Test {
 protected:
  ~Handover() override {
    for (int fd : {web_, other_}) ::close(fd);
  }
  int web_ = *listen(*Address::parse("127.0.0.1", 0), 16);
  int other_ = *listen(*Address::parse("127.0.0.1", 0), 16);
};

// Leaves through _exit, so that nothing of the parent's tests is told twice.
TEST(HandoverSuccessor, DISABLED_Serves) {
  auto old = Predecessor::from_environment();
  if (!old || std::getenv("SLUICE_HANDOVER")) ::_exit(2);
  auto sockets = old->take_sockets();
  bool good = sockets.size() == 2 && sockets[0].name == "web" && sockets[0].fds.size() == 300 &&
              !sockets[0].owns_file && sockets[1].name == "unix" && sockets[1].owns_file;
  for (const auto& s : sockets)
    for (int fd : s.fds) good &= bound_to(fd).port() != 0 && (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
  if (!good) ::_exit(3);
  old->ready();
  ::_exit(0);
}
TEST(HandoverSuccessor, DISABLED_KnowsWhatWasSaid) {
  auto old = Predecessor::from_environment();
  if (!old) ::_exit(2);
  auto states = old->take_states();
  bool good = states.size() == 2 && states[0].name == "revocations" && states[0].text == kLongText &&
              states[1].name == "targets" && states[1].text.empty() && old->take_sockets().size() == 1;
  if (good) old->ready();
  ::_exit(0);
}
TEST(HandoverSuccessor, DISABLED_EndsBeforeItServes) {
  auto old = Predecessor::from_environment();
  ::_exit(old ? 0 : 2);
}
TEST(HandoverSuccessor, DISABLED_HasNoOtherDescriptors) {
  bool leaked = ::fcntl(100, F_GETFD) >= 0;  // what the parent left open
  auto old = Predecessor::from_environment();
  if (leaked && old && ::fcntl(100, F_GETFD) < 0) old->ready();
  ::_exit(0);
}

TEST_F(Handover, GivesManySocketsAndHearsThatTheyAreServed) {
  auto successor = start("Serves", {{"web", false, std::vector<int>(300, web_)}, {"unix", true, {other_}}});

  ASSERT_TRUE(successor) << successor.error().detail;
  EXPECT_EQ(what_it_says(*successor), Said::ready);
  successor->end();
}

TEST_F(Handover, GivesWhatWasSaidToTheProcessHoweverLong) {
  auto successor =
      start("KnowsWhatWasSaid", {{"web", false, {web_}}}, {{"revocations", kLongText}, {"targets", ""}});

  ASSERT_TRUE(successor) << successor.error().detail;
  EXPECT_EQ(what_it_says(*successor), Said::ready);
  successor->end();
}

TEST_F(Handover, HearsThatTheNewProcessEnded) {
  auto successor = start("EndsBeforeItServes", {{"web", false, {web_}}});

  ASSERT_TRUE(successor) << successor.error().detail;
  EXPECT_EQ(what_it_says(*successor), Said::ended);
  successor->end();
}

TEST_F(Handover, LeavesTheNewProcessNothingElse) {
  ASSERT_EQ(::dup2(web_, 100), 100);  // without close-on-exec

  auto successor = start("HasNoOtherDescriptors", {{"web", false, {web_}}});
  ::close(100);

  ASSERT_TRUE(successor) << successor.error().detail;
  EXPECT_EQ(what_it_says(*successor), Said::ready);
  successor->end();
}

TEST_F(Handover, NamesAProgramThatCannotBeStarted) {
  auto successor = Successor::start("/nowhere/sluice", {"sluice"}, {}, {}, 1s);

  ASSERT_FALSE(successor);
  EXPECT_THAT(successor.error().detail, testing::HasSubstr("/nowhere/sluice cannot be started"));
}

TEST_F(Handover, IsNoneForAProcessThatWasStartedOtherwise) {
  ::unsetenv("SLUICE_HANDOVER");

  EXPECT_FALSE(Predecessor::from_environment());
}

}  // namespace
}  // namespace sluice::net::handover_test
