// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/key_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/support/signer.h"

namespace sluice::server::key_sources_test {
namespace {

using namespace std::chrono_literals;
using test::Signer;
using testing::HasSubstr;

class KeySourcesTest : public testing::Test {
 protected:
  struct Asked {
    std::string url;
    FetchDone done;
    std::weak_ptr<void> hold;
  };
  struct Timer {
    std::chrono::seconds in;
    std::function<void()> then;
    std::weak_ptr<void> hold;
  };

  KeySources::World world() {
    KeySources::World out;
    out.fetch = [this](const upstream::WebUrl& url, const std::string&, FetchDone done) {
      auto hold = std::make_shared<int>();
      asked_.push_back({url.text(), std::move(done), hold});
      return std::static_pointer_cast<void>(hold);
    };
    out.later = [this](std::chrono::seconds in, std::function<void()> then) {
      auto hold = std::make_shared<int>();
      timers_.push_back({in, std::move(then), hold});
      return std::static_pointer_cast<void>(hold);
    };
    out.now = [this] { return now_; };
    out.post = [](std::function<void()> fn) { fn(); };
    return out;
  }
  chain::KeyAddress address(std::string_view url = "https://idp/keys", bool discovery = false) const {
    return {"https://idp", *upstream::parse_web_url(url), discovery, false, ""};
  }
  // Answers the last question.
  void answer(std::string body, std::string cache_control = "") {
    auto done = asked_.back().done;
    done(Fetched{std::move(body), std::move(cache_control), ""});
  }
  void fail(std::string why) {
    auto done = asked_.back().done;
    done(base::fail(base::Reason::internal, std::move(why)));
  }
  // The timer that counts, and its time is over.
  std::chrono::seconds next() const { return timers_.back().in; }
  void expire() {
    now_ += timers_.back().in;
    auto timer = timers_.back();
    if (!timer.hold.expired()) timer.then();
  }

  std::deque<Asked> asked_;
  std::deque<Timer> timers_;
  base::SteadyTime now_{1000h};
  Signer first_{"ES256", "a"}, second_{"ES256", "b"};
  KeySources sources_{world()};
};

TEST_F(KeySourcesTest, FetchesBeforeTheFirstUse) {
  auto source = sources_.of(address());
  EXPECT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_[0].url, "https://idp/keys");
  EXPECT_EQ(sources_.unanswered(), 1u);

  answer(first_.jwks());

