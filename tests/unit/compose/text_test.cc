// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::compose::text_test {
namespace {

struct Calls final : CallNames, CallValues {
  std::optional<std::uint32_t> number(std::string_view name) const override {
    if (name == "user") return 0;
    if (name == "gone") return 1;
    return std::nullopt;
  }
  std::vector<std::string_view> all() const override { return {"user", "gone"}; }
  std::optional<std::string_view> value(std::uint32_t call) const override {
    ++asked;
    if (call == 1) return std::nullopt;
    return std::string_view(text).substr(0, text.size() - json::kPadding);
  }
  mutable std::size_t asked = 0;
  std::string text =
      R"({"id":12345678901234567890,"name":"Ann \"A\" /&?","tags":["x,y",2,null],"o":{"a":1},"n":null,)"
      R"("list":[{"id":1},{"id":"b c"}],"empty":""})" +
      std::string(json::kPadding, '\0');
};

class Rendered : public testing::Test {
 protected:
  std::string of(std::string_view text, CallText::Place place, bool lenient = false,
                 std::vector<std::string_view> each = {}, bool batch = false) {
    auto made = CallText::compile(text, place, calls, true);
    if (auto* fault = std::get_if<TextFault>(&made)) return "fault: " + fault->message;
    json::Output out;
    auto why = std::get<CallText>(made).render({fake.ex, calls, each, batch, lenient}, out);
    return why.empty() ? std::string(out.text()) : "! " + why;
  }
  std::string uri(std::string_view text) { return of(text, CallText::Place::uri); }
  std::string json(std::string_view text) { return of(text, CallText::Place::json); }

  Calls calls;
  test::FakeExchange fake{"/p?q=a%20b&x=1", "GET"};
};

TEST_F(Rendered, KeepsTheTextOfNumbers) { EXPECT_EQ(uri("/u/${user.id}"), "/u/12345678901234567890"); }

TEST_F(Rendered, EncodesValuesForAUrl) {
  EXPECT_EQ(uri("/u/${user.name}?n=${user.name}"),
            "/u/Ann%20%22A%22%20%2F%26%3F?n=Ann%20%22A%22%20%2F%26%3F");
  EXPECT_EQ(uri("/u?q=${query.q}"), "/u?q=a%20b");
  EXPECT_EQ(uri("/u?${request.query}"), "/u?q=a%20b&x=1");
}

TEST_F(Rendered, PutsListsWithCommas) {
  EXPECT_EQ(uri("/u?t=${user.tags}"), "/u?t=x%2Cy,2");
  EXPECT_EQ(uri("/u?t=${user.list[].id}"), "/u?t=1,b%20c");
}

TEST_F(Rendered, SaysWhatIsMissingOrDoesNotFit) {
  EXPECT_EQ(uri("/u/${user.nothing}"), "! there is no `${user.nothing}`");
  EXPECT_EQ(uri("/u/${user.n}"), "! there is no `${user.n}`");
  EXPECT_EQ(uri("/u/${gone.id}"), "! there is no `${gone.id}`");
  EXPECT_EQ(uri("/u/${user.o}"), "! `${user.o}` is an object");
  EXPECT_EQ(uri("/u/${user.empty}"), "! `${user.empty}` is empty");
  EXPECT_EQ(uri("/u/${header.x}"), "! `${header.x}` is empty");
  EXPECT_EQ(uri("/u?e=${user.empty}"), "/u?e=");
}

TEST_F(Rendered, PutsJsonIntoJson) {
  EXPECT_EQ(
      json(R"({"u":"${user.o}","t":"to ${user.name}","n":"${user.id}","m":"${request.method}","$${x}":1})"),
      R"({"u":{"a":1},"t":"to Ann \"A\" /&?","n":12345678901234567890,"m":"GET","${x}":1})");
  EXPECT_EQ(json(R"(["${user.list[].id}"])"), R"([[1,"b c"]])");
  EXPECT_EQ(json(R"({"${user.id}":"${user.id}","${user.list[].id}" : 1})"),
            R"({"12345678901234567890":12345678901234567890,"1,b c" : 1})");
  EXPECT_EQ(json(R"(["${gone}"])"), "! there is no `${gone}`");
  EXPECT_EQ(of(R"(["${gone}","x${gone}"])", CallText::Place::json, true), R"([null,"x"])");
}

TEST_F(Rendered, PutsTheValueAtHand) {
  EXPECT_EQ(of("/u/${each}", CallText::Place::uri, false, {"\"a b\""}), "/u/a%20b");
  EXPECT_EQ(of("/u?ids=${each}", CallText::Place::uri, false, {"1", "\"a,b\""}, true), "/u?ids=1,a%2Cb");
  EXPECT_EQ(of(R"({"ids":"${each}"})", CallText::Place::json, false, {"1", "\"b\""}, true),
            R"({"ids":[1,"b"]})");
  EXPECT_EQ(of(R"({"id":"${each}"})", CallText::Place::json, false, {"1"}), R"({"id":1})");
}

// However many values there are, the other call's is looked through once.
TEST_F(Rendered, LooksOnceForWhatIsTheSameForEachValue) {
  auto made =
      CallText::compile(R"({"of":"${user.o}","id":"${each}","n":"n ${user.id}","all":"${user.list[].id}"})",
                        CallText::Place::json, calls, true);
  auto missing = CallText::compile("/${each}/${gone.id}", CallText::Place::uri, calls, true);
  CallText::Kept kept;
  for (std::string_view value : {"1", "2", "\"c\""}) {
    std::vector<std::string_view> each{value};
    CallText::Given given{fake.ex, calls, each};
    given.kept = &kept;
    json::Output out, none;
    EXPECT_EQ(std::get<CallText>(made).render(given, out), "");
    EXPECT_EQ(out.text(), R"({"of":{"a":1},"id":)" + std::string(value) +
                              R"(,"n":"n 12345678901234567890","all":[1,"b c"]})");
    EXPECT_EQ(std::get<CallText>(missing).render(given, none), "there is no `${gone.id}`");
  }

  EXPECT_EQ(calls.asked, 4u);
}

TEST_F(Rendered, LeavesOtherDollarsAlone) { EXPECT_EQ(uri("/$x/$${y}"), "/$x/${y}"); }

}  // namespace
}  // namespace sluice::compose::text_test
