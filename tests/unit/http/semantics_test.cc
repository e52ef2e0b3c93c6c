// SPDX-License-Identifier: Apache-2.0
// The rest of semantics.h is tested through the heads of both versions, where it decides.
#include "gateway/http/semantics.h"

#include <gtest/gtest.h>

namespace sluice::http {
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

TEST(SameAuthority, IgnoresCaseAndTheDefaultPort) {
  EXPECT_TRUE(same_authority({"A.b", 0, false}, {"a.B", 80, true}, 80));
  EXPECT_FALSE(same_authority({"a.b", 0, false}, {"a.b", 80, true}, 443));
  EXPECT_FALSE(same_authority({"a.b", 80, true}, {"a.c", 80, true}, 80));
}

}  // namespace
}  // namespace sluice::http
