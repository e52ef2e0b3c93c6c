// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/observe/log_line.h"

namespace sluice::observe::log_condition_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

bool holds(std::string_view text, const AccessRecord& record) {
  auto compiled = LogCondition::compile(text);
  auto* fault = std::get_if<expression::Fault>(&compiled);
  EXPECT_FALSE(fault) << text << ": " << (fault ? fault->message : "");
  return !fault && std::get<LogCondition>(compiled).holds(record);
}

std::string refused(std::string_view text) {
  auto compiled = LogCondition::compile(text);
  auto* fault = std::get_if<expression::Fault>(&compiled);
  return fault ? fault->message + "; " + fault->hint : "";
}

TEST(LogCondition, LooksAtEveryKindOfField) {
  constexpr std::string_view kFailed[] = {"orders", "users"}, kGroups[] = {"staff"},
                             kScopes[] = {"read", "write"};
  AttemptRecord attempts[2] = {{"10.0.0.1:80", 0, base::Reason::stale_connection, 1ms},
                               {"10.0.0.2:80", 200, base::Reason::none, 1ms}};
  AccessRecord r;
  r.status = 502;
  r.reason = base::Reason::timeout_total;
  r.path = "/a?b=c";
  r.duration = 1'500'500us;
  r.connect = 250us;
  r.overhead = 1'500ns;
  r.bytes_out = ~std::uint64_t{0};
  r.rate_limit_remaining = 3;
  r.partial = kFailed;
  r.groups = kGroups;
  r.scopes = kScopes;
  r.attempts = attempts;

  for (auto text :
       {"status == 502", "reason == \"timeout_total\"", "path.startsWith(\"/a\")", "duration_ms > 1500.4",
        "connect_ms == 0.25", "overhead_us == 1.5", "bytes_out > 1000000", "rate_limit_remaining < 4",
        "\"users\" in partial && size(partial) == 2", "\"staff\" in groups && size(scopes) == 2",
        "size(attempts) == 2 && \"10.0.0.1:80\" in attempts", "source == \"gateway\"",
        "trace_id == \"\" && !has(trace_id)", "consumer == \"\"", "!has(consumer) && has(path)"})
    EXPECT_TRUE(holds(text, r)) << text;
  for (auto text : {"status < 500", "duration_ms > 1501", "\"items\" in partial", "\"read\" in groups",
                    "has(importance)"})
    EXPECT_FALSE(holds(text, r)) << text;
}

TEST(LogCondition, IsNotTrueOfWhatDidNotHappen) {
  AccessRecord r;

  for (auto text : {"queue_ms >= 0", "queue_ms < 1000", "!(queue_ms > 1)", "rate_limit_remaining == 0"})
    EXPECT_FALSE(holds(text, r)) << text;
  EXPECT_TRUE(holds("queue_ms > 1 || status == 0", r));
}

TEST(LogCondition, SaysWhatIsWrong) {
  EXPECT_THAT(refused("statsu > 500"), HasSubstr("`statsu` is no field"));
  EXPECT_THAT(refused("statsu > 500"), HasSubstr("did you mean \"status\"?"));
  EXPECT_THAT(refused("time > 500"), HasSubstr("`time` is no field of the access log that a condition"));
  EXPECT_THAT(refused("claims == 1"), HasSubstr("`claims` is no field of the access log that a condition"));
  EXPECT_THAT(refused("request.method == \"GET\""), HasSubstr("`request` is no field"));
  EXPECT_NE(refused("status > \"500\""), "");
  EXPECT_NE(refused("status"), "");
  EXPECT_NE(refused("status > "), "");
}

}  // namespace
}  // namespace sluice::observe::log_condition_test
