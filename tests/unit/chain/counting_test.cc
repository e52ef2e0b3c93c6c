// SPDX-License-Identifier: Apache-2.0
// What filters that count share, seen through one that does: who has which limits, and what a request costs.
#include "gateway/chain/counting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/consumer.h"
#include "gateway/chain/local_reply.h"
#include "gateway/net/sleep.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::counting_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;

struct FakeConfig : CountingConfig {
  bool operator==(const FakeConfig&) const = default;
};
void describe(config::Description<FakeConfig>& d) {
  d.about("fake_counting", "Counts.");
  describe_counting(d);
}

// Remembers what it was asked for.
class FakeCounting final : public CountingFilter {
 public:
  FakeCounting(const FakeConfig& c, Builder& builder)
      : CountingFilter(c, builder, base::Reason::rate_limited,
                       observe::Family::sluice_rate_limit_requests_total) {
    for (const char* name : {"", "gold", "staff"}) {
      Tier tier{name, std::string_view(name) == "staff", 50, {}, {}};
      tier.add(rate_field_texts(told_as(""), 50, 0, "50"));
      add(std::move(tier));
    }
  }
  using CountingFilter::told_as;
  mutable std::vector<Charge> taken, corrected;
  mutable stores::Taken answer{true, stores::Decider::store, 0, 7, 0, 0};
  bool waits = false;  // as for a store

 protected:
  base::Task<stores::Taken> take(Exchange& ex, Charge& charge) const override {
    taken.push_back(charge);
    if (waits) return later(ex);
    return answer;
  }
  base::Task<stores::Taken> correct(Exchange&, const Charge& charge) const override {
    corrected.push_back(charge);
    return stores::Taken{true, stores::Decider::store, 0, 3, 0, 0};
  }

 private:
  base::Task<stores::Taken> later(Exchange& ex) const {
    co_await net::sleep(ex.worker.loop, std::chrono::seconds(1));
    co_return ex.scope.cancelled() ? stores::Taken{false, stores::Decider::nobody} : answer;
  }
};

struct Counting {
  explicit Counting(std::string_view settings) {
    config::Diagnostics diagnostics;
    auto document = config::parse(std::string(settings), diagnostics);
    config::Names names;
    names.define("route", "route");
    auto config = config::bind<FakeConfig>(document, diagnostics, names);
    EXPECT_EQ(diagnostics.text(), "");
    filter = std::make_unique<FakeCounting>(config, builder);
    fake.ex.locals = locals;
  }
  Step ask() { return filter->on_request(fake.ex).await_resume(); }
  base::Task<void> wait(std::optional<Step>& came) {
    base::Task<Step> asking = filter->on_request(fake.ex);
    came = co_await asking;
  }
  std::string respond(std::string_view cost = {}) {
    if (!cost.empty()) fake.response().fields.set("X-Cost", cost);
    filter->on_response(fake.ex).await_resume();
    return test::lines(fake.response().fields);
  }
  std::int64_t cost() {
    ask();
    return filter->taken.back().cost;
  }

  test::FakeBuilder builder;
  std::unique_ptr<FakeCounting> filter;
  FakeExchange fake;
  void* locals[1] = {};
};

TEST(Counting, FindsTheTierByGroup) {
  Counting counting("{}");
  std::string_view groups[] = {"silver", "gold"};
  counting.fake.ex.identity.groups = groups;
  counting.ask();
  EXPECT_EQ(counting.filter->taken.back().tier, 1u);
}

TEST(Counting, FindsTheTierByConsumer) {
  Counting counting("{tier_by: consumer}");
  counting.fake.ex.identity.consumer = "gold";
  counting.ask();
  EXPECT_EQ(counting.filter->taken.back().tier, 1u);
  counting.fake.ex.identity.consumer = "somebody";
  counting.ask();
  EXPECT_EQ(counting.filter->taken.back().tier, 0u);
}

