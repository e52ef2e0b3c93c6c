// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/ticket_rotation.h"

#include "tests/unit/net/tls_pair.h"

namespace sluice::server::ticket_rotation_test {
namespace {

using namespace std::chrono_literals;

class TicketRotationTest : public net::TlsPair {
 protected:
  using Sessions = std::shared_ptr<net::TlsSessions>;

  Server server_with(const std::string& file) {
    net::TlsServerOptions options;
    options.tickets = keys_.at(file);
    return server(std::move(options));
  }
  // A client comes, or comes back: was its ticket taken? It gets a new one in any case.
  bool resumed(const Server& at, const Sessions& sessions) {
    shake(at, client_, "localhost", sessions);
    if (!near_ || !far_) return false;
    // The ticket comes behind the handshake.
    write(*near_, "x");
    text(*far_, 1);
    return near_->facts().resumed;
  }
  Sessions newcomer(const Server& at) {
    auto sessions = std::make_shared<net::TlsSessions>();
    EXPECT_FALSE(resumed(at, sessions));
    return sessions;
  }
  void pass_the_wait() {
    ASSERT_TRUE(then_);
    std::exchange(then_, nullptr)();
  }

  Client client_ = client();
  TicketKeysByFile keys_{{"", std::make_shared<net::TicketKeys>()},
                         {"tickets.key", std::make_shared<net::TicketKeys>()}};
  std::chrono::seconds wait_{};
  std::function<void()> then_;
  TicketRotation rotation_{keys_, [this](std::chrono::seconds in, std::function<void()> then) {
                             wait_ = in;
                             then_ = std::move(then);
                             return std::shared_ptr<void>();
                           }};
};

TEST_F(TicketRotationTest, RefusesTicketsOfTwoRotationsAgo) {
  auto ours = server_with("");
  auto early = newcomer(ours), late = newcomer(ours);
  rotation_.begin();
  EXPECT_EQ(wait_, 12h);

  pass_the_wait();
  EXPECT_TRUE(resumed(ours, early));

  pass_the_wait();
  EXPECT_FALSE(resumed(ours, late));
  EXPECT_TRUE(resumed(ours, early)) << "whose last ticket is of one rotation ago";
  EXPECT_EQ(wait_, 12h);
}

TEST_F(TicketRotationTest, LeavesTheKeysOfAFileAlone) {
  auto ours = server_with("tickets.key");
  auto sessions = newcomer(ours);
  rotation_.begin();

  for (int i = 0; i < 3; ++i) pass_the_wait();

  EXPECT_TRUE(resumed(ours, sessions));
}

TEST_F(TicketRotationTest, WaitsOnWhereThereAreNoRandomKeys) {
  keys_.erase("");
  rotation_.begin();

  pass_the_wait();

  EXPECT_TRUE(then_);
}

}  // namespace
}  // namespace sluice::server::ticket_rotation_test
