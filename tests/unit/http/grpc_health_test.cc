// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/grpc_health.h"

#include <gtest/gtest.h>

namespace sluice::http::grpc_health_test {
namespace {

using namespace std::string_literals;

std::string said(const std::string& body) {
  auto status = parse_grpc_health_response(body);
  return status ? std::string(name(*status)) : status.error().detail;
}

TEST(GrpcHealth, AsksForTheServerAsAWholeWithAnEmptyMessage) {
  EXPECT_EQ(grpc_health_request(""), "\0\0\0\0\0"s);
}

TEST(GrpcHealth, AsksForAService) {
  EXPECT_EQ(grpc_health_request("shop.Cart"), "\0\0\0\0\x0b\x0a\x09shop.Cart"s);
}

TEST(GrpcHealth, AsksForAServiceWithALongName) {
  std::string name(300, 'a');

  EXPECT_EQ(grpc_health_request(name), "\0\0\0\x01\x2f\x0a\xac\x02"s + name);
}

TEST(GrpcHealth, ReadsEachStatus) {
  EXPECT_EQ(said("\0\0\0\0\x02\x08\x01"s), "SERVING");
  EXPECT_EQ(said("\0\0\0\0\x02\x08\x02"s), "NOT_SERVING");
  EXPECT_EQ(said("\0\0\0\0\x02\x08\x03"s), "SERVICE_UNKNOWN");
  EXPECT_EQ(said("\0\0\0\0\x02\x08\x00"s), "UNKNOWN");
}

TEST(GrpcHealth, TakesAnEmptyMessageForTheStatusWithNumberZero) { EXPECT_EQ(said("\0\0\0\0\0"s), "UNKNOWN"); }

TEST(GrpcHealth, TakesANumberThatNobodyKnowsForUnknown) {
  EXPECT_EQ(said("\0\0\0\0\x03\x08\x81\x02"s), "UNKNOWN");
}

TEST(GrpcHealth, SkipsFieldsThatLaterVersionsMayHave) {
  std::string message = "\x10\x05"s + "\x19" + "12345678" + "\x22\x02hi" + "\x2d" + "1234" + "\x08\x01";

  EXPECT_EQ(said("\0\0\0\0"s + static_cast<char>(message.size()) + message), "SERVING");
}

TEST(GrpcHealth, RefusesABodyThatIsNotOneMessage) {
  EXPECT_EQ(said(""), "an answer without a message");
  EXPECT_EQ(said("\0\0\0\0"s), "an answer without a message");
  EXPECT_EQ(said("\1\0\0\0\0"s), "a compressed message, unasked for");
  EXPECT_EQ(said("\0\0\0\0\x02\x08"s), "a message of another length than its frame says");
  EXPECT_EQ(said("\0\0\0\0\x02\x08\x01\0\0\0\0\x02\x08\x01"s),
            "a message of another length than its frame says");
  EXPECT_EQ(said("\0\xff\xff\xff\xff\x08"s), "a message of another length than its frame says");
}

TEST(GrpcHealth, RefusesWhatIsNoProtocolBuffer) {
  constexpr const char* kNoMessage = "a message that is no HealthCheckResponse";
  EXPECT_EQ(said("\0\0\0\0\x01\x08"s), kNoMessage) << "a field without its value";
  EXPECT_EQ(said("\0\0\0\0\x01\x80"s), kNoMessage) << "half a tag";
  EXPECT_EQ(said("\0\0\0\0\x02\x13\x00"s), kNoMessage) << "a group, which is gone from the language";
  EXPECT_EQ(said("\0\0\0\0\x03\x12\x7f!"s), kNoMessage) << "shorter than it says";
  EXPECT_EQ(said("\0\0\0\0\x03\x19\x00\x00"s), kNoMessage) << "less than eight bytes";
  EXPECT_EQ(said("\0\0\0\0\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s), kNoMessage)
      << "a number of more than ten bytes";
}

}  // namespace
}  // namespace sluice::http::grpc_health_test
