// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/fault.h"

#include <gmock/gmock.h>

namespace sluice::http::h1::fault_test {
namespace {

using base::Reason;
using testing::HasSubstr;
using testing::Not;

TEST(Fault, EachHasWordsAndAReasonOfItsSide) {
  for (auto f = static_cast<int>(Fault::incomplete); f <= static_cast<int>(Fault::incomplete_switch); ++f) {
    base::Error request = explain(static_cast<Fault>(f), Message::request, 7).error;
    base::Error response = explain(static_cast<Fault>(f), Message::response, 7).error;

    EXPECT_NE(request.reason, Reason::internal) << f;
    EXPECT_EQ(request.where(), base::Where::downstream) << f;
    EXPECT_EQ(response.where(), base::Where::upstream) << f;
    EXPECT_EQ(request.detail, response.detail);
    EXPECT_NE(request.detail, "");
  }
}

TEST(Fault, OnlyThoseOfOneLineNameIt) {
  EXPECT_THAT(explain(Fault::value, Message::request, 7).error.detail, HasSubstr("field line 7: "));
  EXPECT_THAT(explain(Fault::coding, Message::request, 7).error.detail, Not(HasSubstr("7")));
}

}  // namespace
}  // namespace sluice::http::h1::fault_test
