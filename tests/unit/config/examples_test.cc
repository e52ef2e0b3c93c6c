// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/sample.h"

namespace sluice::config::examples_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Examples, OfTheSampleAllWork) { EXPECT_THAT(broken_examples(shape_of<sample::Root>()), IsEmpty()); }

Alternatives& shapes() {
  static Alternatives table("shape");
  return table;
}
struct Wrong {
  Duration wait{};
  std::string name;
  Choice shape;
  bool operator==(const Wrong&) const = default;
};
void describe(Description<Wrong>& d) {
  d.about("wrong", "All examples are wrong.");
  d.field("wait", &Wrong::wait, "x", example("5"), example("${env:WAIT}"), example("5s"));
  d.field("name", &Wrong::name, "x", pattern("[a-z]+", "letters"), example("[a"), example("1"),
          example("abc"));
  d.one_of(&Wrong::shape, shapes(), "x");
  d.example("wait: 1s\nnme: a");
  d.example("wait: 1s\nname: a");
}

TEST(Examples, ThatAreWrongAreNamed) {
  shapes().add(alternative<sample::Health>("health", "x", "{interval: 1s}"));

  EXPECT_THAT(broken_examples(shape_of<Wrong>()),
              ElementsAre(HasSubstr("wrong: unknown setting `nme`"),
                          HasSubstr("wrong.wait: expected a duration such as 250ms, got 5"),
                          HasSubstr("wrong.wait: expected a duration such as 250ms, got ***"),
                          HasSubstr("wrong.name: the list [...] that begins here does not end"),
                          HasSubstr("wrong.name: expected letters, got \"1\""),
                          HasSubstr("shape health: `path` is missing")));
}

TEST(Examples, BecomeJson) {
  EXPECT_EQ(example_json("2s"), "\"2s\"");
  EXPECT_EQ(example_json("{a: [1, true]}"), R"({"a":[1,true]})");
  EXPECT_EQ(example_json("a: 1\nb: x"), R"({"a":1,"b":"x"})");
  EXPECT_EQ(example_json("${env:X}"), "\"${env:X}\"");
  EXPECT_EQ(example_json("[a"), "\"[a\"");
}

}  // namespace
}  // namespace sluice::config::examples_test
