// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "gateway/base/frame_pool.h"
#include "gateway/base/log.h"
#include "gateway/chain/local_reply.h"
#include "gateway/observe/metrics.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain::chain_test {
namespace {

using base::Reason;
using base::Result;
using base::Task;
using test::FakeExchange;
using testing::HasSubstr;

constexpr Hooks kAll{true, true, true};

// A thing to wait for that a test fires by hand.
class Event {
 public:
  class Awaiter final : public base::Wait {
   public:
    explicit Awaiter(Event& e) : event_(&e) {}
    ~Awaiter() { end(); }
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (!begin(h)) return false;
      event_->waiter_ = this;
      return true;
    }
    base::Outcome await_resume() const noexcept { return outcome(); }

   private:
    void forget() noexcept override { event_->waiter_ = nullptr; }
    Event* event_;
  };
  Awaiter wait() { return Awaiter(*this); }
  bool awaited() const { return waiter_ != nullptr; }
  void fire() { std::exchange(waiter_, nullptr)->finish(base::Outcome::ready); }

 private:
  Awaiter* waiter_ = nullptr;
};

// Coroutine frames that are there: each is to go once, however the walk ends.
int g_alive = 0;
struct Alive {
  Alive() { ++g_alive; }
  ~Alive() { --g_alive; }
  Alive(const Alive&) = delete;
};

// What a hook of the test filter does.
enum class Does { nothing, refuse, throw_at_once, wait, wait_then_refuse, wait_then_throw };

struct Script {
  Does request = Does::nothing;
  Does response = Does::nothing;
};

// Writes each call into a journal: ">a" on the way in, "<a" on the way out, ".a" at the end.
class Recorder final : public Filter {
 public:
  Recorder(std::string name, Script script, std::string& journal, Event& event)
      : name_(std::move(name)), script_(script), journal_(journal), event_(event) {}

  Task<Step> on_request(Exchange& ex) const override {
    note('>');
    switch (script_.request) {
      case Does::nothing:
        return Step::next;
      case Does::refuse:
        return reply(ex, Reason::forbidden, "not you");
      case Does::throw_at_once:
        throw std::runtime_error("broken");
      default:
        return slow_request(ex);
    }
  }
  Task<void> on_response(Exchange& ex) const override {
    note('<');
    if (script_.response == Does::throw_at_once) throw std::runtime_error("broken on the way out");
    if (script_.response == Does::nothing) {
      ex.response.fields.add("Seen-By", name_);
      return {};
    }
    return slow_response(ex);
  }
  void on_done(const Exchange&) const noexcept override { note('.'); }

 private:
  Task<Step> slow_request(Exchange& ex) const {
    Alive alive;
    co_await event_.wait();
    note('+');
    if (script_.request == Does::wait_then_throw) throw std::runtime_error("broken later");
    if (script_.request == Does::wait_then_refuse) co_return reply(ex, Reason::forbidden);
    co_return Step::next;
  }
  Task<void> slow_response(Exchange& ex) const {
    Alive alive;
    co_await event_.wait();
    note('-');
    if (script_.response == Does::wait_then_throw) throw std::runtime_error("broken later");
    ex.response.fields.add("Seen-By", name_);
  }
  void note(char what) const { journal_ += std::string(1, what) + name_ + ' '; }

  std::string name_;
  Script script_;
  std::string& journal_;
  Event& event_;
};

struct FunctionHandler final : Handler {
  explicit FunctionHandler(std::function<Task<Result<void>>(Exchange&)> f) : fn(std::move(f)) {}
  Task<Result<void>> answer(Exchange& ex) const override { return fn(ex); }
  std::function<Task<Result<void>>(Exchange&)> fn;
};

Task<Result<void>> ok(Exchange& ex) {
  ex.response.status = 200;
  return Result<void>();
}

Task<Result<void>> slow_ok(Event& event, std::string& journal, Exchange& ex) {
  Alive alive;
  co_await event.wait();
  journal += "+handler ";
  ex.response.status = 200;
  co_return Result<void>();
}

class ChainTest : public testing::Test {
 protected:
  ChainTest() {
    base::set_log_sink([this](base::Level, std::string_view line) { log.append(line).append("\n"); });
  }
  ~ChainTest() override {
    base::set_log_sink(nullptr);
    EXPECT_EQ(g_alive, 0);
  }

