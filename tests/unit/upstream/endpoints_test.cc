// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/endpoints.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::upstream::endpoints_test {
namespace {

// "url*weight url*weight" or why not.
std::string read(const std::string& text, bool allow_tls = false) {
  auto targets = parse_endpoints(text, allow_tls);
  if (!targets) return "refused: " + targets.error().detail;
  std::string out;
  for (const auto& t : *targets)
    out += (out.empty() ? "" : " ") + t.url.text() + "*" + std::to_string(t.weight);
  return out;
}

TEST(Endpoints, AreAListInYamlOrJson) {
  EXPECT_EQ(read("# of today\n---\n- http://a:80\n- {url: http://b:81, weight: 3}\n"),
            "http://a:80*1 http://b:81*3");
  EXPECT_EQ(read("[{\"url\": \"http://a:80\", \"weight\": 2}]"), "http://a:80*2");
  EXPECT_EQ(read("[\n  {\n    \"url\": \"http://a:80\"\n  }\n]\n"), "http://a:80*1");
  EXPECT_EQ(read("{\"targets\": [\"srv+http://_http._tcp.a\"]}"), "srv+http://_http._tcp.a*1");
  EXPECT_EQ(read("targets:\n- unix:/run/a.sock\n"), "unix:/run/a.sock*1");
  EXPECT_EQ(read("[]"), "");
}

TEST(Endpoints, AreRefusedWithThePlaceOfWhatIsWrong) {
  EXPECT_EQ(read("- http://a:80\n- {url: http://b:81, wieght: 3}\n").substr(0, 28),
            "refused: line 2, column 22: ");
  EXPECT_EQ(read("- http://a/path\n").substr(0, 17), "refused: line 1, ");
  EXPECT_EQ(read("targets: 7\n").substr(0, 17), "refused: line 1, ");
  EXPECT_EQ(read("").substr(0, 9), "refused: ");
  EXPECT_EQ(read("[{\"url\":").substr(0, 9), "refused: ");
  EXPECT_EQ(read("\xff\xfe").substr(0, 9), "refused: ");
}

TEST(Endpoints, AreNotTheSameTwice) {
  EXPECT_EQ(read("[http://a:80, http://b:80, http://A]"),
            "refused: targets 1 and 3 are the same, http://a:80");
}

TEST(Endpoints, NeedSettingsForTls) {
  EXPECT_EQ(read("[https://a]"), "refused: https://a:443 needs TLS, for which this upstream has no settings");
  EXPECT_EQ(read("[https://a]", true), "https://a:443*1");
}

TEST(Endpoints, ReadNothingElseOfTheMachine) {
  EXPECT_EQ(read("[\"http://${env:HOME}:80\"]").substr(0, 9), "refused: ");
  EXPECT_EQ(read("[\"http://${file:/etc/hostname}:80\"]").substr(0, 9), "refused: ");
  EXPECT_EQ(read("include: [/etc/passwd]\ntargets: []\n").substr(0, 9), "refused: ");
}

TEST(Endpoints, MayHaveZonesAndWhateverElse) {
  auto targets =
      parse_endpoints("- {url: http://a:80, zone: eu-1, metadata: {rack: \"7\"}}\n- http://b:80\n", false);

  ASSERT_TRUE(targets) << targets.error().detail;
  auto labels = targets->front().labels();
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->zone, "eu-1");
  ASSERT_TRUE(labels->metadata.find("rack"));
  EXPECT_EQ(*labels->metadata.find("rack"), "7");
  EXPECT_EQ(targets->back().labels(), nullptr);
  EXPECT_EQ(read("- {url: http://a:80, zone: \"\"}").substr(0, 9), "refused: ");
  EXPECT_EQ(read("- {url: http://a:80, metadata: [rack]}").substr(0, 9), "refused: ");
  EXPECT_EQ(read("- {url: http://a:80, metadata: {rack: {row: 7}}}").substr(0, 9), "refused: ");
}

}  // namespace
}  // namespace sluice::upstream::endpoints_test
