// SPDX-License-Identifier: Apache-2.0
// What only a clock or a failing system shows: which limit ends a target that trickles, and what is known of
// a request that could not be sent. All else is shown by the wire tests, byte by byte, and the flow tests.
#include "gateway/http/h1/client.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "gateway/base/job.h"
#include "gateway/net/scope_timer.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::h1::client_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using test::MemoryStream;

struct Owner final : http::ClientConnection::Owner {
  void stream_ended(bool reusable) noexcept override { usable = reusable; }
  void lost() noexcept override {}
  bool usable = false;
};

struct Asked {
  bool body = false;
  Reason end = Reason::none;
  std::string text;
  bool done = false, unsent = false;
};

base::Task<void> ask(http::ClientConnection& connection, Asked& asked) {
  base::Arena arena;
  auto body = make_body<TextBody>(arena, std::string_view("order"));
  auto stream = connection.open(arena, {30s, 60s});
  RequestHead head(arena);
  head.method = asked.body ? Method::post : Method::get;
  head.method_text = name(head.method);
  head.target = head.path = "/";
  if (asked.body) head.fields.add(FieldId::content_length, "5");
  auto result = co_await stream->send(head, "Host: h\r\n", asked.body ? body.get() : nullptr);
  ResponseHead response(arena);
  if (result) result = co_await stream->receive(response);
  if (result) {
    auto answer = stream->body(arena);
    for (bool last = !answer; result && !last;) {
      auto piece = co_await answer->read(1000);
      if (!piece) {
        result = std::move(piece).unexpected();
        break;
      }
      asked.text.append(piece->bytes.data(), piece->bytes.size());
      last = piece->last;
    }
  }
  asked.end = result ? Reason::none : result.error().reason;
  asked.unsent = stream->unsent();
  asked.done = true;
}

class H1Client : public testing::Test {
 protected:
  H1Client() {
    auto [ours, theirs] = MemoryStream::pair(loop_.wheel());
    transport_ = ours.get();
    target_ = std::move(theirs);
    connection_ = std::make_unique<ClientConnection>(loop_, std::move(ours), owner_);
  }
  ~H1Client() override {
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
    for (; time > 0s; time -= 1s) {
      clock_.advance(1s);
      turn();
    }
  }
  void start(Asked& asked) { start(job_, asked); }
  void start(base::Job<void>& job, Asked& asked) {
    job.start(ask(*connection_, asked));
    turn();
  }
  // A byte now and then, so that nothing but the whole takes too long. How many it took.
  std::size_t trickle(std::string_view bytes) {
    std::size_t n = 0;
    for (; n < bytes.size() && !asked_.done; ++n) {
      target_->put(bytes.substr(n, 1));
      turn();
      pass(20s);
    }
    return n;
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  base::Scope scope_;
  net::ScopeTimer total_{loop_.wheel(), scope_};
  Owner owner_;
  MemoryStream* transport_;
  std::unique_ptr<MemoryStream> target_;
  std::unique_ptr<ClientConnection> connection_;
  Asked before_, asked_;
  base::Job<void> earlier_{&scope_}, job_{&scope_};
};

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n";

TEST_F(H1Client, IsNotHeldByAHeadThatTricklesForLongerThanItHas) {
  total_.start(60s, Reason::timeout_total);
  start(asked_);

  EXPECT_LE(trickle(kAnswer), 4u);

  EXPECT_EQ(asked_.end, Reason::timeout_total);
}

TEST_F(H1Client, IsNotHeldByABodyThatTricklesForLongerThanItHas) {
  total_.start(60s, Reason::timeout_total);
  start(asked_);
  target_->put(kAnswer);
  turn();

  EXPECT_LE(trickle(std::string(30, 'x')), 4u);

  EXPECT_EQ(asked_.end, Reason::timeout_total);
  EXPECT_LE(asked_.text.size(), 4u);
}

// With no limit of the whole.
TEST_F(H1Client, WaitsForWhoeverSaysSomethingNowAndThen) {
  start(asked_);

  trickle(std::string(kAnswer) + std::string(30, 'x'));

  EXPECT_EQ(asked_.end, Reason::none);
  EXPECT_EQ(asked_.text, std::string(30, 'x'));
}

TEST_F(H1Client, TellsSilenceBeforeAnAnswerFromSilenceWithin) {
  start(asked_);
  pass(29s);
  EXPECT_FALSE(asked_.done);
  pass(2s);
  EXPECT_EQ(asked_.end, Reason::timeout_first_byte);
}

TEST_F(H1Client, NamesTheIdleTimeOnceAByteCame) {
  start(asked_);
  target_->put("H");
  turn();

  pass(59s);
  EXPECT_FALSE(asked_.done);
  pass(2s);

  EXPECT_EQ(asked_.end, Reason::timeout_idle);
}

class H1Stale : public H1Client {
 protected:
  H1Stale() {
    start(earlier_, before_);
    target_->put("HTTP/1.1 204 No Content\r\n\r\n");
    turn();
    EXPECT_TRUE(before_.done);
    EXPECT_TRUE(owner_.usable);
    (void)target_->take();
    asked_.body = true;
  }
};

TEST_F(H1Stale, KnowsThatNothingOfARequestHasLeft) {
  transport_->fail_at(1, EPIPE);

  start(asked_);
  target_.reset();
  turn();

  EXPECT_EQ(asked_.end, Reason::stale_connection);
  EXPECT_TRUE(asked_.unsent);
}

TEST_F(H1Stale, DoesNotKnowThatWhereAPartHasLeft) {
  transport_->write_in_pieces({5});
  transport_->fail_at(2, ECONNRESET);

  start(asked_);
  EXPECT_EQ(target_->take(), "POST ");
  target_.reset();
  turn();

  EXPECT_EQ(asked_.end, Reason::stale_connection);
  EXPECT_FALSE(asked_.unsent);
}

// What the system has taken may have been read.
TEST_F(H1Stale, DoesNotKnowThatWhereTheTargetClosedBehindTheRequest) {
  start(asked_);
  EXPECT_FALSE(asked_.done);
  target_->shutdown_write();
  turn();

  EXPECT_EQ(asked_.end, Reason::stale_connection);
  EXPECT_FALSE(asked_.unsent);
}

}  // namespace
}  // namespace sluice::http::h1::client_test
