// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gateway/config/write.h"

#include "tests/unit/config/sample.h"

namespace sluice::config::leaves_test {
namespace {

using testing::StartsWith;

std::map<std::string, Leaf> of(const std::string& yaml) {
  Diagnostics diagnostics;
  Document document = parse(yaml, diagnostics);
  auto root = bind<sample::Root>(document, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  std::map<std::string, Leaf> out;
  for (auto& leaf : leaves(root, document)) out[leaf.path] = leaf;
  return out;
}

TEST(Leaves, StandUnderTheNamesOfWhatTheyBelongTo) {
  auto all =
      of("version: 1\n"
         "upstreams: {a: {targets: [x:1, y:2], health: /h}}\n"
         "routes: [{name: r, to: a}, {name: s, to: a, use: [{jwt: {issuer: i}}]}]\n");

  EXPECT_EQ(all["upstreams.a.targets[1]"].value, "y:2");
  EXPECT_EQ(all["routes.s.use[0].jwt.issuer"].value, "i");
  EXPECT_EQ(all["routes.s.use[0].jwt.issuer"].from, "config.yaml:3:66");
  EXPECT_EQ(all["upstreams.a.health.interval"].value, "5s");
  EXPECT_EQ(all["upstreams.a.health.interval"].from, "");
}

TEST(Leaves, TellSecretsApartWithoutTellingThem) {
  auto with = [](const std::string& password) {
    return of("version: 1\nupstreams: {a: {targets: [x:1], password: " + password +
              "}}\n")["upstreams.a.password"]
        .value;
  };

  EXPECT_THAT(with("geheim"), StartsWith("*** ("));
  EXPECT_EQ(with("geheim"), with("geheim"));
  EXPECT_NE(with("geheim"), with("anders"));
}

}  // namespace
}  // namespace sluice::config::leaves_test
