// SPDX-License-Identifier: Apache-2.0
// What only a clock shows: how a target is found out that has gone silent. All else is shown by the flow
// tests.
#include "gateway/http/h2/client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/base/job.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::h2::client_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using test::MemoryStream;

constexpr std::uint8_t kHeaders = 1, kSettings = 4, kPing = 6, kGoaway = 7;
constexpr std::uint8_t kNoFlag = 0, kEndStream = 1, kAck = 1, kEndHeaders = 4;

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint8_t stream, std::string_view payload) {
  std::string out{0, 0, static_cast<char>(payload.size())};
  out += {static_cast<char>(type), static_cast<char>(flags), 0, 0, 0, static_cast<char>(stream)};
  return out + std::string(payload);
}

struct Owner final : http::ClientConnection::Owner {
  void stream_ended(bool /*usable*/) noexcept override {}
  void lost() noexcept override { is_lost = true; }
  bool is_lost = false;
};

struct Asked {
  bool body = false;
  Reason end = Reason::none;
  int status = 0;
  bool done = false, unsent = false;
};

base::Task<void> ask(http::ClientConnection& connection, Asked& asked) {
  base::Arena arena;
  auto body = make_body<TextBody>(arena, std::string_view("order"));
  auto stream = connection.open(arena, {{}, {}});
  RequestHead head(arena);
  head.method = asked.body ? Method::post : Method::get;
  head.method_text = name(head.method);
  head.path = "/";
  head.authority = "h";
  auto result = co_await stream->send(head, {}, asked.body ? body.get() : nullptr);
  ResponseHead response(arena);
  if (result) result = co_await stream->receive(response);
  asked.status = response.status;
  asked.end = result ? Reason::none : result.error().reason;
  asked.unsent = stream->unsent();
  asked.done = true;
}

class H2Client : public testing::Test {
 protected:
  H2Client() {
    auto [ours, theirs] = MemoryStream::pair(loop_.wheel());
    transport_ = ours.get();
    target_ = std::move(theirs);
    connection_ = std::make_unique<ClientConnection>(loop_, std::move(ours), "http", owner_);
    target_->put(frame(kSettings, kNoFlag, 0, {}) + frame(kSettings, kAck, 0, {}));
    turn();
    (void)target_->take();
  }
  ~H2Client() override {
    scope_.cancel(Reason::draining);
    base::run_ready();
  }
  void turn() {
    loop_.run_once(0s);
    while (test::deliver()) {
    }
    base::run_ready();
  }
  void pass(base::Duration time) {
    for (; time > 0s; time -= 100ms) {
      clock_.advance(100ms);
      turn();
    }
  }
  // How many PINGs the target has got since it was asked last.
  long pings() {
    std::string seen = target_->take();
    long n = 0;
    for (std::size_t at = 0; at + 9 <= seen.size();) {
      auto byte = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(seen[at + i]));
      };
      n += byte(3) == kPing && byte(4) == kNoFlag;
      at += 9 + (byte(0) << 16 | byte(1) << 8 | byte(2));
    }
    return n;
  }
  void say(const std::string& bytes) {
    target_->put(bytes);
    turn();
  }
  void pong() { say(frame(kPing, kAck, 0, std::string(8, '\0'))); }
  void answer(std::uint8_t stream) { say(frame(kHeaders, kEndHeaders | kEndStream, stream, "\x88")); }
  void start(base::Job<void>& job, Asked& asked) {
    job.start(ask(*connection_, asked));
    turn();
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  base::Scope scope_;
  Owner owner_;
  MemoryStream* transport_;
  std::unique_ptr<MemoryStream> target_;
  std::unique_ptr<ClientConnection> connection_;
  Asked first_, second_;
  base::Job<void> job_{&scope_}, other_{&scope_};
};

TEST_F(H2Client, AsksASilentTargetForWhichOneRequestWaits) {
  start(job_, first_);

  pass(9s);
  EXPECT_EQ(pings(), 0);
  pass(2s);
  EXPECT_EQ(pings(), 1);
  pass(6s);

  EXPECT_TRUE(first_.done);
  EXPECT_EQ(first_.end, Reason::stale_connection);
  EXPECT_FALSE(first_.unsent);
  EXPECT_TRUE(owner_.is_lost);
}

TEST_F(H2Client, WaitsForATargetThatIsThere) {
  start(job_, first_);
  pass(11s);
  EXPECT_EQ(pings(), 1);

  pong();
  pass(30s);
  answer(1);

  EXPECT_EQ(first_.status, 200);
  EXPECT_FALSE(owner_.is_lost);
}

// Servers of gRPC take more for an attack.
TEST_F(H2Client, AsksATargetThatSaysNothingElseSeldom) {
  start(job_, first_);
  pass(11s);
  EXPECT_EQ(pings(), 1);
  pong();

  pass(290s);
  EXPECT_EQ(pings(), 0);
  pass(20s);
  EXPECT_EQ(pings(), 1);
}

TEST_F(H2Client, FindsOutSoonWhoGoesSilentAfterAnAnswer) {
  start(job_, first_);
  pass(11s);
  pong();
  pass(1s);
  answer(1);
  start(other_, second_);
  (void)target_->take();

  pass(11s);
  EXPECT_EQ(pings(), 1);
  pass(6s);

  EXPECT_EQ(second_.end, Reason::stale_connection);
}

TEST_F(H2Client, DoesNotAskWhoIsHeardOf) {
  start(job_, first_);

  for (int i = 0; i < 10; ++i) {
    pass(8s);
    say(frame(kSettings, kNoFlag, 0, {}));
  }

  EXPECT_EQ(pings(), 0);
}

TEST_F(H2Client, AsksNobodyForWhomNothingWaits) {
  start(job_, first_);
  answer(1);
  EXPECT_EQ(first_.status, 200);

  pass(60s);

  EXPECT_EQ(pings(), 0);
}

TEST_F(H2Client, AsksAlongWithTheNextRequestAfterASilence) {
  start(job_, first_);
  answer(1);
  pass(11s);
  (void)target_->take();

  start(other_, second_);
  EXPECT_EQ(pings(), 1);
  pass(6s);

  EXPECT_EQ(second_.end, Reason::stale_connection);
  EXPECT_TRUE(owner_.is_lost);
}

TEST_F(H2Client, KnowsThatNothingOfARequestHasLeft) {
  start(job_, first_);
  answer(1);
  second_.body = true;

  transport_->fail_at(1, ECONNRESET);
  start(other_, second_);

  EXPECT_EQ(second_.end, Reason::stale_connection);
  EXPECT_TRUE(second_.unsent);
}

TEST_F(H2Client, DoesNotKnowThatWhereAPartHasLeft) {
  start(job_, first_);
  answer(1);
  second_.body = true;

  transport_->write_in_pieces({5});
  transport_->fail_at(2, ECONNRESET);
  start(other_, second_);

  EXPECT_EQ(second_.end, Reason::stale_connection);
  EXPECT_FALSE(second_.unsent);
}

TEST_F(H2Client, TellsWhatAGoawayLeavesOutFromTheRest) {
  start(job_, first_);
  start(other_, second_);

  say(frame(kGoaway, kNoFlag, 0, std::string("\0\0\0\1\0\0\0\0", 8)));

  EXPECT_EQ(second_.end, Reason::upstream_refused);
  EXPECT_FALSE(first_.done);
  answer(1);
  EXPECT_EQ(first_.status, 200);
}

}  // namespace
}  // namespace sluice::http::h2::client_test