TEST(Counting, FindsTheTierByMetadataOfTheConsumer) {
  Counting counting("{tier_by: metadata.plan}");
  counting.ask();
  EXPECT_EQ(counting.filter->taken.back().tier, 0u);
  Metadatum metadata[] = {{"region", "staff"}, {"plan", "gold"}};
  Consumer consumer{"acme", {}, {}, metadata};
  counting.fake.ex.identity.entry = &consumer;
  counting.ask();
  EXPECT_EQ(counting.filter->taken.back().tier, 1u);
  metadata[1].text = "staff";  // unlimited
  counting.ask();
  EXPECT_EQ(counting.filter->taken.size(), 2u);
}

TEST(Counting, NamesItsPolicyWhereOthersCountToo) {
  test::FakeBuilder builder;
  FakeCounting alone({}, builder);
  EXPECT_EQ(alone.told_as(""), "default");
  EXPECT_EQ(alone.told_as("10/s"), "10/s");

  builder.apart = "few";
  FakeCounting among_others({}, builder);
  EXPECT_EQ(among_others.told_as(""), "few");
  EXPECT_EQ(among_others.told_as("10/s"), "few:10/s");
}

TEST(Counting, ChargesByTheRoute) {
  EXPECT_EQ(Counting("{cost: 3}").cost(), 3);
  EXPECT_EQ(Counting("{cost: {default: 3, routes: {route: 5}}}").cost(), 5);
}

TEST(Counting, ChargesByARequestHeader) {
  auto cost = [](std::string_view value) {
    Counting counting("{cost: {request_header: X-Cost, default: 3}}");
    if (!value.empty()) counting.fake.request().fields.add("X-Cost", value);
    return counting.cost();
  };
  EXPECT_EQ(cost("12"), 12);
  EXPECT_EQ(cost(""), 3);
  EXPECT_EQ(cost("a lot"), 3);
  EXPECT_EQ(cost("-4"), 3);
  EXPECT_EQ(cost("0"), 1);
  EXPECT_EQ(cost("4000"), 50);  // a whole limit at the most
  EXPECT_EQ(cost("99999999999999999999999"), 3);
}

std::int64_t cost_of_body(std::string_view settings, std::size_t size) {
  Counting counting(settings);
  std::string text(size, 'x');
  counting.fake.ex.request_body = http::make_body<http::TextBody>(counting.fake.ex.arena, text);
  return counting.cost();
}

TEST(Counting, ChargesBodiesByWhatTheyAnnounce) {
  EXPECT_EQ(Counting("{cost: {body: 1KiB}}").cost(), 1) << "there is none";
  EXPECT_EQ(cost_of_body("{cost: {body: 1KiB}}", 1), 2);
  EXPECT_EQ(cost_of_body("{cost: {body: 1KiB}}", 1024), 2);
  EXPECT_EQ(cost_of_body("{cost: {body: 1KiB}}", 1025), 3);
  EXPECT_EQ(cost_of_body("{cost: {body: 1KiB, default: 5}}", 2048), 7);
  EXPECT_EQ(cost_of_body("{cost: {body: 1B}}", 4000), 50) << "a whole limit at the most";
}

// As one that comes in chunks.
class Unannounced final : public http::Body {
 public:
  explicit Unannounced(std::string_view text) : text_(text) {}
  base::Task<base::Result<http::Piece>> read(std::size_t at_most) override { return text_.read(at_most); }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  http::TextBody text_;
};

struct Passing : Counting {
  Passing(std::string_view settings, std::size_t size) : Counting(settings), text(size, 'x') {
    fake.ex.request_body = http::make_body<Unannounced>(fake.ex.arena, text);
    ask();
  }
  // Reads so many pieces of 16 KiB.
  void pass(int pieces) {
    for (int i = 0; i < pieces; ++i) (void)fake.ex.request_body->read(16 << 10).await_resume();
  }
  std::vector<std::int64_t> corrections() const {
    std::vector<std::int64_t> out;
    for (const auto& charge : filter->corrected) out.push_back(charge.cost);
    return out;
  }
  std::string text;
};

