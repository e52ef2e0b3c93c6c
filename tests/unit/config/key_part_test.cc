// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/key_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/describe.h"

namespace sluice::config::key_part_test {
namespace {

using Kind = KeyPart::Kind;
using testing::HasSubstr;

// The complaint, or the key as it would be written.
std::string read(std::string_view text) {
  Text<KeyPart> described;
  describe(described);
  KeyPart out;
  if (auto refusal = described.reader(text, out)) return refusal->message + "|" + refusal->hint;
  return described.writer(out);
}

TEST(KeyPart, IsWrittenAsItIsRead) {
  for (auto text : {"ip", "consumer", "credential", "route", "groups", "scopes", "header.X-Key",
                    "claim.org.id", "cookie.sid", "query.user id", "path.id"})
    EXPECT_EQ(read(text), text);
}

TEST(KeyPart, TellsWhatItIsOfWithoutTheName) {
  EXPECT_EQ(KeyPart{}.kind_text(), "ip");
  EXPECT_EQ((KeyPart{Kind::query, "q"}).kind_text(), "query");
  EXPECT_EQ((KeyPart{Kind::path, "id"}).text(), "path.id");
}

TEST(KeyPart, RefusesWhatNamesNothing) {
  EXPECT_THAT(read("header."), HasSubstr("add a name, as in header.name"));
  EXPECT_THAT(read("cookie.a b"), HasSubstr("`a b` can be no name of a cookie"));
  EXPECT_EQ(read("consumr"), "|did you mean \"consumer\"?");
  EXPECT_EQ(read("querry.x"), "|did you mean \"query.x\"?");
}

}  // namespace
}  // namespace sluice::config::key_part_test
