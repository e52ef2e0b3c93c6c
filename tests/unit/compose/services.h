// SPDX-License-Identifier: Apache-2.0
// Composing: a composition that runs without sockets or time. Its calls wait, each under the name of the
// upstream that it asks, until the test says what is answered; so the test decides in which order that is.
//
//   Composing page("calls: {a: {get: 'a:/'}, b: {get: 'b:/'}}");
//   page.ask();
//   page.say("b", {200, "2"});
//   page.say("a", {404, ""});
//   EXPECT_EQ(page.outcome().status, 404);
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/compose/run.h"
#include "gateway/net/signal.h"

#include "tests/support/fake_stream.h"
#include "tests/unit/compose/plans.h"

namespace sluice::compose {

// What a service answers.
struct Said {
  int status = 200;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> fields{};
  base::Reason reason = base::Reason::none;  // in place of all that: nothing came
};

class Composing {
 public:
  // What came of it.
  struct Outcome {
    bool ended = false;
    int status = 0;  // zero if it failed
    std::string body, fields;
    base::Reason reason = base::Reason::none;
    std::string detail;
    bool operator==(const Outcome&) const = default;
  };

  explicit Composing(std::string_view yaml) {
    [[maybe_unused]] const chain::CallsGoThrough services{&make};
    built_ = made(yaml);
    EXPECT_EQ(built_.problems.find("error: "), std::string::npos) << built_.problems << yaml;
    [[maybe_unused]] const chain::CallsGoThrough nobody{&none};
  }
  Composing(const Composing&) = delete;
  ~Composing() { forget(); }

  // A request; its calls run until they wait. What an earlier one left is given up.
  // `measured`: does it say how long its body is?
  void ask(std::string_view target = "/page/7", std::string_view lines = {}, std::string_view body = {},
           bool measured = true) {
    forget();
    fake_ = std::make_unique<test::FakeExchange>(target, body.empty() ? "GET" : "POST");
    fake_->captures({{"id", "7"}});
    for (std::string_view rest = lines; !rest.empty();) {
      std::size_t end = rest.find('\n'), colon = rest.find(": ");
      auto& fields = fake_->request().fields;
      fields.add(rest.substr(0, colon), rest.substr(colon + 2, end - colon - 2));
      if (rest.substr(0, colon).find('_') != std::string_view::npos) fields.beware_of_lookalikes();
      rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    }
    if (!body.empty()) {
      auto& arena = fake_->ex.arena;
      fake_->ex.request_body = measured ? http::make_body<http::TextBody>(arena, arena.copy(body))
                                        : http::make_body<Unmeasured>(arena, arena.copy(body));
    }
    outcome_ = {};
    run_ = std::make_unique<Run>(*built_.plan, fake_->ex);
    fake_->run(finish());
    settle();
  }

  // Requests that wait for an answer, by upstream, in the order in which they were made.
  std::vector<std::string> waiting() const {
    std::vector<std::string> out;
    for (const Waiting* w : waits()) out.push_back(w->upstream);
    return out;
  }
  // All requests that were made since ask(): "GET users /users/7?x=1".
  const std::vector<std::string>& asked() const { return asks(); }
  // The body and the fields of the n-th of those.
  const std::string& body(std::size_t n) const { return bodies()[n]; }
  const std::string& lines(std::size_t n) const { return heads()[n]; }
  // How many arenas these requests had, which is at least how many of their answers were kept at a time; and
  // the bytes that are held until the exchange ends.
  std::size_t arenas() const { return memories().size(); }
  std::size_t held() const { return fake_->ex.arena.held(); }

  // Answers the request to that upstream that has waited longest.
  void say(std::string_view upstream, Said said) {
    for (Waiting* w : waits())
      if (w->upstream == upstream) return answer(*w, std::move(said));
    ADD_FAILURE() << "nobody asks " << upstream;
  }
  void say(std::size_t n, Said said) { answer(*waits().at(n), std::move(said)); }
  // The time that the whole may take is over.
  void pass(base::Duration time) {
    fake_->clock.advance(time);
    fake_->loop.wheel().advance(fake_->clock.steady());
    settle();
  }