TEST(Counting, ChargesABodyThatIsNotAnnouncedWhenItHasPassed) {
  Passing passing("{cost: {body: 10KiB, default: 2}}", 33 << 10);
  EXPECT_EQ(passing.filter->taken.back().cost, 2);
  passing.pass(2);
  EXPECT_THAT(passing.corrections(), testing::IsEmpty());
  passing.pass(1);

  EXPECT_THAT(passing.corrections(), testing::ElementsAre(4));
  EXPECT_THAT(passing.respond(), HasSubstr("r=3;")) << "what is told is what is left afterwards";
}

TEST(Counting, ChargesABodyWhereItsRequestWasCharged) {
  for (auto decider : {stores::Decider::store, stores::Decider::local, stores::Decider::nobody}) {
    Counting counting("{cost: {body: 10KiB}}");
    counting.filter->answer.decider = decider;
    counting.fake.ex.request_body = http::make_body<Unannounced>(counting.fake.ex.arena, "text");
    counting.ask();
    (void)counting.fake.ex.request_body->read(100).await_resume();

    bool counted = decider != stores::Decider::nobody;
    ASSERT_EQ(counting.filter->corrected.size(), counted ? 1u : 0u);
    if (!counted) continue;
    EXPECT_EQ(counting.filter->corrected[0].local, decider == stores::Decider::local);
  }
}

TEST(Counting, ChargesALongBodyOnItsWay) {
  Passing passing("{cost: {body: 32KiB}}", 1 << 20);
  passing.pass(4);
  EXPECT_THAT(passing.corrections(), testing::ElementsAre(2));
  passing.pass(4);
  EXPECT_THAT(passing.corrections(), testing::ElementsAre(2, 2));
}

TEST(Counting, ChargesABodyNoMoreThanAWholeLimit) {
  Passing passing("{cost: {body: 1KiB, default: 3}}", 1 << 20);
  passing.pass(64);
  EXPECT_THAT(passing.corrections(), testing::ElementsAre(47));
}

TEST(Counting, DoesNotChargeABodyWhenTheResponseHasSaidTheCost) {
  Passing passing("{cost: {body: 32KiB, response_header: X-Cost}}", 1 << 20);
  passing.pass(4);
  passing.respond("9");
  passing.pass(60);
  EXPECT_THAT(passing.corrections(), testing::ElementsAre(2, 6));
}

TEST(Counting, LeavesBodiesAloneThatCostNothing) {
  Passing passing("{cost: {response_header: X-Cost}}", 1 << 20);
  passing.pass(64);
  EXPECT_THAT(passing.corrections(), testing::IsEmpty());
}

TEST(Counting, CorrectsByAResponseHeader) {
  Counting counting("{cost: {response_header: X-Cost, default: 3}}");
  EXPECT_EQ(counting.cost(), 3);
  EXPECT_THAT(counting.respond("10"), HasSubstr("RateLimit: \"default\";r=3;"));
  ASSERT_EQ(counting.filter->corrected.size(), 1u);
  EXPECT_EQ(counting.filter->corrected[0].cost, 7);
}

TEST(Counting, GivesBackWhatWasNotUsed) {
  Counting counting("{cost: {response_header: X-Cost, default: 3}}");
  counting.ask();
  counting.respond("0");
  EXPECT_EQ(counting.filter->corrected.at(0).cost, -3);
}

TEST(Counting, LeavesItAtTheUsualCostWithoutANumber) {
  for (const char* value : {"", "unknown", "3"}) {
    Counting counting("{cost: {response_header: X-Cost, default: 3}}");
    counting.ask();
    EXPECT_THAT(counting.respond(value), HasSubstr("r=7;"));
    EXPECT_TRUE(counting.filter->corrected.empty());
  }
}

TEST(Counting, SaysThatNobodyHasCountedWhereTheStoreDoesNotAnswer) {
  Counting counting("{}");
  counting.filter->answer = {false, stores::Decider::nobody, 0, 0, 1};

  EXPECT_EQ(counting.ask(), Step::replied);

  EXPECT_EQ(counting.fake.ex.detail, "the store of the limit does not answer");
  EXPECT_THAT(counting.fake.body(), testing::Not(HasSubstr("violated-policies")));
  EXPECT_EQ(counting.fake.response().status, 429);
  EXPECT_THAT(counting.respond(),
              testing::AllOf(HasSubstr("Retry-After: 1\n"), testing::Not(HasSubstr("RateLimit"))));
}

