// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/otlp_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"
#include "gateway/base/version.h"
#include "gateway/jose/json.h"

namespace sluice::observe::otlp_queue_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// A collector that answers when it is told to.
class FakeWire final : public OtlpWire {
 public:
  void post(std::string body, std::function<void(OtlpAnswer)> done) override {
    bodies.push_back(std::move(body));
    done_ = std::move(done);
  }
  void run(std::chrono::milliseconds) override {}
  const std::string& where() const noexcept override { return where_; }
  void answer(OtlpAnswer answer) { std::exchange(done_, nullptr)(std::move(answer)); }

  std::vector<std::string> bodies;

 private:
  std::function<void(OtlpAnswer)> done_;
  const std::string where_ = "http://c:4318/v1/logs";
};

class OtlpQueueTest : public testing::Test {
 protected:
  OtlpQueueTest() {
    config_.batch = 2;
    base::set_log_sink([this](base::Level, std::string_view line) { said_.emplace_back(line); });
    auto wire = std::make_unique<FakeWire>();
    wire_ = wire.get();
    queue_ = std::make_unique<OtlpQueue>(config_, std::move(wire));
  }
  ~OtlpQueueTest() override { base::set_log_sink(nullptr); }
  void take(std::initializer_list<std::string_view> records) {
    for (auto record : records) EXPECT_TRUE(queue_->take(record, now_)) << record;
    queue_->step(now_);
  }
  void answer(unsigned status, std::string body = "{}", std::string retry_after = "") {
    wire_->answer(
        {status, std::move(body), std::move(retry_after), status == 0 ? "cannot be asked: it is down" : ""});
    queue_->step(now_);
  }
  void pass(base::Duration d) {
    now_ += d;
    queue_->step(now_);
  }
  std::size_t sent() const { return wire_->bodies.size(); }

  OtlpConfig config_;
  FakeWire* wire_;
  std::unique_ptr<OtlpQueue> queue_;
  base::SteadyTime now_{1000h};
  std::vector<std::string> said_;
};

TEST_F(OtlpQueueTest, SendsAFullBatchAtOnce) {
  take({"{\"a\":1}\n", "{\"b\":2}\n"});

  ASSERT_EQ(sent(), 1u);
  auto json = jose::Json::parse(wire_->bodies[0]);
  ASSERT_TRUE(json) << wire_->bodies[0];
  EXPECT_THAT(wire_->bodies[0], HasSubstr(R"("logRecords":[{"a":1},{"b":2}]}]}]})"));
}

TEST_F(OtlpQueueTest, WaitsForOthersButNotForLong) {
  take({"1"});
  EXPECT_EQ(sent(), 0u);

  pass(999ms);
  EXPECT_EQ(sent(), 0u);
  pass(1ms);
  EXPECT_EQ(sent(), 1u);
}

TEST_F(OtlpQueueTest, HasOneRequestAtATime) {
  take({"1", "2"});
  take({"3", "4"});
  EXPECT_EQ(sent(), 1u);
  EXPECT_FALSE(queue_->take("5", now_)) << "what there is no room for stays where it is";

  answer(200);

  EXPECT_EQ(sent(), 2u);
  EXPECT_TRUE(queue_->take("5", now_));
  EXPECT_THAT(wire_->bodies[1], HasSubstr("[3,4]"));
}

TEST_F(OtlpQueueTest, TriesAgainAfterAPauseThatGrows) {
  take({"1", "2"});

  answer(503);
  pass(499ms);
  EXPECT_EQ(sent(), 1u);
  pass(501ms);
  EXPECT_EQ(sent(), 2u);
  answer(0);
  pass(999ms);
  EXPECT_EQ(sent(), 2u);
  pass(1001ms);
  EXPECT_EQ(sent(), 3u);

  EXPECT_EQ(wire_->bodies[0], wire_->bodies[2]);
  EXPECT_EQ(queue_->unreachable(), 0u);
  answer(200);
  EXPECT_TRUE(queue_->holds_nothing());
}

TEST_F(OtlpQueueTest, WaitsAsLongAsItIsAskedTo) {
  take({"1", "2"});

  answer(429, "", "7");
  pass(6999ms);
  EXPECT_EQ(sent(), 1u);
  pass(1ms);
  EXPECT_EQ(sent(), 2u);
  answer(429, "", "86400");
  pass(OtlpQueue::kLongestPause);
  EXPECT_EQ(sent(), 3u);
}

