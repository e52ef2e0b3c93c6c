// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/reply.h"

#include <gtest/gtest.h>

namespace sluice::admin::reply_test {
namespace {

TEST(Reply, ProblemsHaveThePhraseOfTheirStatus) {
  auto reply = problem(415, "Not \"this\".");

  EXPECT_EQ(reply.status, 415);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(reply.body,
            "{\"type\":\"about:blank\",\"title\":\"Unsupported Media Type\",\"status\":415,"
            "\"detail\":\"Not \\\"this\\\".\"}\n");
}

TEST(PageRequest, HasAPathAndAQuery) {
  PageRequest request{"GET", "/failures?limit=3"};

  EXPECT_EQ(request.path(), "/failures");
  EXPECT_EQ(request.query(), "?limit=3");
  EXPECT_EQ((PageRequest{"GET", "/"}.query()), "");
}

}  // namespace
}  // namespace sluice::admin::reply_test