TEST(Counting, DoesNotCorrectWhatWasRefused) {
  Counting counting("{cost: {response_header: X-Cost}}");
  counting.filter->answer.allowed = false;
  EXPECT_EQ(counting.ask(), Step::replied);
  counting.respond("10");
  EXPECT_TRUE(counting.filter->corrected.empty());
}

TEST(Counting, GivesBackWhatAnotherLimitRefuses) {
  for (auto reason : {base::Reason::rate_limited, base::Reason::concurrency, base::Reason::validation}) {
    Counting counting("{cost: 3}");
    counting.ask();
    counting.fake.ex.refused_by_limit = true;
    make_local_reply(counting.fake.ex, reason);
    EXPECT_THAT(counting.respond(), HasSubstr("RateLimit: \"default\";r=3;"));
    counting.respond();  // of what replaced the answer

    ASSERT_EQ(counting.filter->corrected.size(), 1u);
    EXPECT_EQ(counting.filter->corrected[0].cost, -3);
  }
}

TEST(Counting, GivesBackWhatTheBodyHasCostUntilThen) {
  Passing passing("{cost: {body: 32KiB}}", 1 << 20);
  passing.pass(4);
  passing.fake.ex.refused_by_limit = true;
  make_local_reply(passing.fake.ex, base::Reason::quota);
  passing.respond();
  passing.pass(60);
  EXPECT_THAT(passing.corrections(), testing::ElementsAre(2, -3));
}

TEST(Counting, NotesThatALimitHasRefused) {
  Counting refused("{}"), without_store("{}"), without_key("{by: header.X-Key, missing: reject}"),
      passes("{}");
  refused.filter->answer.allowed = false;
  without_store.filter->answer = {false, stores::Decider::nobody, 0, 0, 0, 0};
  for (Counting* counting : {&refused, &without_store, &without_key}) {
    EXPECT_EQ(counting->ask(), Step::replied);
    EXPECT_TRUE(counting->fake.ex.refused_by_limit);
  }
  EXPECT_EQ(passes.ask(), Step::next);
  EXPECT_FALSE(passes.fake.ex.refused_by_limit);
}

TEST(Counting, KeepsTheChargeOfWhatSomethingElseRefuses) {
  Counting counting("{cost: {response_header: X-Cost, default: 3}}");
  counting.ask();
  make_local_reply(counting.fake.ex, base::Reason::validation);
  counting.respond("10");
  EXPECT_TRUE(counting.filter->corrected.empty());
}

// A response whose body tells the cost, read in pieces of seven bytes.
struct Priced : Passing {
  explicit Priced(std::string_view more = "", std::size_t size = 0)
      : Passing("{cost: {response_json: usage.total_tokens, default: 3" + std::string(more) + "}}", size) {}
  void begin(std::string_view type, http::BodyPtr body) {
    fake.response().fields.set("Content-Type", type);
    fake.ex.response_body = std::move(body);
    respond();
  }
  std::vector<std::int64_t> answer(std::string_view type, std::string_view body) {
    begin(type, http::make_body<Unannounced>(fake.ex.arena, body));
    std::string got;
    for (bool last = false; !last;) {
      auto piece = fake.ex.response_body->read(7).await_resume();
      got.append(piece->bytes.data(), piece->bytes.size());
      last = piece->last;
    }
    EXPECT_EQ(got, body);
    return corrections();
  }
};

constexpr std::string_view kPriced = R"({"choices": [], "usage": {"total_tokens": 12}})";
using testing::ElementsAre;

