// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/shaping.h"

#include <gtest/gtest.h>

#include "gateway/compose/config.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::compose::shaping_test {
namespace {

CallConfig bound(std::string_view yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse("{get: 'u:/', " + std::string(yaml) + "}", diagnostics);
  auto out = config::bind<CallConfig>(document, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  return out;
}

TEST(Shaping, MakesAShapeOfTheSettings) {
  auto settings = bound("only: [a, b, c, l, m], drop: a.x, rename: {b: bee}, move: {c: d.c}, append: {l: m}");
  auto shape = compile(settings.shaping(), {}, [](const std::string& field, const std::string& why) {
    ADD_FAILURE() << field << why;
  });
  json::Output value, out;
  value << R"({"a":{"x":1},"b":2,"c":3,"e":4,"l":[2],"m":[1]})";

  shape.apply(value.text(), out);

  EXPECT_EQ(out.text(), R"({"a":{},"bee":2,"d":{"c":3},"m":[1,2]})");
}

TEST(Shaping, ComplainsWhereSomethingIsWrong) {
  auto settings = bound("only: ['a..b'], drop: [x, 'y[0]'], move: {a: a.b}, append: {'[].a': b}");
  std::string said;
  compile(settings.shaping(), {},
          [&](const std::string& field, const std::string& why) { said += field + ": " + why + "\n"; });

  EXPECT_EQ(said.substr(0, said.find(':')), "only[0]");
  EXPECT_NE(said.find("drop[1]: must end in the name of a member"), std::string::npos) << said;
  EXPECT_NE(said.find("move.a: one path leads into the other"), std::string::npos) << said;
  EXPECT_NE(said.find("both paths must lead through the same lists"), std::string::npos) << said;
}

TEST(Shaping, KnowsWhichSettingIsWritten) {
  EXPECT_EQ(bound("as: x").shaping().written(), "");
  EXPECT_EQ(bound("append: {a: b}").shaping().written(), "append");
  EXPECT_EQ(bound("rename: {a: b}, only: a").shaping().written(), "only");
}

}  // namespace
}  // namespace sluice::compose::shaping_test