TEST_F(OtlpQueueTest, GivesUpWhatHasWaitedTooLong) {
  take({"1", "2"});

  for (int i = 0; i < 100 && queue_->unreachable() == 0; ++i) {
    if (queue_->under_way()) answer(0);
    pass(10s);
  }

  EXPECT_EQ(queue_->unreachable(), 2u);
  EXPECT_TRUE(queue_->holds_nothing());
  EXPECT_THAT(said_,
              ElementsAre(HasSubstr("http://c:4318/v1/logs cannot be asked: it is down; records wait for it"),
                          HasSubstr("waited too long are dropped")));
}

TEST_F(OtlpQueueTest, DoesNotRepeatWhatIsNotWanted) {
  take({"1", "2"});
  answer(400);
  take({"3", "4"});
  answer(500);
  pass(1min);

  EXPECT_EQ(sent(), 2u);
  EXPECT_EQ(queue_->refused(), 4u);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("answers with status 400; what it does not take is dropped")));
}

TEST_F(OtlpQueueTest, CountsWhatWasNotWantedOfABatch) {
  take({"1", "2"});
  answer(200, R"({"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}})");
  take({"3", "4"});
  answer(200, R"({"partialSuccess":{"rejectedLogRecords":99}})");

  EXPECT_EQ(queue_->refused(), 3u);
  EXPECT_THAT(said_, ElementsAre(HasSubstr("does not take some records: too old")));
}

// Neither by saying another thing each time nor by being well in between.
TEST_F(OtlpQueueTest, IsNotMadeToSpeakAllTheTime) {
  for (int i = 0; i < 100; ++i) {
    take({"1", "2"});
    answer(200,
           R"({"partialSuccess":{"rejectedLogRecords":1,"errorMessage":"at )" + std::to_string(i) + R"("}})");
    take({"3", "4"});
    if (i % 2 == 0) answer(200);
    if (i % 2 == 1) answer(404);
    pass(1s);
  }

  EXPECT_THAT(said_, ElementsAre(HasSubstr("some records: at 0"), HasSubstr("takes records again"),
                                 HasSubstr("status 404"), HasSubstr("takes records again"),
                                 HasSubstr("some records: at 60"), HasSubstr("takes records again"),
                                 HasSubstr("status 404"), HasSubstr("takes records again")));
}

TEST_F(OtlpQueueTest, SaysOnceThatThereIsTroubleAndThatItIsOver) {
  take({"1", "2"});
  answer(503);
  pass(1s);
  answer(503);
  pass(2s);
  answer(204);

  EXPECT_THAT(said_, ElementsAre(HasSubstr("answers with status 503; records wait for it"),
                                 HasSubstr("takes records again")));
}

TEST_F(OtlpQueueTest, SendsAllThatItHasAtItsEnd) {
  take({"1"});
  queue_->close();
  queue_->step(now_);

  EXPECT_EQ(sent(), 1u);
  EXPECT_FALSE(queue_->holds_nothing());
  EXPECT_EQ(queue_->abandon(), 1u);
}

TEST_F(OtlpQueueTest, HasABoundInBytes) {
  config_.batch = 1000;
  auto wire = std::make_unique<FakeWire>();
  auto* collector = wire.get();
  OtlpQueue queue(config_, std::move(wire));
  std::string big(OtlpQueue::kMostBytes / 2 + 1, '1');

  EXPECT_TRUE(queue.take(big, now_));
  EXPECT_TRUE(queue.take(big, now_));
  EXPECT_FALSE(queue.take(big, now_));
  queue.step(now_);

  EXPECT_EQ(collector->bodies.size(), 1u);
}

TEST(OtlpOpening, SaysWhoseRecordsTheyAre) {
  OtlpConfig config;
  config.service_name = "edge \"1\"";
  config.resource.emplace("deployment.environment.name") = "test";

  std::string text = otlp_opening(config) + std::string(kOtlpClosing);

  EXPECT_TRUE(jose::Json::parse(text)) << text;
  EXPECT_THAT(text, HasSubstr(R"({"key":"service.name","value":{"stringValue":"edge \"1\""}})"));
  EXPECT_THAT(text, HasSubstr(R"({"key":"deployment.environment.name","value":{"stringValue":"test"}})"));
  EXPECT_THAT(text, HasSubstr(R"("scope":{"name":"sluice.access_log","version":)"));
}

}  // namespace
}  // namespace sluice::observe::otlp_queue_test
