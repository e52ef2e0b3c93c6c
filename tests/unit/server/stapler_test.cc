// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/stapler.h"

#include <gmock/gmock.h>

#include "tests/support/certificates.h"

namespace sluice::server::stapler_test {
namespace {

using namespace std::chrono_literals;

class StaplerTest : public testing::Test {
 protected:
  // What the stapler asked for, and waits for; forgotten with its hold.
  template <class F>
  struct Pending {
    F call;
    std::chrono::seconds in{};
  };
  template <class F>
  static std::shared_ptr<void> hold(std::shared_ptr<Pending<F>>& slot, F call, std::chrono::seconds in = {}) {
    slot = std::make_shared<Pending<F>>(Pending<F>{std::move(call), in});
    return std::shared_ptr<void>(slot.get(), [&slot, which = slot](void*) {
      if (slot == which) slot.reset();
    });
  }

  std::shared_ptr<net::Staple> staple(const test::Issued& issued) {
    auto leaf = issued.load();
    return table_.of("a.pem", leaf.leaf.get(), issuer_.front().get(), *net::parse_responder("http://h/"));
  }
  void answer(base::Result<std::string> body) {
    ASSERT_TRUE(asked_);
    auto call = asked_->call;
    call(std::move(body));
  }
  void pass_the_wait() {
    ASSERT_TRUE(waits_);
    now_ += waits_->in.count();
    auto call = waits_->call;
    call();
  }
  base::Result<std::string> silence() {
    return base::fail(base::Reason::internal, "does not answer in time");
  }
  std::chrono::seconds wait() const { return waits_ ? waits_->in : -1s; }

  test::Authority authority_;
  std::vector<net::X509Ptr> issuer_ = authority_.load();
  test::Issued issued_ = authority_.issue();
  StapleTable table_;
  std::time_t now_ = std::time(nullptr);
  int good_ = 0, bad_ = 0, questions_ = 0;
  std::shared_ptr<Pending<Stapler::Done>> asked_;
  std::shared_ptr<Pending<std::function<void()>>> waits_;
  std::shared_ptr<net::Staple> staple_ = staple(issued_);
  Stapler stapler_{{
      [this](const net::Staple&, Stapler::Done done) { return ++questions_, hold(asked_, std::move(done)); },
      [this](std::chrono::seconds in, std::function<void()> then) {
        return hold(waits_, std::move(then), in);
      },
      [this] { return now_; },
      [this](bool good) { ++(good ? good_ : bad_); },
  }};
};

TEST_F(StaplerTest, AsksAtOnceAndAgainAtHalfOfTheTime) {
  stapler_.use({staple_});
  EXPECT_EQ(staple_->answer(now_), nullptr);
  auto der = authority_.vouch(issued_, {.ends = 2000});
  answer(der);

  EXPECT_EQ(staple_->answer(now_)->der, der);
  EXPECT_NEAR(static_cast<double>(wait().count()), 1000, 20);
  pass_the_wait();
  EXPECT_EQ(questions_, 2);
  EXPECT_EQ(good_, 1);
}

TEST_F(StaplerTest, AsksNeitherTooOftenNorTooRarely) {
  EXPECT_EQ(Stapler::renewal(1000, 990), 1min);
  EXPECT_EQ(Stapler::renewal(1000, 1000), 1min);
  EXPECT_EQ(Stapler::renewal(10'000'000, 0), 12h);
  EXPECT_EQ(Stapler::renewal(7200, 0), 1h);
}

TEST_F(StaplerTest, WaitsLongerAfterEachFailure) {
  stapler_.use({staple_});
  std::vector<std::chrono::seconds> waits;
  for (int i = 0; i < 8; ++i) {
    answer(silence());
    waits.push_back(wait());
    pass_the_wait();
  }

  EXPECT_THAT(waits, testing::ElementsAre(1min, 2min, 4min, 8min, 16min, 32min, 1h, 1h));
  EXPECT_EQ(bad_, 8);
  answer(authority_.vouch(issued_));
  pass_the_wait();
  answer(silence());
  EXPECT_EQ(wait(), 1min) << "counted from the last success";
}

TEST_F(StaplerTest, KeepsTheLastGoodAnswerUntilItExpires) {
  stapler_.use({staple_});
  auto der = authority_.vouch(issued_, {.ends = 5000});
  answer(der);

  for (auto bad :
       {authority_.vouch(issued_, {.revoked = true}), authority_.vouch(authority_.issue()),
        authority_.vouch(issued_, {}, test::Authority("Stranger").own()), std::string("garbage")}) {
    pass_the_wait();
    answer(bad);
  }

  EXPECT_EQ(bad_, 4);
  ASSERT_TRUE(staple_->answer(now_));
  EXPECT_EQ(staple_->answer(now_)->der, der);
  EXPECT_EQ(staple_->answer(now_ + 5000), nullptr);
}

TEST_F(StaplerTest, SaysEachCauseOnce) {
  auto said = [&](base::Result<std::string> body) {
    testing::internal::CaptureStderr();
    answer(std::move(body));
    auto text = testing::internal::GetCapturedStderr();
    pass_the_wait();
    return text;
  };
  stapler_.use({staple_});

  EXPECT_THAT(said(silence()),
              testing::HasSubstr("a.pem: no new OCSP answer to staple: http://h/ does not answer"));
  EXPECT_EQ(said(silence()), "");
  EXPECT_THAT(said(authority_.vouch(issued_, {.revoked = true})), testing::HasSubstr("is revoked"));
  EXPECT_THAT(said(authority_.vouch(issued_)), testing::HasSubstr("come again"));
  EXPECT_THAT(said(silence()), testing::HasSubstr("does not answer"));
}

TEST_F(StaplerTest, SaysWhenTheCertificateIsWorthNothingWithoutAnAnswer) {
  auto demanding = staple(authority_.issue({.must_staple = true}));
  stapler_.use({demanding});
  testing::internal::CaptureStderr();
  answer(silence());

  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("clients refuse this certificate"));
}

TEST_F(StaplerTest, LeavesThoseAloneThatStayAndForgetsTheOthers) {
  stapler_.use({staple_});
  answer(authority_.vouch(issued_));
  EXPECT_EQ(staple(issued_), staple_) << "found again by its certificate";

  stapler_.use({staple_, staple_});
  EXPECT_EQ(questions_, 1);
  EXPECT_TRUE(waits_);
  stapler_.use({});

  EXPECT_FALSE(waits_);
  staple_.reset();
  EXPECT_EQ(staple(issued_)->answer(now_), nullptr);
}

TEST_F(StaplerTest, TellsCertificatesOfOtherIssuersApart) {
  auto leaf = issued_.load();
  auto other = test::Authority().load();

  EXPECT_NE(table_.of("a.pem", leaf.leaf.get(), other.front().get(), staple_->responder()), staple_);
}

TEST_F(StaplerTest, ForgetsAQuestionUnderWay) {
  stapler_.use({staple_});
  EXPECT_TRUE(asked_);

  stapler_.use({});

  EXPECT_FALSE(asked_);
}

}  // namespace
}  // namespace sluice::server::stapler_test
