// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::json_limits_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;

// What the upstream gets to read, or "<STATUS REASON>" of a refusal before that. Several lines of
// Content-Type stand in `type` with "|" between them.
std::string passed(std::string_view settings, std::string_view body,
                   std::string_view type = "application/json", std::string_view coding = {}) {
  auto built = test::filter("json_limits: " + std::string(settings));
  EXPECT_THAT(built.problems, IsEmpty());
  FakeExchange fake("/", "POST");
  for (std::size_t bar; !type.empty(); type.remove_prefix(std::min(bar, type.size() - 1) + 1)) {
    bar = type.find('|');
    fake.request().fields.add(http::FieldId::content_type, type.substr(0, bar));
  }
  if (!coding.empty()) fake.request().fields.add(http::FieldId::content_encoding, coding);
  fake.stream.will_send(body);
  fake.ex.request_body = fake.stream.take_body();
  if (built.get().on_request(fake.ex).await_resume() == chain::Step::replied)
    return "<" + std::to_string(fake.response().status) + " " + std::string(base::row(fake.ex.reason).name) +
           ">";
  return fake.ex.request_body ? test::drained(*fake.ex.request_body) : "";
}

TEST(JsonLimits, LetsPassWhatIsWithinThem) {
  constexpr std::string_view kBody = R"({"a": [1, 2, {"b": "x"}]})";
  EXPECT_EQ(passed("{depth: 3}", kBody), kBody);
  EXPECT_EQ(passed("{}", kBody, "application/problem+json; charset=utf-8"), kBody);
  EXPECT_EQ(passed("{}", ""), "");
}

TEST(JsonLimits, BreaksOffWhatExceedsThem) {
  EXPECT_THAT(passed("{depth: 2}", R"({"a": [1, 2, {"b": "x"}]})"), HasSubstr("<error validation>"));
  EXPECT_THAT(passed("{members: 2}", "[1,2,3]"), HasSubstr("<error validation>"));
  EXPECT_THAT(passed("{string: 2B}", R"(["abc"])"), HasSubstr("<error validation>"));
  EXPECT_THAT(passed("{key: 2B}", R"({"abc": 1})"), HasSubstr("<error validation>"));
  EXPECT_THAT(passed("{values: 2}", "[1,2]"), HasSubstr("<error validation>"));
}

TEST(JsonLimits, NeverLetsTheEndOfBrokenJsonPass) {
  EXPECT_THAT(passed("{}", "{\"a\": 1"), HasSubstr("<error validation>"));
  EXPECT_THAT(passed("{}", "// no\n{}"), HasSubstr("<error validation>"));
}

// All of its bytes at once, of a length that was announced; that they were the last ones it says later.
class EndsLater final : public http::Body {
 public:
  explicit EndsLater(std::string_view text) : text_(text) {}
  base::Task<base::Result<http::Piece>> read(std::size_t) override {
    std::string_view text = std::exchange(text_, {});
    return base::Result<http::Piece>(http::Piece{{text.data(), text.size()}, text.empty(), nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return text_.size(); }

 private:
  std::string_view text_;
};

TEST(JsonLimits, JudgeAnAnnouncedBodyWithItsLastByte) {
  auto first_piece = [](std::string_view text) {
    auto built = test::filter("json_limits: {}");
    FakeExchange fake("/", "POST");
    fake.request().fields.add(http::FieldId::content_type, "application/json");
    fake.ex.request_body = http::make_body<EndsLater>(fake.ex.arena, text);
    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
    return fake.ex.request_body->read(100).await_resume().has_value();
  };

  EXPECT_TRUE(first_piece("[1,2]"));
  EXPECT_FALSE(first_piece("[1,2"));
}

TEST(JsonLimits, TakesABodyOfNoBytesForNone) {
  auto built = test::filter("json_limits: {}");
  for (std::string_view text : {"", " "}) {
    FakeExchange fake("/", "POST");
    fake.request().fields.add(http::FieldId::content_type, "application/json");
    fake.ex.request_body = http::make_body<EndsLater>(fake.ex.arena, text);
    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
    EXPECT_EQ(fake.ex.request_body->read(100).await_resume().has_value(), text.empty());
  }
}

TEST(JsonLimits, RefusesWhatIsTooLongBeforeItIsRead) {
  EXPECT_EQ(passed("{size: 4B}", "[1,2]"), "<413 body_too_large>");
  EXPECT_EQ(passed("{size: 5B}", "[1,2]"), "[1,2]");
}

TEST(JsonLimits, RefusesWhatItCannotLookInto) {
  EXPECT_EQ(passed("{}", "xx", "application/json", "gzip"), "<400 validation>");
  EXPECT_EQ(passed("{}", "[]", "application/json", "Identity"), "[]");
}

TEST(JsonLimits, JudgesWhatSomebodyMayTakeForJson) {
  for (std::string_view type :
       {"text/plain|application/json", "application/json|text/plain", "text/plain, application/json",
        "text/plain;q=1 ,application/problem+json; charset=utf-8", ",application/json,"}) {
    EXPECT_THAT(passed("{}", "{\"a\": 1", type), HasSubstr("<error validation>")) << type;
    EXPECT_EQ(passed("{}", "[1]", type), "[1]") << type;
    EXPECT_EQ(passed("{other_types: refuse}", "[1]", type), "<400 validation>") << type;
  }
  EXPECT_EQ(passed("{other_types: refuse}", "[1]", "application/json|application/json"), "[1]");
  EXPECT_EQ(passed("{}", "a,b", "text/plain|text/csv, text/html"), "a,b");
}

TEST(JsonLimits, TreatsOtherTypesAsItIsTold) {
  EXPECT_EQ(passed("{}", "a=b", "application/x-www-form-urlencoded"), "a=b");
  EXPECT_EQ(passed("{other_types: refuse}", "a=b", "text/plain"), "<400 validation>");
  EXPECT_EQ(passed("{other_types: refuse}", "a=b", ""), "<400 validation>");
  EXPECT_EQ(passed("{other_types: judge}", "[1]", "text/plain"), "[1]");
  EXPECT_THAT(passed("{other_types: judge}", "a=b", "text/plain"), HasSubstr("<error validation>"));
}

}  // namespace
}  // namespace sluice::filters::json_limits_test
