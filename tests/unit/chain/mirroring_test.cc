// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/mirroring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "gateway/net/sleep.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain::mirroring_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using base::Result;
using base::Task;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Has its next piece whenever it is asked.
class ReadyBody final : public http::Body {
 public:
  ReadyBody(unsigned pieces, unsigned& read) noexcept : pieces_(pieces), read_(&read) {}
  Task<Result<http::Piece>> read(std::size_t /*at_most*/) override {
    return Result<http::Piece>(http::Piece{std::string_view("x"), ++*read_ == pieces_, nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  unsigned pieces_;
  unsigned* read_;
};

// Answers after a second, or as it is told.
struct Service final : Handler {
  Task<Result<void>> answer(Exchange& ex) const override {
    asked.push_back(std::string(ex.request.method_text) + " " + std::string(ex.request.path) + " from " +
                    std::string(ex.stream.peer_ip()) + " on " + ex.stream.connection().listener->name + "\n" +
                    test::lines(ex.request.fields) +
                    (ex.request_body ? test::drained(*ex.request_body) : ""));
    auto pause = net::sleep(ex.worker.loop, 1s);
    auto outcome = co_await pause;
    if (outcome != base::Outcome::ready) co_return base::fail(Reason::draining);
    if (fails != Reason::none) co_return base::fail(fails);
    ex.response.status = 200;
    ex.response_body = http::make_body<ReadyBody>(ex.arena, pieces, read);
    co_return Result<void>();
  }
  mutable std::vector<std::string> asked;
  unsigned pieces = 1;        // of the answer
  mutable unsigned read = 0;  // of these
  Reason fails = Reason::none;
};

struct Owner final : MirrorOwner {
  const Handler& forwarder() const noexcept override { return service; }
  void ended(unsigned, Mirrored how) const noexcept override { ends.push_back(how); }
  Service service;
  mutable std::vector<Mirrored> ends;
};

class Mirroring : public testing::Test {
 protected:
  ~Mirroring() override {
    worker.background.cancel(Reason::draining);
    base::run_ready();
  }
  std::unique_ptr<MirroredRequest> copy(std::string_view body = {}) {
    fake.emplace("/orders", "POST");
    fake->request().fields.add("X-Key", "k");
    fake->request().fields.add("Expect", "100-continue");
    if (!body.empty()) fake->ex.request_body = http::make_body<http::TextBody>(fake->ex.arena, body);
    // On a worker of its own, which stays when the exchange has gone.
    Exchange ex(fake->stream, worker, nullptr);
    return std::make_unique<MirroredRequest>(ex, owner);
  }
  void pass(base::Duration time) {
    clock.advance(time);
    loop.run_once(base::Duration::zero());
    base::run_ready();
  }

  base::VirtualClock clock;
  net::Loop loop{clock};
  Worker worker{loop, 0};
  std::shared_ptr<Owner> owner = std::make_shared<Owner>();
  std::optional<test::FakeExchange> fake;
};

TEST_F(Mirroring, OutlivesTheExchange) {
  MirroredRequest::start(copy());
  fake.reset();
  pass(0s);
  EXPECT_THAT(owner->service.asked, ElementsAre("POST /orders from 192.0.2.7 on public\nX-Key: k\n"));
  EXPECT_THAT(owner->ends, IsEmpty());

  pass(2s);

  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::answered));
}

TEST_F(Mirroring, TellsWhatBecameOfIt) {
  for (Reason why : {Reason::timeout_total, Reason::upstream_reset}) {
    owner->service.fails = why;
    MirroredRequest::start(copy());
    pass(0s);
    pass(2s);
  }
  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::timeout, Mirrored::failed));
}

TEST_F(Mirroring, GivesOthersTheirTurnBetweenThePiecesOfAnAnswer) {
  owner->service.pieces = 100;
  MirroredRequest::start(copy());
  pass(0s);
  pass(2s);
  EXPECT_GE(owner->service.read, 8U);
  EXPECT_LT(owner->service.read, 32U);
  EXPECT_THAT(owner->ends, IsEmpty());

  for (int rounds = 0; rounds < 100; ++rounds) pass(0s);

  EXPECT_EQ(owner->service.read, 100U);
  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::answered));
}

TEST_F(Mirroring, IsCutWhileOthersHaveTheirTurn) {
  owner->service.pieces = 100;
  MirroredRequest::start(copy());
  pass(0s);
  pass(2s);

  worker.background.cancel(Reason::timeout_total);
  base::run_ready();

  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::timeout));
  EXPECT_LT(owner->service.read, 32U);
}

TEST_F(Mirroring, IsCutWhenItsWorkerEnds) {
  MirroredRequest::start(copy());
  pass(0s);
  MirroredRequest::start(copy());  // has not begun

  worker.background.cancel(Reason::draining);
  base::run_ready();

  EXPECT_THAT(owner->ends, testing::UnorderedElementsAre(Mirrored::failed, Mirrored::incomplete));
}

TEST_F(Mirroring, GivesABodyUpThatDoesNotComeInTime) {
  auto made = copy("hello, world");
  auto body = mirrored_body(fake->ex.arena, std::move(fake->ex.request_body), std::move(made), 12, 10s);
  auto first = body->read(5).await_resume();
  ASSERT_TRUE(first);
  pass(9s);
  EXPECT_THAT(owner->ends, IsEmpty());

  pass(2s);

  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::incomplete));
  EXPECT_EQ(test::drained(*body, 5), ", world") << "the request goes on";
  pass(0s);
  EXPECT_THAT(owner->service.asked, IsEmpty());
}

TEST_F(Mirroring, TakesTheBodyAsItPasses) {
  auto made = copy("hello, world");
  auto body = mirrored_body(fake->ex.arena, std::move(fake->ex.request_body), std::move(made), 12, 10s);
  EXPECT_EQ(body->length(), 12U);
  EXPECT_EQ(test::drained(*body, 5), "hello, world");
  pass(0s);

  EXPECT_THAT(owner->service.asked, ElementsAre(HasSubstr("\nhello, world")));
}

TEST_F(Mirroring, GivesUpOnABodyThatIsTooLong) {
  auto made = copy("hello, world");
  auto body = mirrored_body(fake->ex.arena, std::move(fake->ex.request_body), std::move(made), 11, 10s);
  EXPECT_EQ(test::drained(*body, 5), "hello, world");
  pass(0s);

  EXPECT_THAT(owner->service.asked, IsEmpty());
  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::too_large));
}

TEST_F(Mirroring, IsNotSentWithHalfABody) {
  auto made = copy("hello, world");
  auto body = mirrored_body(fake->ex.arena, std::move(fake->ex.request_body), std::move(made), 100, 10s);
  EXPECT_TRUE(body->read(5).await_ready());
  body.reset();
  pass(0s);

  EXPECT_THAT(owner->service.asked, IsEmpty());
  EXPECT_THAT(owner->ends, ElementsAre(Mirrored::incomplete));
}

}  // namespace
}  // namespace sluice::chain::mirroring_test
