// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/agreement.h"

#include <gtest/gtest.h>

namespace sluice::upstream::agreement_test {
namespace {

using namespace std::chrono_literals;
using State = Agreement::State;

class AgreementTest : public testing::Test {
 protected:
  State state(bool ejected = false) const { return agreement_.state(ejected, now_); }
  // As a target does: one that nobody listens to is not told.
  void answer(int status) {
    if (agreement_.listens()) agreement_.answered(status, now_);
  }
  void fail() { agreement_.failed(now_); }
  void find(bool passed) { agreement_.found(passed, now_); }

  Agreement agreement_;
  base::SteadyTime now_{1000h};
};

TEST_F(AgreementTest, DoesNotListenToRequestsAsLongAsAllIsWell) {
  find(true);
  answer(200);

  EXPECT_FALSE(agreement_.listens());
  EXPECT_EQ(state(), State::agree);
}

TEST_F(AgreementTest, IsMissingWhereRequestsGoWellForAWhileAlthoughChecksFail) {
  find(false);
  answer(200);
  EXPECT_EQ(state(), State::agree);

  now_ += Agreement::kLasting;
  answer(204);

  EXPECT_EQ(state(), State::requests_well);
  find(true);
  EXPECT_EQ(state(), State::agree);
}

TEST_F(AgreementTest, IsNotDeniedByRequestsBeforeTheChecksFailed) {
  answer(200);
  now_ += Agreement::kLasting;
  find(false);

  EXPECT_EQ(state(), State::agree);
}

TEST_F(AgreementTest, IsThereWhereSomeRequestsFailToo) {
  find(false);
  now_ += Agreement::kLasting;
  answer(200);
  fail();
  EXPECT_EQ(state(), State::agree);

  now_ += Agreement::kRecent + 1s;
  answer(200);

  EXPECT_EQ(state(), State::requests_well);
}

TEST_F(AgreementTest, TakesNeitherErrorsNorRefusalsForGoodAnswers) {
  find(false);
  now_ += Agreement::kLasting;
  answer(404);
  EXPECT_EQ(state(), State::agree);
  answer(200);
  answer(500);

  EXPECT_EQ(state(), State::agree);
}

TEST_F(AgreementTest, ForgetsWhatIsLongAgo) {
  find(false);
  now_ += Agreement::kLasting;
  answer(200);
  now_ += Agreement::kRecent + 1s;

  EXPECT_EQ(state(), State::agree);
}

TEST_F(AgreementTest, IsMissingWhereChecksPassAlthoughRequestsFailForAWhile) {
  fail();
  find(true);
  EXPECT_EQ(state(), State::agree);

  now_ += Agreement::kLasting;
  fail();

  EXPECT_EQ(state(), State::checks_well);
}

TEST_F(AgreementTest, IsNotDeniedByAnOldCheck) {
  find(true);
  now_ += 1s;
  fail();
  now_ += Agreement::kLasting;
  fail();
  EXPECT_EQ(state(), State::agree);

  find(true);

  EXPECT_EQ(state(), State::checks_well);
}

TEST_F(AgreementTest, IsMissingForAsLongAsATargetIsOutThatPassesItsChecks) {
  fail();
  find(true);
  now_ += 1h;

  EXPECT_EQ(state(true), State::checks_well);
  EXPECT_EQ(state(false), State::agree);
}

TEST_F(AgreementTest, IsThereAgainOnceARequestGoesWell) {
  fail();
  find(true);
  now_ += Agreement::kLasting;
  fail();
  answer(302);

  EXPECT_EQ(state(), State::agree);
  EXPECT_FALSE(agreement_.listens());
}

TEST_F(AgreementTest, OfFailuresFarApartBeginsAnew) {
  fail();
  now_ += Agreement::kRecent + 1s;
  find(true);
  fail();

  EXPECT_EQ(state(), State::agree);
}

TEST_F(AgreementTest, CannotBeToldWithoutChecks) {
  fail();
  now_ += Agreement::kLasting;
  fail();
  EXPECT_EQ(state(true), State::agree);

  find(false);
  now_ += Agreement::kRecent + 1s;
  answer(200);
  EXPECT_EQ(state(), State::requests_well);
  agreement_.forget_checks();

  EXPECT_EQ(state(), State::agree);
  answer(200);
  EXPECT_FALSE(agreement_.listens());
}

}  // namespace
}  // namespace sluice::upstream::agreement_test
