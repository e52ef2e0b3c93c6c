// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/vault_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "gateway/base/log.h"
#include "gateway/observe/metrics.h"

#include "tests/support/fake_environment.h"

namespace sluice::server::vault_watch_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class VaultWatchTest : public testing::Test {
 protected:
  struct Asked {
    std::string target;
    FetchDone done;
    std::weak_ptr<void> hold;
  };
  struct Timer {
    std::chrono::milliseconds in;
    std::function<void()> then;
    std::weak_ptr<void> hold;
  };

  VaultWatchTest() {
    base::set_log_sink([this](base::Level, std::string_view line) { said_.emplace_back(line); });
    config_.address = "http://127.0.0.1:8200";
    config_.refresh = 30s;
    watch_->watch(config_, {{"kv/data/a", "x", "1"}, {"kv/data/a", "y", "2"}, {"kv/data/b", "z", "3"}});
  }
  ~VaultWatchTest() override { base::set_log_sink(nullptr); }
  VaultWatch::World world() {
    VaultWatch::World out;
    out.fetch = [this](FetchRequest request, FetchDone done, const FetchLimits&) {
      auto hold = std::make_shared<int>();
      asked_.push_back({request.target, std::move(done), hold});
      return std::static_pointer_cast<void>(hold);
    };
    out.later = [this](std::chrono::milliseconds in, std::function<void()> then) {
      auto hold = std::make_shared<int>();
      timers_.push_back({in, std::move(then), hold});
      return std::static_pointer_cast<void>(hold);
    };
    out.environment = &environment_;
    return out;
  }
  void expire() {
    auto timer = timers_.back();
    if (!timer.hold.expired()) timer.then();
  }
  // Answers the last question with these fields.
  void answer(const std::string& fields) {
    auto done = asked_.back().done;
    done(Fetched{"{\"data\":{\"data\":{" + fields + "},\"metadata\":{}}}", "", ""});
  }
  void fail(const std::string& why) {
    auto done = asked_.back().done;
    done(base::fail(base::Reason::internal, why));
  }
  void refuse(unsigned status) {
    auto done = asked_.back().done;
    Fetched fetched{"{}", "", ""};
    fetched.status = status;
    done(fetched);
  }

  test::FakeEnvironment environment_;
  config::VaultConfig config_;
  std::deque<Asked> asked_;
  std::deque<Timer> timers_;
  std::vector<std::string> said_;
  int changes_ = 0;
  std::unique_ptr<VaultWatch> watch_ = std::make_unique<VaultWatch>(world(), [this] { ++changes_; });
};

constexpr const char* kA = R"("x":"1","y":"2","other":"9")";

TEST_F(VaultWatchTest, AsksForEachSecretOnceInAWhile) {
  EXPECT_EQ(timers_.back().in, 30s);
  EXPECT_TRUE(asked_.empty());

  expire();
  EXPECT_EQ(asked_.back().target, "/v1/kv/data/a");
  answer(kA);
  EXPECT_EQ(asked_.back().target, "/v1/kv/data/b");
  answer(R"("z":3)");

  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_EQ(timers_.size(), 2u);
  EXPECT_EQ(changes_, 0);
}

TEST_F(VaultWatchTest, TellsThatAFieldThatIsUsedHasChanged) {
  expire();
  answer(R"("x":"1","y":"new")");

  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(timers_.size(), 2u) << "and goes on";
}

TEST_F(VaultWatchTest, TellsThatAFieldIsGone) {
  expire();
  answer(R"("x":"1")");

  EXPECT_EQ(changes_, 1);
}

TEST_F(VaultWatchTest, KeepsStillWhileVaultIsDown) {
  expire();
  fail("cannot be asked: it is down");
  expire();
  fail("cannot be asked: it is down");
  expire();
  answer(kA);
  answer(R"("z":3)");

  EXPECT_EQ(changes_, 0);
  EXPECT_THAT(said_,
              ElementsAre(HasSubstr("cannot be asked: it is down; the secrets that were read stay in use"),
                          HasSubstr("can be read again")));
}

TEST_F(VaultWatchTest, ShowsWhetherTheSecretsCanBeRead) {
  observe::MetricsRegistry metrics{observe::MetricsOptions{}};
  auto shown = watch_->at_scrape(metrics.store());
  auto up = [&] {
    auto page = metrics.text();
    auto at = page.find("\nsluice_vault_up ");
    return at == page.npos ? "not shown" : page.substr(at + 17, 1);
  };

  EXPECT_EQ(up(), "1");
  expire();
  refuse(404);
  answer(R"("z":3)");
  EXPECT_EQ(up(), "0");
  EXPECT_EQ(changes_, 0) << "one that is gone is not a new one";
  expire();
  answer(kA);
  answer(R"("z":3)");
  EXPECT_EQ(up(), "1");
  watch_->watch(config_, {});
  EXPECT_EQ(up(), "not shown");
}

TEST_F(VaultWatchTest, SeesTheOthersBehindASecretThatIsRefused) {
  expire();
  refuse(403);
  answer(R"("z":4)");

  EXPECT_EQ(changes_, 1);
}

TEST_F(VaultWatchTest, AsksNobodyIfItIsNotWanted) {
  auto before = timers_.size();
  config_.refresh = 0s;
  watch_->watch(config_, {{"kv/data/a", "x", "1"}});
  config_.refresh = 30s;
  watch_->watch(config_, {});

  EXPECT_EQ(timers_.size(), before);
  EXPECT_TRUE(timers_.back().hold.expired());
}

TEST_F(VaultWatchTest, ForgetsAQuestionWithTheDocument) {
  expire();
  watch_->watch(config_, {{"kv/data/c", "x", "1"}});

  EXPECT_TRUE(asked_.back().hold.expired());
  watch_.reset();
  EXPECT_TRUE(timers_.back().hold.expired());
}

}  // namespace
}  // namespace sluice::server::vault_watch_test
