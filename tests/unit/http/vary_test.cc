// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/vary.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace sluice::http::vary_test {
namespace {

// Of these lines of Vary, and another name; lines are separated by "|".
std::string with(std::initializer_list<std::string_view> lines, std::string_view name) {
  base::Arena arena;
  Fields fields(arena);
  for (auto line : lines) fields.add(FieldId::vary, line);
  add_vary(fields, name);
  std::string out;
  for (const Field& f : fields.lines())
    if (!f.dropped) out.append(out.empty() ? "" : "|").append(f.value);
  return out;
}

TEST(Vary, IsMadeWhereThereIsNone) { EXPECT_EQ(with({}, "Origin"), "Origin"); }

TEST(Vary, IsExtended) {
  EXPECT_EQ(with({"Accept"}, "Origin"), "Accept, Origin");
  EXPECT_EQ(with({""}, "Origin"), "Origin");
  EXPECT_EQ(with({"Accept", "Cookie"}, "Origin"), "Accept, Origin|Cookie");
}

TEST(Vary, SaysEachNameOnce) {
  EXPECT_EQ(with({"accept, ORIGIN"}, "Origin"), "accept, ORIGIN");
  EXPECT_EQ(with({"Accept", "Origin"}, "Origin"), "Accept|Origin");
  EXPECT_EQ(with({"*"}, "Origin"), "*");
  EXPECT_EQ(with({"X-Origin"}, "Origin"), "X-Origin, Origin");
}

}  // namespace
}  // namespace sluice::http::vary_test