  const Outcome& outcome() const { return outcome_; }
  const Plan& plan() const { return *built_.plan; }

 private:
  struct Waiting {
    std::string upstream;
    net::Signal* signal;
    Said said;
  };
  static std::vector<Waiting*>& waits() {
    static std::vector<Waiting*> all;
    return all;
  }
  static std::vector<std::string>& asks() {
    static std::vector<std::string> all;
    return all;
  }
  static std::vector<std::string>& bodies() {
    static std::vector<std::string> all;
    return all;
  }
  static std::set<const base::Arena*>& memories() {
    static std::set<const base::Arena*> all;
    return all;
  }
  static std::vector<std::string>& heads() {
    static std::vector<std::string> all;
    return all;
  }

  class Unmeasured final : public http::Body {
   public:
    explicit Unmeasured(std::string_view text) noexcept : text_(text) {}
    base::Task<base::Result<http::Piece>> read(std::size_t at_most) override { return text_.read(at_most); }
    std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

   private:
    http::TextBody text_;
  };

  // Takes the place of the handler that forwards.
  class Service final : public chain::Handler {
   public:
    explicit Service(std::string upstream) : upstream_(std::move(upstream)) {}
    base::Task<base::Result<void>> answer(chain::Exchange& ex) const override {
      base::Scope* scope = co_await base::this_scope();
      const auto& r = ex.request;
      asks().push_back(std::string(r.method_text) + " " + upstream_ + " " + std::string(r.target));
      bodies().push_back(ex.request_body ? test::drained(*ex.request_body) : "");
      heads().push_back(test::lines(r.fields));
      memories().insert(&ex.arena);
      net::Signal now(ex.worker.loop.wheel());
      Waiting waiting{upstream_, &now, {}};
      waits().push_back(&waiting);
      auto outcome = co_await now.wait({});
      std::erase(waits(), &waiting);
      if (outcome != base::Outcome::ready) co_return base::fail(scope->why());
      const Said& said = waiting.said;
      if (said.reason != base::Reason::none) co_return base::fail(said.reason);
      ex.response.status = said.status;
      for (const auto& [name, value] : said.fields)
        ex.response.fields.add(ex.arena.copy(name), ex.arena.copy(value));
      if (!said.body.empty())
        ex.response_body = http::make_body<http::TextBody>(ex.arena, ex.arena.copy(said.body));
      co_return base::Result<void>();
    }

   private:
    std::string upstream_;
  };
  static std::shared_ptr<const chain::Handler> make(const chain::CallSettings& settings, chain::Builder&) {
    return std::make_shared<Service>(settings.upstream);
  }

  // As plans.h has it, for the tests that come after.
  static std::shared_ptr<const chain::Handler> none(const chain::CallSettings&, chain::Builder&) {
    return nullptr;
  }

  base::Task<void> finish() {
    auto answering = run_->answer();
    auto answered = co_await answering;
    outcome_.ended = true;
    if (answered) {
      outcome_.status = fake_->response().status;
      outcome_.fields = test::lines(fake_->response().fields);
      outcome_.body = fake_->body();
    } else {
      outcome_.reason = answered.error().reason;
      outcome_.detail = answered.error().detail;
    }
  }
  void answer(Waiting& waiting, Said said) {
    waiting.said = std::move(said);
    waiting.signal->notify();
    settle();
  }
  static void settle() {
    while (base::run_ready()) {
    }
  }
  void forget() {
    if (fake_) fake_->connection.cancel(base::Reason::client_closed);
    settle();
    run_.reset();
    fake_.reset();
    EXPECT_TRUE(waits().empty());
    asks().clear();
    bodies().clear();
    heads().clear();
    memories().clear();
  }

  Made built_;
  std::unique_ptr<test::FakeExchange> fake_;
  std::unique_ptr<Run> run_;
  Outcome outcome_;
};

}  // namespace sluice::compose
