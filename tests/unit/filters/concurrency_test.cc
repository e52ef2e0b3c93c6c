// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "gateway/base/log.h"
#include "gateway/chain/chain.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::concurrency_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;

// One request that has reached the filter.
class Request {
 public:
  explicit Request(const chain::Filter& filter, std::string_view key = {}) : filter_(filter) {
    if (!key.empty()) fake.request().fields.add("X-Key", key);
    auto locals = fake.ex.arena.array<void*>(1);
    locals[0] = nullptr;
    fake.ex.locals = locals;
    auto asked = filter.on_request(fake.ex);
    passes = asked.await_resume() == chain::Step::next;
  }
  void done() const { filter_.on_done(fake.ex); }

  FakeExchange fake;
  bool passes = false;

 private:
  const chain::Filter& filter_;
};

TEST(Concurrency, RefusesBeyondTheLimitUntilARequestIsDone) {
  auto built = test::filter("concurrency: 2");
  ASSERT_THAT(built.problems, IsEmpty());
  EXPECT_TRUE(built.hooks.done);
  Request one(built.get()), two(built.get()), three(built.get());
  EXPECT_TRUE(one.passes && two.passes);
  EXPECT_FALSE(three.passes);
  EXPECT_EQ(three.fake.response().status, 429);
  EXPECT_THAT(three.fake.body(), HasSubstr("at most 2 may be under way"));
  EXPECT_TRUE(three.fake.ex.refused_by_limit);
  EXPECT_FALSE(two.fake.ex.refused_by_limit);
  three.done();
  EXPECT_FALSE(Request(built.get()).passes);

  one.done();

  EXPECT_TRUE(Request(built.get()).passes);
}

TEST(Concurrency, CountsEachKeyOnItsOwn) {
  auto built = test::filter("concurrency: {limit: 1, by: header.X-Key}");
  Request a(built.get(), "a"), b(built.get(), "b"), again(built.get(), "a");
  EXPECT_TRUE(a.passes && b.passes);
  EXPECT_FALSE(again.passes);
}

TEST(Concurrency, OnlyCountsInADryRun) {
  auto built = test::filter("concurrency: {limit: 1, dry_run: true}");
  Request one(built.get()), two(built.get());
  EXPECT_TRUE(two.passes);
  EXPECT_EQ(two.fake.ex.detail, "dry run: policy would have refused");
  two.done();
  one.done();
  EXPECT_EQ(Request(built.get()).fake.ex.detail, "");
}

TEST(Concurrency, OnlyNotesInADryRunThatAPartOfTheKeyIsMissing) {
  auto built = test::filter("concurrency: {limit: 1, by: header.X-Key, missing: reject, dry_run: true}");
  Request without(built.get());
  EXPECT_TRUE(without.passes);
  EXPECT_EQ(without.fake.ex.detail, "dry run: policy would have refused");
}

class Broken final : public chain::Filter {
 public:
  base::Task<chain::Step> on_request(chain::Exchange&) const override { throw std::runtime_error("broken"); }
};
class Nothing final : public chain::Handler {
 public:
  base::Task<base::Result<void>> answer(chain::Exchange&) const override { return base::Result<void>(); }
};

TEST(Concurrency, EndsWithAFilterThatThrows) {
  base::set_log_sink([](base::Level, std::string_view) {});
  auto built = test::filter("concurrency: 1");
  std::vector<chain::Link> links;
  links.push_back({built.made, built.hooks, "one"});
  links.push_back({std::make_shared<Broken>(), chain::hooks_of<Broken>(), "broken"});
  chain::Chain chain(std::move(links), std::make_shared<Nothing>());
  FakeExchange fake;
  fake.run(chain.run(fake.ex));
  EXPECT_EQ(fake.ex.reason, base::Reason::filter_failed);
  EXPECT_FALSE(Request(built.get()).passes);

  chain.done(fake.ex);

  EXPECT_TRUE(Request(built.get()).passes);
  base::set_log_sink(nullptr);
}

TEST(Concurrency, CountsOnAfterAReload) {
  auto before = test::filter("concurrency: 1");
  Request one(before.get());
  auto after = test::filter("concurrency: 2", {}, true, before.living);
  Request two(after.get()), three(after.get());
  EXPECT_TRUE(two.passes);
  EXPECT_FALSE(three.passes);
  one.done();
  EXPECT_TRUE(Request(after.get()).passes);
}

TEST(Concurrency, RefusesSettingsThatCannotWork) {
  EXPECT_THAT(test::filter("concurrency: 0").problems, HasSubstr("at least 1"));
  EXPECT_THAT(test::filter("concurrency: {by: ip}").problems, HasSubstr("limit"));
}

}  // namespace
}  // namespace sluice::filters::concurrency_test