TEST(Counting, CorrectsByANumberInAResponseOfJson) {
  EXPECT_THAT(Priced().answer("application/json", kPriced), ElementsAre(9));
  EXPECT_THAT(Priced().answer("application/problem+json; charset=utf-8", kPriced), ElementsAre(9));
  EXPECT_THAT(Priced().answer("application/json", R"({"usage": {"total_tokens": 0}})"), ElementsAre(-3));
  EXPECT_THAT(Priced().answer("application/json", R"({"usage": {"total_tokens": 4000}})"), ElementsAre(47))
      << "a whole limit at the most";
}

TEST(Counting, CorrectsByTheLastNumberOfAStreamOfEvents) {
  EXPECT_THAT(Priced().answer("text/event-stream",
                              "data: {\"text\": \"a\", \"usage\": null}\n\n"
                              "data: {\"usage\": {\"total_tokens\": 5}}\n\n"
                              "data: {\"usage\": {\"total_tokens\": 5}}\n\n"
                              "data: {\"usage\": {\"total_tokens\": 20}}\n\ndata: [DONE]\n\n"),
              ElementsAre(2, 15));
}

TEST(Counting, CorrectsByTheLastNumberOfLinesOfJson) {
  EXPECT_THAT(Priced().answer("application/x-ndjson",
                              "{\"text\": \"a\", \"usage\": {\"total_tokens\": 5\n"  // cut off
                              "{\"usage\": {\"total_tokens\": 20}}\n"),
              ElementsAre(17));
}