  EXPECT_TRUE(source->view().keys->knows("a"));
  EXPECT_EQ(sources_.unanswered(), 0u);
}

TEST_F(KeySourcesTest, FindsASourceAgainByItsAddress) {
  auto source = sources_.of(address());

  EXPECT_EQ(sources_.of(address()), source);
  EXPECT_NE(sources_.of(address("https://idp/other")), source);
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(KeySourcesTest, RefreshesAsCacheControlSays) {
  auto source = sources_.of(address());
  answer(first_.jwks(), "public, max-age=300");
  EXPECT_EQ(next(), 300s);

  expire();

  EXPECT_EQ(asked_.size(), 2u);
  answer(second_.jwks());
  EXPECT_EQ(next(), 600s);
  EXPECT_TRUE(source->view().keys->knows("b"));
  EXPECT_FALSE(source->view().keys->knows("a"));  // it is gone, so its tokens are not good any more
}

TEST(KeySourcesFreshness, IsBetweenAMinuteAndAnHour) {
  EXPECT_EQ(KeySources::freshness("", ""), 600s);
  EXPECT_EQ(KeySources::freshness("public", ""), 600s);
  EXPECT_EQ(KeySources::freshness("max-age=5", ""), 60s);
  EXPECT_EQ(KeySources::freshness("max-age=86400", ""), 3600s);
  EXPECT_EQ(KeySources::freshness("max-age=99999999999999999999", ""), 600s);
  EXPECT_EQ(KeySources::freshness("MAX-AGE=1000", "400"), 600s);
  EXPECT_EQ(KeySources::freshness("max-age=1000", "5000"), 60s);
  EXPECT_EQ(KeySources::freshness("no-store, max-age=1000", ""), 60s);
  EXPECT_EQ(KeySources::freshness("no-cache", ""), 60s);
}

TEST_F(KeySourcesTest, KeepsTheLastGoodKeysAndTriesAgainLessAndLess) {
  auto source = sources_.of(address());
  answer(first_.jwks());
  auto version = source->version();
  expire();

  std::vector<long> waits;
  for (int i = 0; i < 7; ++i) {
    fail("does not answer in time");
    waits.push_back(next().count());
    expire();
  }

  EXPECT_EQ(waits, (std::vector<long>{10, 20, 40, 80, 160, 300, 300}));
  EXPECT_TRUE(source->view().keys->knows("a"));
  EXPECT_EQ(source->version(), version);
  EXPECT_THAT(source->view().failure, HasSubstr("https://idp/keys does not answer in time"));
  answer(first_.jwks());
  EXPECT_EQ(source->view().failure, "");
  EXPECT_EQ(source->version(), version);  // the same keys
}

TEST_F(KeySourcesTest, TriesSoonWhileThereAreNoKeysAtAll) {
  auto source = sources_.of(address());

  std::vector<long> waits;
  for (int i = 0; i < 7; ++i) {
    fail("cannot be asked");
    waits.push_back(next().count());
    expire();
  }

  EXPECT_EQ(waits, (std::vector<long>{1, 2, 4, 8, 16, 30, 30}));
  EXPECT_EQ(source->view().keys, nullptr);
}

TEST_F(KeySourcesTest, BelievesNoBadSet) {
  auto source = sources_.of(address());
  answer(first_.jwks());
  for (std::string bad : {"<html>", "{\"keys\":[]}", "", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"}) {
    expire();
    answer(bad);
    EXPECT_NE(source->view().failure, "") << bad;
    EXPECT_TRUE(source->view().keys->knows("a")) << bad;
  }
}

TEST_F(KeySourcesTest, AreAskedForAnUnknownKeyOnceInTenSeconds) {
  auto source = sources_.of(address());
  answer(first_.jwks());
  now_ += 30s;
  int told = 0;

  for (int i = 0; i < 5; ++i) source->ask([&] { ++told; });
  EXPECT_EQ(asked_.size(), 2u);  // in single flight
  EXPECT_EQ(told, 0);
  answer(second_.jwks());
  EXPECT_EQ(told, 5);

  EXPECT_FALSE(source->may_ask(now_));
  source->ask([&] { ++told; });  // who asks nevertheless is told at once that there is nothing new
  EXPECT_EQ(told, 6);
  EXPECT_EQ(asked_.size(), 2u);

  now_ += 10s;
  EXPECT_TRUE(source->may_ask(now_));
  source->ask([&] { ++told; });
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(KeySourcesTest, TellThoseWhoWaitForTheFirstKeysWhenThereAreNone) {
  auto source = sources_.of(address());
  int told = 0;
  source->ask([&] { ++told; });
  EXPECT_EQ(asked_.size(), 1u);

  fail("cannot be asked: Connection refused");

  EXPECT_EQ(told, 1);
  EXPECT_FALSE(source->may_ask(now_ + 9s));
}

TEST_F(KeySourcesTest, FindTheKeysByDiscovery) {
  auto source = sources_.of(address("https://idp/.well-known/openid-configuration", true));
  EXPECT_EQ(asked_.back().url, "https://idp/.well-known/openid-configuration");

  answer(
      R"({"issuer":"https://idp","jwks_uri":"https://keys.idp/set","token_endpoint":"https://idp/token"})");
  EXPECT_EQ(asked_.back().url, "https://keys.idp/set");
  EXPECT_EQ(sources_.unanswered(), 1u);
  answer(first_.jwks());

  EXPECT_TRUE(source->view().keys->knows("a"));
  EXPECT_EQ(source->view().metadata->token_endpoint, "https://idp/token");
}

TEST_F(KeySourcesTest, HaveNoMetadataOfAKeySetAlone) {
  auto source = sources_.of(address());
  answer(first_.jwks());
  EXPECT_EQ(source->view().metadata, nullptr);
}

TEST_F(KeySourcesTest, BelieveNoMetadataOfAnotherIssuerOrWithoutHttps) {
  auto source = sources_.of(address("https://idp/.well-known/openid-configuration", true));
  auto why = [&](std::string metadata) {
    answer(std::move(metadata));
    std::string out = source->view().failure;
    expire();
    return out;
  };

  EXPECT_THAT(why(R"({"issuer":"https://evil","jwks_uri":"https://evil/set"})"),
              HasSubstr("of another issuer"));
  EXPECT_THAT(why(R"({"issuer":"https://idp","jwks_uri":"http://idp/set"})"), HasSubstr("without https"));
  EXPECT_THAT(why(R"({"issuer":"https://idp"})"), HasSubstr("no `jwks_uri`"));
  EXPECT_THAT(why("<html>"), HasSubstr("not JSON"));
}

TEST_F(KeySourcesTest, ForgetWhatNobodyUses) {
  auto source = sources_.of(address());
  answer(first_.jwks());

  source.reset();

  EXPECT_TRUE(sources_.report().empty());
  EXPECT_TRUE(timers_.back().hold.expired());
}

TEST_F(KeySourcesTest, MayBeGoneBeforeTheirSources) {
  auto sources = std::make_unique<KeySources>(world());
  auto source = sources->of(address());
  sources.reset();

  source->ask([] {});

  EXPECT_EQ(source->view().keys, nullptr);
}

TEST_F(KeySourcesTest, ReportAgeAndResults) {
  auto source = sources_.of(address());
  answer(first_.jwks());
  now_ += 90s;
  source->ask([] {});
  fail("does not answer");

  auto report = sources_.report();

  ASSERT_EQ(report.size(), 1u);
  EXPECT_EQ(report[0].issuer, "https://idp");
  EXPECT_EQ(report[0].age, 90);
  EXPECT_EQ(report[0].good, 1u);
  EXPECT_EQ(report[0].bad, 1u);
}

}  // namespace
}  // namespace sluice::server::key_sources_test
