// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/grpc.h"

#include <gtest/gtest.h>

namespace sluice::http::grpc_test {
namespace {

using namespace std::chrono_literals;

TEST(Grpc, IsToldByItsContentType) {
  for (auto type : {"application/grpc", "application/grpc+proto", "Application/GRPC+json",
                    "application/grpc;x=1", "application/grpc ; x=1"})
    EXPECT_TRUE(is_grpc_type(type)) << type;
  for (auto type : {"", "application/grp", "application/grpc-web", "application/grpc-web-text+proto",
                    "application/grpcx", "text/plain", "application/json"})
    EXPECT_FALSE(is_grpc_type(type)) << type;
}

TEST(Grpc, ReadsTimeouts) {
  EXPECT_EQ(parse_grpc_timeout("1H"), 1h);
  EXPECT_EQ(parse_grpc_timeout("2M"), 2min);
  EXPECT_EQ(parse_grpc_timeout("30S"), 30s);
  EXPECT_EQ(parse_grpc_timeout("100m"), 100ms);
  EXPECT_EQ(parse_grpc_timeout("5u"), 5us);
  EXPECT_EQ(parse_grpc_timeout("99999999n"), 99999999ns);
  EXPECT_EQ(parse_grpc_timeout("0S"), 0s);
}

TEST(Grpc, BelievesInNoTimeoutBeyondACentury) {
  EXPECT_EQ(parse_grpc_timeout("99999999H"), base::Duration(std::chrono::hours(24 * 365 * 100)));
}

TEST(Grpc, RefusesWhatIsNoTimeout) {
  for (auto text : {"", "S", "1", "1s", "-1S", "+1S", " 1S", "1 S", "123456789S", "1.5S", "0x1S", "1SS"})
    EXPECT_EQ(parse_grpc_timeout(text), std::nullopt) << text;
}

TEST(Grpc, WritesTimeoutsInTheFinestUnitThatFits) {
  base::Arena arena;
  EXPECT_EQ(grpc_timeout(50ms, arena), "50000000n");
  EXPECT_EQ(grpc_timeout(1s, arena), "1000000u");
  EXPECT_EQ(grpc_timeout(99'999'999us, arena), "99999999u");
  EXPECT_EQ(grpc_timeout(100s, arena), "100000m");
  EXPECT_EQ(grpc_timeout(48h, arena), "172800S");
  EXPECT_EQ(grpc_timeout(std::chrono::hours(24 * 365 * 100), arena), "52560000M");
}

TEST(Grpc, WritesATimeoutThatHasPassedAsTheShortestOne) {
  base::Arena arena;
  EXPECT_EQ(grpc_timeout(0s, arena), "1n");
  EXPECT_EQ(grpc_timeout(-1s, arena), "1n");
}

TEST(Grpc, KnowsItsCodes) {
  EXPECT_EQ(name(GrpcCode::deadline_exceeded), "deadline_exceeded");
  EXPECT_EQ(number(GrpcCode::unauthenticated), "16");
  EXPECT_EQ(grpc_code("14"), GrpcCode::unavailable);
  for (auto text : {"", "17", "-1", "x", "1 "}) EXPECT_EQ(grpc_code(text), std::nullopt) << text;
}

TEST(Grpc, TranslatesStatuses) {
  EXPECT_EQ(grpc_code_of_status(401), GrpcCode::unauthenticated);
  EXPECT_EQ(grpc_code_of_status(404), GrpcCode::unimplemented);
  EXPECT_EQ(grpc_code_of_status(503), GrpcCode::unavailable);
  EXPECT_EQ(grpc_code_of_status(418), GrpcCode::unknown);
}

TEST(GrpcWebType, IsReadFromTheContentType) {
  auto read = [](std::string_view type) {
    auto t = grpc_web_type(type);
    return std::string(t.web ? "web" : "no") + (t.text ? " text " : " ") + std::string(t.web ? t.rest : "");
  };
  EXPECT_EQ(read("application/grpc-web"), "web ");
  EXPECT_EQ(read("Application/gRPC-Web+proto"), "web +proto");
  EXPECT_EQ(read("application/grpc-web-text+proto;x=1"), "web text +proto;x=1");
  for (auto type : {"", "application/grpc", "application/grpc+web", "application/grpc-webs", "text/plain"})
    EXPECT_FALSE(grpc_web_type(type).web) << type;
}

TEST(GrpcWebFrame, HoldsTheTrailersAsLines) {
  base::Arena arena;
  Fields trailers(arena);
  trailers.add("Grpc-Status", "5");
  trailers.add("gone", "x");
  trailers.remove("gone");

  EXPECT_EQ(grpc_web_frame(trailers, arena), std::string_view("\x80\0\0\0\x10grpc-status: 5\r\n", 21));
}

TEST(Grpc, SaysAReason) {
  base::Arena arena;
  Fields to(arena);
  add_grpc_status(to, base::row(base::Reason::no_route), "100%");

  EXPECT_EQ(to.find(kGrpcStatus)->value, "12");
  EXPECT_EQ(to.find(kGrpcMessage)->value, "no_route: 100%25");
}

TEST(Grpc, EncodesMessages) {
  base::Arena arena;
  EXPECT_EQ(grpc_message("plain text", arena), "plain text");
  EXPECT_EQ(grpc_message("100%\r\n\xc3\xa9", arena), "100%25%0D%0A%C3%A9");
}

}  // namespace
}  // namespace sluice::http::grpc_test
