// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/json/padded.h"

namespace sluice::compose::xml_test {
namespace {

std::string converted(std::string_view xml, std::vector<std::string> lists = {}) {
  json::Output out;
  auto why = xml_to_json(xml, lists, out);
  if (!why.empty()) return "! " + why;
  json::Padded made(out.text());
  EXPECT_FALSE(json::check(made)) << made.text();
  return std::string(out.text());
}

TEST(Xml, BecomesJson) {
  EXPECT_EQ(converted("<a/>"), R"({"a":""})");
  EXPECT_EQ(converted("<?xml version='1.0'?><a>x &amp; \"y\"</a>"), R"({"a":"x & \"y\""})");
  EXPECT_EQ(converted("<a id='1'>t<b/></a>"), R"({"a":{"-id":"1","#text":"t","b":""}})");
  EXPECT_EQ(converted("<a><b>1</b><c/><b>2</b></a>"), R"({"a":{"b":["1","2"],"c":""}})");
  EXPECT_EQ(converted("<a><!-- no --><b><![CDATA[<x>]]></b></a>"), R"({"a":{"b":"<x>"}})");
  EXPECT_EQ(converted("<x:a xmlns:x='urn:u'/>"), R"({"x:a":{"-xmlns:x":"urn:u"}})");
}

TEST(Xml, MakesListsOfWhatIsSaidToBeOne) {
  EXPECT_EQ(converted("<rss><channel><item><title>t</title></item></channel></rss>", {"item"}),
            R"({"rss":{"channel":{"item":[{"title":"t"}]}}})");
}

TEST(Xml, SaysWhatIsWrong) {
  EXPECT_THAT(converted("<a><b></a>"), testing::StartsWith("! "));
  EXPECT_THAT(converted(""), testing::StartsWith("! "));
  EXPECT_THAT(converted("<!-- x -->"), testing::StartsWith("! "));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_EQ(converted(deep), "! nested too deeply");
}

TEST(Xml, ExpandsNoEntitiesOfItsOwn) {
  EXPECT_EQ(converted("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>"), R"({"a":"&e;"})");
}

TEST(Xml, StaysLinearWithManyNames) {
  std::string many = "<a>";
  for (int i = 0; i < 100'000; ++i) many += "<b" + std::to_string(i) + "/>";
  EXPECT_TRUE(converted(many + "</a>").ends_with(R"("b99999":""}})"));
}

}  // namespace
}  // namespace sluice::compose::xml_test
