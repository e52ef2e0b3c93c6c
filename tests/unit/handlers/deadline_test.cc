// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/deadline.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::handlers::deadline_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;

struct DeadlineTest : testing::Test {
  DeadlineTest() {
    fake.stream.begun_at = fake.clock.steady();
    timeouts.total = 10s;
    timeouts.propagate = true;
  }
  std::string told() {
    const auto* field = fake.request().fields.find(Deadline::kField);
    return field ? std::string(field->value) : "";
  }
  test::FakeExchange fake{"/orders"};
  upstream::Timeouts timeouts;
  Deadline deadline;
};

TEST_F(DeadlineTest, IsTheTotalTimeoutAndIsNotToldUnlessAsked) {
  timeouts.propagate = false;
  ASSERT_TRUE(deadline.begin(fake.ex, timeouts));

  EXPECT_TRUE(fake.ex.total.running());
  EXPECT_TRUE(deadline.tell(fake.ex));
  EXPECT_EQ(told(), "");
}

TEST_F(DeadlineTest, LeavesTheClientsFieldAloneWhereItIsNotAsked) {
  timeouts.propagate = false;
  fake.request().fields.add(Deadline::kField, "soon");

  EXPECT_TRUE(deadline.begin(fake.ex, timeouts));
  EXPECT_TRUE(deadline.tell(fake.ex));

  EXPECT_EQ(told(), "soon");
}

TEST_F(DeadlineTest, TellsEachAttemptHowMuchIsLeft) {
  ASSERT_TRUE(deadline.begin(fake.ex, timeouts));

  EXPECT_TRUE(deadline.tell(fake.ex));
  EXPECT_EQ(told(), "10000");
  fake.clock.advance(2500ms + 1us);
  EXPECT_TRUE(deadline.tell(fake.ex));
  EXPECT_EQ(told(), "7499");
}

TEST_F(DeadlineTest, SaysWhenNothingIsLeft) {
  ASSERT_TRUE(deadline.begin(fake.ex, timeouts));
  fake.clock.advance(10s);

  EXPECT_FALSE(deadline.tell(fake.ex));
}

TEST_F(DeadlineTest, IsTheCallersWhereThatIsShorter) {
  fake.clock.advance(500ms);
  fake.request().fields.add(Deadline::kField, "2000");
  ASSERT_TRUE(deadline.begin(fake.ex, timeouts));

  EXPECT_TRUE(deadline.callers());
  EXPECT_TRUE(deadline.tell(fake.ex));
  EXPECT_EQ(told(), "1500") << "counted from when the request came";
}

TEST_F(DeadlineTest, IsOursWhereTheCallersIsLonger) {
  fake.request().fields.add(Deadline::kField, "99999999999999");
  ASSERT_TRUE(deadline.begin(fake.ex, timeouts));

  EXPECT_FALSE(deadline.callers());
  EXPECT_TRUE(deadline.tell(fake.ex));
  EXPECT_EQ(told(), "10000");
}

TEST_F(DeadlineTest, NeedsNoTotalTimeout) {
  timeouts.total = 0s;
  ASSERT_TRUE(deadline.begin(fake.ex, timeouts));
  EXPECT_TRUE(deadline.tell(fake.ex));
  EXPECT_EQ(told(), "");
  EXPECT_FALSE(fake.ex.total.running());
}

TEST_F(DeadlineTest, DoesNoWorkForAnExpiredRequest) {
  fake.request().fields.add(Deadline::kField, "0");

  auto begun = deadline.begin(fake.ex, timeouts);

  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().reason, Reason::timeout_total);
}

TEST_F(DeadlineTest, RefusesWhatIsNoNumber) {
  for (const char* value : {"", "1s", "-1", "2026-01-01T00:00:00Z", "1, 2"}) {
    fake.request().fields.set(Deadline::kField, value);
    auto begun = deadline.begin(fake.ex, timeouts);
    ASSERT_FALSE(begun) << value;
    EXPECT_EQ(begun.error().reason, Reason::validation) << value;
  }
}

}  // namespace
}  // namespace sluice::handlers::deadline_test