  // A chain of recorders named a, b, c, ... that ends in `handler`.
  Chain chain(std::vector<Script> scripts, std::function<Task<Result<void>>(Exchange&)> handler = ok) {
    std::vector<Link> links;
    for (const Script& s : scripts) {
      std::string name(1, static_cast<char>('a' + links.size()));
      links.push_back({std::make_shared<Recorder>(name, s, journal, event), kAll, "policy-" + name});
    }
    auto wrapped = [this, handler = std::move(handler)](Exchange& ex) {
      journal += "handler ";
      return handler(ex);
    };
    return Chain(std::move(links), std::make_shared<FunctionHandler>(wrapped));
  }
  // Runs it to the end; events are fired as they are waited for.
  void run(const Chain& c) {
    fake.run(c.run(fake.ex));
    while (event.awaited()) event.fire();
    c.done(fake.ex);
  }
  std::string seen_by() {
    std::string out;
    for (const auto& line : fake.response().fields.lines())
      if (!line.dropped && line.name == "Seen-By") out += line.value;
    return out;
  }

  FakeExchange fake{"/x"};
  Event event;
  std::string journal;
  std::string log;
};

TEST_F(ChainTest, RunsFiltersInOrderAndTheirResponseHooksInReverse) {
  Chain c = chain({{}, {}, {}});

  run(c);

  EXPECT_EQ(journal, ">a >b >c handler <c <b <a .c .b .a ");
  EXPECT_EQ(fake.response().status, 200);
}

TEST_F(ChainTest, WithoutFiltersAsksTheHandlerAlone) {
  Chain c = chain({});

  run(c);

  EXPECT_EQ(journal, "handler ");
  EXPECT_EQ(fake.response().status, 200);
}

TEST_F(ChainTest, AsksNobodyBehindAFilterThatReplied) {
  Chain c = chain({{}, {.request = Does::refuse}, {}});

  run(c);

  EXPECT_EQ(journal, ">a >b <b <a .b .a ");
  EXPECT_EQ(fake.response().status, 403);
  EXPECT_EQ(fake.ex.reason, Reason::forbidden);
  EXPECT_TRUE(fake.ex.answered_locally);
  EXPECT_EQ(seen_by(), "ba");
}

TEST_F(ChainTest, SaysWhichFilterAnswered) {
  Chain passes = chain({{}, {}});
  run(passes);
  EXPECT_EQ(fake.ex.refused_by, "");

  Chain refuses = chain({{}, {.request = Does::refuse}});
  run(refuses);
  EXPECT_EQ(fake.ex.refused_by, "policy-b");

  Chain waits = chain({{.request = Does::wait_then_refuse}, {}});
  run(waits);
  EXPECT_EQ(fake.ex.refused_by, "policy-a");
}

TEST_F(ChainTest, MeasuresItsFiltersWhereThatIsWanted) {
  auto slow = [this](Exchange& ex) {
    fake.clock.advance(std::chrono::seconds(5));  // the handler's time is not the filters'
    return ok(ex);
  };
  Chain c = chain({{.request = Does::wait, .response = Does::wait}}, slow);
  fake.ex.filter_times.wanted = true;

  fake.run(c.run(fake.ex));
  while (event.awaited()) {
    fake.clock.advance(std::chrono::milliseconds(20));
    event.fire();
  }

  EXPECT_EQ(fake.ex.filter_times.all, std::chrono::milliseconds(40));
  EXPECT_EQ(fake.ex.filter_times.auth, base::Duration{});
}

// The next exchange of this worker is drawn to be timed, or is not.
void draw(Worker& worker, bool drawn) {
  for (;;) {
    auto dice = worker.dice;
    if (worker.draws() != drawn) continue;
    worker.dice = dice;
    return;
  }
}

TEST_F(ChainTest, TellsHowLongEachFilterTookOfThoseExchangesThatAreDrawn) {
  observe::MetricsRegistry registry({});
  std::vector<Link> links;
  for (std::string name : {"a", "b"}) {
    Script slow{.request = Does::wait, .response = name == "a" ? Does::wait : Does::nothing};
    links.push_back({std::make_shared<Recorder>(name, slow, journal, event), kAll, name});
    links.back().times = registry.policy_times(name, "recorder");
  }
  auto handler = std::make_shared<FunctionHandler>([this](Exchange& ex) {
    fake.clock.advance(std::chrono::seconds(5));  // the handler's time is not the filters'
    return ok(ex);
  });
  Chain c(std::move(links), handler);
  auto run_slowly = [&](bool drawn) {
    draw(fake.ex.worker, drawn);
    fake.run(c.run(fake.ex));
    while (event.awaited()) {
      fake.clock.advance(std::chrono::milliseconds(20));
      event.fire();
    }
    c.done(fake.ex);
  };

  run_slowly(false);
  EXPECT_THAT(registry.text(), HasSubstr("sluice_policy_seconds_count{policy=\"a\",type=\"recorder\"} 0\n"));
  run_slowly(true);

  auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_count{policy=\"a\",type=\"recorder\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_sum{policy=\"a\",type=\"recorder\"} 0.04\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_sum{policy=\"b\",type=\"recorder\"} 0.02\n"));
}