// The text of an event that says the cost, in a piece of its own each time; after as many as are said it ends,
// or breaks off.
class RunningCost final : public http::Body {
 public:
  RunningCost(int pieces, bool breaks_off) : pieces_(pieces), breaks_off_(breaks_off) {}
  base::Task<base::Result<http::Piece>> read(std::size_t) override {
    ++cost_;
    if (cost_ > pieces_ && breaks_off_)
      return base::Result<http::Piece>(base::fail(base::Reason::response_invalid));
    text_ = "data: {\"usage\": {\"total_tokens\": " + std::to_string(cost_) + "}}\n\n";
    return base::Result<http::Piece>(http::Piece{text_, cost_ > pieces_, nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  int pieces_;
  bool breaks_off_;
  int cost_ = 10;
  std::string text_;
};

TEST(Counting, CorrectsByARunningNumberOnceASecondAndAtTheEnd) {
  using namespace std::chrono_literals;
  for (bool breaks_off : {false, true}) {
    Priced priced;
    priced.begin("text/event-stream", http::make_body<RunningCost>(priced.fake.ex.arena, 18, breaks_off));
    auto read = [&] { return priced.fake.ex.response_body->read(100).await_resume().has_value(); };
    auto pass = [&](base::Duration time) {
      priced.fake.clock.advance(time);
      priced.fake.loop.run_once(base::Duration::zero());
    };

    EXPECT_TRUE(read());  // 11
    EXPECT_THAT(priced.corrections(), ElementsAre(8)) << "the first one counts at once";
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(read());  // up to 15
    pass(999ms);
    EXPECT_TRUE(read());  // 16
    EXPECT_THAT(priced.corrections(), ElementsAre(8));
    pass(1ms);
    EXPECT_TRUE(read());  // 17
    EXPECT_TRUE(read());  // 18
    EXPECT_THAT(priced.corrections(), ElementsAre(8, 6));

    EXPECT_EQ(read(), !breaks_off);  // 19, if it comes
    EXPECT_THAT(priced.corrections(), ElementsAre(8, 6, breaks_off ? 1 : 2));
  }
}

TEST(Counting, LeavesItAtTheUsualCostWhereTheBodyDoesNotSayIt) {
  EXPECT_THAT(Priced().answer("application/json", "{}"), ElementsAre());
  EXPECT_THAT(Priced().answer("application/json", R"({"usage": {"total_tokens": "12"}})"), ElementsAre());
  EXPECT_THAT(Priced().answer("application/json", R"({"usage": {"total_tokens": 3}})"), ElementsAre());
  EXPECT_THAT(Priced().answer("text/plain", kPriced), ElementsAre());
  Priced compressed, local, refused;
  compressed.fake.response().fields.set("Content-Encoding", "gzip");
  EXPECT_THAT(compressed.answer("application/json", kPriced), ElementsAre());
  local.fake.ex.answered_locally = true;
  EXPECT_THAT(local.answer("application/json", kPriced), ElementsAre());
  refused.filter->answer.allowed = false;
  refused.fake.ex.locals[0] = nullptr;
  EXPECT_EQ(refused.ask(), Step::replied);
  EXPECT_THAT(refused.answer("application/json", kPriced), ElementsAre());
}

TEST(Counting, KeepsAcceptEncodingFromAServiceWhoseBodySaysTheCost) {
  auto sent = [](std::string_view settings, stores::Decider decider) {
    Counting counting(settings);
    counting.filter->answer.decider = decider;
    counting.fake.request().fields.add("Accept-Encoding", "gzip");
    EXPECT_EQ(counting.ask(), Step::next);
    return test::lines(counting.fake.request().fields);
  };
  const std::string_view priced = "{cost: {response_json: usage.total_tokens}}";
  EXPECT_EQ(sent(priced, stores::Decider::store), "");
  EXPECT_EQ(sent(priced, stores::Decider::nobody), "Accept-Encoding: gzip\n") << "it costs nothing";
  EXPECT_EQ(sent("{cost: {response_header: X-Cost}}", stores::Decider::store), "Accept-Encoding: gzip\n");
}

TEST(Counting, DoesNotChargeABodyWhenTheBodyOfTheResponseHasSaidTheCost) {
  Priced passing(", body: 32KiB", 1 << 20);
  passing.pass(4);
  EXPECT_THAT(passing.answer("application/json", kPriced), ElementsAre(2, 7));
  passing.pass(60);
  EXPECT_THAT(passing.corrections(), ElementsAre(2, 7));
}

TEST(Counting, TakesNamesWithDotsBetweenThemForTheWayToTheCost) {
  auto problems = [](const std::string& way) {
    config::Diagnostics diagnostics;
    auto document = config::parse("{cost: {response_json: '" + way + "'}}", diagnostics);
    config::Names names;
    config::bind<FakeConfig>(document, diagnostics, names);
    return diagnostics.text();
  };
  EXPECT_EQ(problems("usage.total_tokens"), "");
  for (const char* way : {".a", "a.", "a..b", "a[0]", "[]"})
    EXPECT_THAT(problems(way), HasSubstr("must be names with dots between them")) << way;
}

TEST(Counting, DoesNotTakeAClientThatLeftForOneThatWasRefused) {
  for (const char* settings : {"{}", "{dry_run: true}"}) {
    Counting counting(settings);
    counting.filter->waits = true;
    std::optional<Step> came;
    counting.fake.run(counting.wait(came));

    counting.fake.ex.scope.cancel(base::Reason::client_closed);
    counting.fake.loop.run_once(base::Duration::zero());

    EXPECT_EQ(came, Step::replied);
    EXPECT_EQ(counting.fake.ex.reason, base::Reason::client_closed);
    EXPECT_EQ(counting.fake.ex.detail, "");
    EXPECT_EQ(counting.respond().find("RateLimit"), std::string::npos);
  }
}

TEST(Counting, OnlyNotesInADryRunThatAPartOfTheKeyIsMissing) {
  Counting counting("{dry_run: true, by: header.X-Key, missing: reject}");
  EXPECT_EQ(counting.ask(), Step::next);
  EXPECT_EQ(counting.fake.ex.detail, "dry run: policy would have refused");
  EXPECT_TRUE(counting.filter->taken.empty());

  Counting skipping("{dry_run: true, by: header.X-Key, missing: skip}");
  EXPECT_EQ(skipping.ask(), Step::next);
  EXPECT_EQ(skipping.fake.ex.detail, "");
}

TEST(Counting, CorrectsInADryRunToo) {
  Counting counting("{dry_run: true, cost: {response_header: X-Cost}}");
  counting.ask();
  EXPECT_EQ(counting.respond("10"), "X-Cost: 10\n");
  EXPECT_EQ(counting.filter->corrected.size(), 1u);
}

}  // namespace
}  // namespace sluice::chain::counting_test
