// SPDX-License-Identifier: Apache-2.0
// The rest of semantics.h is tested through the heads of both versions, where it decides.
#include "gateway/http/semantics.h"

#include <gtest/gtest.h>

namespace sluice::http::semantics_test {
namespace {

TEST(FrameResponse, SaysTheLengthThatIsKnown) {
  base::Arena arena;
  ResponseHead head(arena);
  head.status = 200;
  TextBody body("12345");

  EXPECT_EQ(frame_response(Method::get, head, &body), Framing::Kind::length);
  EXPECT_EQ(head.fields.value(FieldId::content_length), "5");
  EXPECT_EQ(frame_response(Method::head, head, &body), Framing::Kind::none);
  EXPECT_EQ(head.fields.value(FieldId::content_length), "5");
  EXPECT_EQ(frame_response(Method::get, head, nullptr), Framing::Kind::none);
  EXPECT_EQ(head.fields.value(FieldId::content_length), "0");
  head.status = 204;
  EXPECT_EQ(frame_response(Method::get, head, nullptr), Framing::Kind::none);
  EXPECT_FALSE(head.fields.has(FieldId::content_length));
}

// A body of which nobody knows how long it is.
class Endless final : public Body {
 public:
  base::Task<base::Result<Piece>> read(std::size_t) override { return base::Result<Piece>(Piece{}); }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
};

TEST(FrameRequest, SaysWhatTheBodyHasWhateverTheClientSaid) {
  base::Arena arena;
  RequestHead head(arena);
  TextBody body("12345");
  Endless endless;
  auto said = [&](const Body* b) {
    frame_request(head, b);
    return head.fields.has(FieldId::content_length) ? head.fields.value(FieldId::content_length) : "none";
  };

  EXPECT_EQ(said(nullptr), "none");
  EXPECT_EQ(said(&body), "5") << "it came in chunks, and a filter has put it together";
  EXPECT_EQ(said(&endless), "none");
  head.fields.set(FieldId::content_length, "7");
  EXPECT_EQ(said(&body), "5");
  head.fields.set(FieldId::content_length, "7");
  EXPECT_EQ(said(nullptr), "0") << "somebody has read it";
}

TEST(HarmlessTwice, IsWhatItsMethodOrItsKeySays) {
  base::Arena arena;
  RequestHead head(arena);
  head.method = Method::put;
  EXPECT_TRUE(harmless_twice(head));

  head.method = Method::post;
  EXPECT_FALSE(harmless_twice(head));
  head.fields.add(FieldId::idempotency_key, "k1");
  EXPECT_TRUE(harmless_twice(head));
}

TEST(AllowedInTrailers, IsNothingThatAGatewayOrTheHeadAloneMaySay) {
  for (const char* name : {"X-Sum", "grpc-status", "x_sum", "Server-Timing"})
    EXPECT_TRUE(allowed_in_trailers(name)) << name;
  for (const char* name :
       {"Content-Length", "content_length", "Transfer_Encoding", "Client-Cert", "client_cert", "Proxy",
        "X-Forwarded-Prefix", "X-Forwarded-Client-Cert", "X-Forwarded-User", "x_forwarded_groups",
        "X_Forwarded_For", "X.Forwarded.User", "Authorization", "Host", "If_Match", "content.length"})
    EXPECT_FALSE(allowed_in_trailers(name)) << name;
}

struct RemoveClaims : testing::Test {
  RemoveClaims() {
    for (const char* name :
         {"X-Forwarded-For", "X-Forwarded-Port", "x-forwarded-prefix", "X-Real-IP", "X-Forwarded-User",
          "x_forwarded_user", "x.forwarded-user", "X-Forwarde-User", "Y-Forwarded-User"})
      fields.add(name, "1");
    fields.beware_of_claims();
  }
  std::string left() const {
    std::string out;
    for (const Field& line : fields.lines())
      if (!line.dropped) out.append(line.name).append(" ");
    return out;
  }
  base::Arena arena;
  Fields fields{arena};
};

TEST_F(RemoveClaims, LeavesNothingThatAnybodySays) {
  remove_claims(fields, false);

  EXPECT_EQ(left(), "X-Forwarde-User Y-Forwarded-User ");
}

TEST_F(RemoveClaims, LeavesWhatABelievedProxySaysToServices) {
  remove_claims(fields, true);

  EXPECT_EQ(left(), "X-Forwarded-Port x-forwarded-prefix X-Forwarded-User X-Forwarde-User Y-Forwarded-User ");
}

TEST(SameAuthority, IgnoresCaseAndTheDefaultPort) {
  EXPECT_TRUE(same_authority({"A.b", 0, false}, {"a.B", 80, true}, 80));
  EXPECT_FALSE(same_authority({"a.b", 0, false}, {"a.b", 80, true}, 443));
  EXPECT_FALSE(same_authority({"a.b", 80, true}, {"a.c", 80, true}, 80));
}

}  // namespace
}  // namespace sluice::http::semantics_test