TEST(Worker, DrawsOneOf64) {
  FakeExchange fake("/x");
  int drawn = 0;
  for (int i = 0; i < 64'000; ++i) drawn += fake.ex.worker.draws();
  EXPECT_NEAR(drawn, 1000, 100);
}

TEST_F(ChainTest, CallsNoHookThatAFilterDoesNotHave) {
  std::vector<Link> links;
  links.push_back({std::make_shared<Recorder>("a", Script{}, journal, event), {false, true, false}, "a"});
  links.push_back({std::make_shared<Recorder>("b", Script{}, journal, event), {true, false, true}, "b"});
  Chain c(std::move(links), std::make_shared<FunctionHandler>(ok));

  run(c);

  EXPECT_EQ(journal, ">b <a .b ");
}

TEST_F(ChainTest, CountsAFilterWithoutRequestHookAsReachedOnlyWhenItsPlaceWasPassed) {
  std::vector<Link> links;
  links.push_back({std::make_shared<Recorder>("a", Script{}, journal, event), {false, true, true}, "a"});
  links.push_back(
      {std::make_shared<Recorder>("b", Script{.request = Does::refuse}, journal, event), kAll, "b"});
  links.push_back({std::make_shared<Recorder>("c", Script{}, journal, event), {false, true, true}, "c"});
  Chain c(std::move(links), std::make_shared<FunctionHandler>(ok));

  run(c);

  EXPECT_EQ(journal, ">b <b <a .b .a ");
}

TEST_F(ChainTest, TurnsAThrowOnTheWayInIntoA500ThatNamesTheFilterInTheLogOnly) {
  Chain c = chain({{}, {.request = Does::throw_at_once}, {}});

  run(c);

  EXPECT_EQ(journal, ">a >b <b <a .b .a ");
  EXPECT_EQ(fake.response().status, 500);
  EXPECT_EQ(fake.ex.reason, Reason::filter_failed);
  EXPECT_EQ(fake.ex.detail, "filter `policy-b`: broken");
  EXPECT_THAT(log, HasSubstr("policy-b"));
  EXPECT_THAT(log, HasSubstr("broken"));
  EXPECT_THAT(log, HasSubstr(std::string(fake.ex.request_id)));
  EXPECT_THAT(fake.body(), Not(HasSubstr("policy-b")));
}

TEST_F(ChainTest, TurnsAThrowAfterAWaitIntoA500) {
  Chain c = chain({{}, {.request = Does::wait_then_throw}, {}});

  run(c);

  EXPECT_EQ(journal, ">a >b +b <b <a .b .a ");
  EXPECT_EQ(fake.ex.reason, Reason::filter_failed);
  EXPECT_EQ(fake.ex.detail, "filter `policy-b`: broken later");
}

TEST_F(ChainTest, ReplacesTheResponseAndGoesOnWhenAResponseHookThrows) {
  for (Does how : {Does::throw_at_once, Does::wait_then_throw}) {
    journal.clear();
    Chain c = chain({{}, {.response = how}, {}});

    run(c);

    EXPECT_THAT(journal, HasSubstr("handler <c <b "));
    EXPECT_THAT(journal, HasSubstr("<a .c .b .a "));
    EXPECT_EQ(fake.ex.reason, Reason::filter_failed);
    EXPECT_EQ(fake.response().status, 500);
    EXPECT_EQ(seen_by(), "a") << "what the filters before added to the old response is gone";
  }
}

TEST_F(ChainTest, TurnsWhatTheHandlerThrowsIntoA500) {
  Chain at_once = chain({{}}, [](Exchange&) -> Task<Result<void>> { throw std::logic_error("no"); });
  Chain later = chain({{}}, [](Exchange&) -> Task<Result<void>> {
    throw std::logic_error("no");
    co_return Result<void>();
  });
  Chain odd = chain({{}}, [](Exchange&) -> Task<Result<void>> { throw 7; });

  for (const Chain* c : {&at_once, &later, &odd}) {
    journal.clear();
    run(*c);
    EXPECT_EQ(journal, ">a handler <a .a ");
    EXPECT_EQ(fake.response().status, 500);
    EXPECT_EQ(fake.ex.reason, Reason::filter_failed);
    EXPECT_THAT(std::string(fake.ex.detail), testing::StartsWith("handler: "));
  }
}

TEST_F(ChainTest, MakesALocalReplyOfTheHandlersError) {
  Chain c = chain({{}}, [](Exchange&) -> Task<Result<void>> {
    return Result<void>(base::fail(Reason::upstream_connect_failed, "10.0.0.3:8080: connection refused"));
  });

  run(c);

  EXPECT_EQ(fake.response().status, 502);
  EXPECT_EQ(fake.ex.detail, "10.0.0.3:8080: connection refused");
  EXPECT_THAT(fake.body(), Not(HasSubstr("10.0.0.3"))) << "addresses are not the caller's business";
  EXPECT_EQ(seen_by(), "a");
}

TEST_F(ChainTest, TellsTheCallerWhatIsWrongWithItsOwnRequest) {
  Chain c = chain({}, [](Exchange&) -> Task<Result<void>> {
    return Result<void>(base::fail(Reason::body_too_large, "more than 10 MiB"));
  });

  run(c);

  EXPECT_EQ(fake.response().status, 413);
  EXPECT_THAT(fake.body(), HasSubstr("more than 10 MiB"));
}

TEST_F(ChainTest, AnswersInternalErrorWhenTheHandlerMadeNoResponse) {
  Chain c = chain({}, [](Exchange&) -> Task<Result<void>> { return Result<void>(); });

  run(c);

  EXPECT_EQ(fake.response().status, 500);
  EXPECT_EQ(fake.ex.reason, Reason::internal);
}

TEST_F(ChainTest, WaitsForEveryHookThatWaits) {
  Script slow{.request = Does::wait, .response = Does::wait};
  Chain c = chain({slow, {}, slow}, [this](Exchange& ex) { return slow_ok(event, journal, ex); });

  fake.run(c.run(fake.ex));

  EXPECT_EQ(journal, ">a ");
  event.fire();
  EXPECT_EQ(journal, ">a +a >b >c ");
  event.fire();
  EXPECT_EQ(journal, ">a +a >b >c +c handler ");
  event.fire();
  EXPECT_EQ(journal, ">a +a >b >c +c handler +handler <c ");
  event.fire();
  EXPECT_EQ(journal, ">a +a >b >c +c handler +handler <c -c <b <a ");
  event.fire();
  EXPECT_EQ(seen_by(), "cba");
  c.done(fake.ex);
  EXPECT_THAT(journal, testing::EndsWith(".c .b .a "));
}

TEST_F(ChainTest, StopsAtAReplyThatCameAfterAWait) {
  Chain c = chain({{}, {.request = Does::wait_then_refuse}, {}});

  run(c);

  EXPECT_EQ(journal, ">a >b +b <b <a .b .a ");
  EXPECT_EQ(fake.response().status, 403);
}

TEST_F(ChainTest, AsksNobodyMoreWhenTheExchangeWasCancelledDuringAWait) {
  Chain c = chain({{}, {.request = Does::wait}, {}});
  fake.run(c.run(fake.ex));

  fake.ex.scope.cancel(Reason::timeout_total);
  base::run_ready();

  EXPECT_EQ(journal, ">a >b +b <b <a ");
  EXPECT_EQ(fake.response().status, 504);
  EXPECT_EQ(fake.ex.reason, Reason::timeout_total);
}

TEST_F(ChainTest, IsForgottenWithItsExchangeWhileAFilterWaits) {
  Chain c = chain({{.request = Does::wait}});
  {
    auto task = c.run(fake.ex);
    base::Job<void> job(&fake.ex.scope);
    job.start(std::move(task));
    EXPECT_TRUE(event.awaited());
    EXPECT_EQ(g_alive, 1);
  }

  EXPECT_FALSE(event.awaited());
  EXPECT_EQ(g_alive, 0);
}

TEST_F(ChainTest, IsForgottenWithItsExchangeWhileTheHandlerOrAResponseHookWaits) {
  Chain handler = chain({{}}, [this](Exchange& ex) { return slow_ok(event, journal, ex); });
  Chain response = chain({{}, {.response = Does::wait}});
  for (const Chain* c : {&handler, &response}) {
    base::Job<void> job(&fake.ex.scope);
    job.start(c->run(fake.ex));
    EXPECT_EQ(g_alive, 1);
  }

  EXPECT_EQ(g_alive, 0);
}

TEST_F(ChainTest, RunsResponseHooksAgainForAResponseThatReplacedTheChains) {
  Chain c = chain({{}, {}});
  run(c);
  journal.clear();
  make_local_reply(fake.ex, Reason::upstream_reset);

  fake.run(c.run_response(fake.ex));

  EXPECT_EQ(journal, "<b <a ");
  EXPECT_EQ(seen_by(), "ba");
}

TEST_F(ChainTest, NeedsNoCoroutineFrameWhileNothingWaits) {
  Chain c = chain({{}, {}, {}});

  auto task = c.run(fake.ex);

  EXPECT_TRUE(task.await_ready());
  EXPECT_EQ(fake.response().status, 200);
}

struct Memory {
  int request = 0;
  int total = 0;
};

// Keeps a number between its hooks.
class Remembering final : public Filter {
 public:
  explicit Remembering(int value) : value_(value) {}
  Task<Step> on_request(Exchange& ex) const override {
    ex.local<Memory>(*this).request += value_;
    return Step::next;
  }
  Task<void> on_response(Exchange& ex) const override {
    auto& m = ex.local<Memory>(*this);
    m.total = m.request * 10 + value_;
    return {};
  }
  int total(Exchange& ex) const { return ex.local<Memory>(*this).total; }

 private:
  int value_;
};

TEST_F(ChainTest, GivesEachFilterItsOwnMemoryForEachExchange) {
  auto first = std::make_shared<Remembering>(1), second = std::make_shared<Remembering>(2);
  Chain c({{first, {true, true, false}, "1"}, {second, {true, true, false}, "2"}},
          std::make_shared<FunctionHandler>(ok));
  FakeExchange other;

  fake.run(c.run(fake.ex));
  other.run(c.run(other.ex));

  EXPECT_EQ(first->total(fake.ex), 11);
  EXPECT_EQ(second->total(fake.ex), 22);
  EXPECT_EQ(first->total(other.ex), 11);
}

// Asks others in place of the chain.
class Asking final : public Filter {
 public:
  explicit Asking(std::vector<std::shared_ptr<const Filter>> asked) : asked_(std::move(asked)) {}
  Task<Step> on_request(Exchange& ex) const override {
    for (const auto& filter : asked_) EXPECT_TRUE(filter->on_request(ex).await_ready());
    return Step::next;
  }
  std::span<const std::shared_ptr<const Filter>> inner() const override { return asked_; }

 private:
  std::vector<std::shared_ptr<const Filter>> asked_;
};

TEST_F(ChainTest, GivesFiltersInsideOthersTheirOwnMemoryToo) {
  auto outer = std::make_shared<Remembering>(1), inner = std::make_shared<Remembering>(2),
       innermost = std::make_shared<Remembering>(3);
  auto nested = std::make_shared<Asking>(std::vector<std::shared_ptr<const Filter>>{innermost});
  auto asking = std::make_shared<Asking>(std::vector<std::shared_ptr<const Filter>>{inner, nested});
  Chain c({{asking, {true, false, false}, "asking"}, {outer, {true, true, false}, "outer"}},
          std::make_shared<FunctionHandler>(ok));

  fake.run(c.run(fake.ex));

  EXPECT_EQ(fake.ex.local<Memory>(*inner).request, 2);
  EXPECT_EQ(fake.ex.local<Memory>(*innermost).request, 3);
  EXPECT_EQ(outer->total(fake.ex), 11);
}

// Answers preflights, or breaks.
struct Preflights final : Filter {
  explicit Preflights(bool good) : good_(good) {}
  void on_preflight(Exchange& ex) const override {
    if (!good_) throw std::runtime_error("broken");
    ex.response.status = 204;
  }
  bool good_;
};

class ChainPreflightTest : public ChainTest {
 protected:
  void answer(bool good) {
    std::vector<Link> links = {{std::make_shared<Recorder>("a", Script{}, journal, event), kAll, "a"},
                               {std::make_shared<Preflights>(good), {.preflight = true}, "cors"}};
    Chain chain(std::move(links), std::make_shared<FunctionHandler>(ok));
    ASSERT_TRUE(chain.answers_preflights());
    chain.answer_preflight(fake.ex);
    fake.run(chain.run_response(fake.ex));
    chain.done(fake.ex);
  }
};

TEST_F(ChainPreflightTest, IsAnsweredByOneFilterAlone) {
  answer(true);

  EXPECT_EQ(fake.response().status, 204);
  EXPECT_EQ(journal, "");
}

TEST_F(ChainPreflightTest, BecomesAFailureWhereThatFilterThrows) {
  answer(false);

  EXPECT_EQ(fake.response().status, 500);
  EXPECT_EQ(fake.ex.reason, Reason::filter_failed);
}

TEST_F(ChainPreflightTest, IsNotForOtherFilters) { EXPECT_FALSE(chain({{}, {}}).answers_preflights()); }

}  // namespace
}  // namespace sluice::chain::chain_test
