// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::call_test {
namespace {

using base::Reason;
using base::Result;
using base::Task;
using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;
using testing::Not;

// A body that comes in small pieces and does not say how long it is; may end with an error.
class Pieces final : public http::Body {
 public:
  Pieces(std::string text, std::optional<std::uint64_t> length, Reason ends)
      : text_(std::move(text)), length_(length), ends_(ends) {}
  Task<Result<http::Piece>> read(std::size_t) override {
    auto n = std::min<std::size_t>(5, text_.size() - at_);
    http::Piece piece{{text_.data() + at_, n}, at_ + n == text_.size(), nullptr};
    at_ += n;
    if (piece.last && ends_ != Reason::none) return Result<http::Piece>(base::fail(ends_));
    return Result<http::Piece>(piece);
  }
  std::optional<std::uint64_t> length() const noexcept override { return length_; }

 private:
  std::string text_;
  std::optional<std::uint64_t> length_;
  Reason ends_;
  std::size_t at_ = 0;
};

// Stands for the handler that forwards: keeps what it was asked, answers what it was told to.
struct Service {
  std::string asked;  // request line, fields and body
  CallSettings settings;
  Result<void> result;
  int status = 200;
  std::string body;
  std::optional<std::uint64_t> length;
  Reason body_ends = Reason::none;
  base::Scope* scope = nullptr;         // that it was asked in
  base::VirtualClock* clock = nullptr;  // on which it takes a second, if set
};
Service* service = nullptr;

struct Forwarder final : Handler {
  Task<Result<void>> answer(Exchange& ex) const override {
    service->scope = co_await base::this_scope();
    if (service->clock) service->clock->advance(std::chrono::seconds(1));
    service->asked = std::string(ex.request.method_text) + " " + std::string(ex.request.target) + "\n" +
                     test::lines(ex.request.fields);
    if (ex.request_body) service->asked += "\n" + test::drained(*ex.request_body);
    if (!service->result) co_return service->result;
    std::string head = "of a buffer that is gone afterwards";
    ex.response.status = service->status;
    ex.response.fields.add(FieldId::content_type, "application/json");
    ex.response.fields.add("X-Buffer", head);
    ex.upstream.target = "10.0.0.1:80";
    ex.upstream.attempt_count = 1;
    ex.upstream.answered = ex.worker.loop.clock().steady();
    if (!service->body.empty())
      ex.response_body =
          http::make_body<Pieces>(ex.arena, service->body, service->length, service->body_ends);
    // What the call keeps of the head must not lie here.
    keep_alive.push_back(std::move(head));
    ex.response.fields.set("X-Buffer", keep_alive.back());
    co_return Result<void>();
  }
  static inline std::vector<std::string> keep_alive;
};

const CallsGoThrough kForwarder{[](const CallSettings& settings, Builder&) -> std::shared_ptr<const Handler> {
  service->settings = settings;
  return std::make_shared<Forwarder>();
}};

class Call : public testing::Test {
 protected:
  Call() { service = &service_; }
  ~Call() override { service = nullptr; }

  Result<CallAnswer> call(CallRequest request) {
    Caller caller({.upstream = "users"}, builder_);
    std::optional<Result<CallAnswer>> out;
    fake.run(run(caller, fake.ex, request, out));
    return std::move(out.value());
  }
  static Task<void> run(const Caller& caller, Exchange& ex, CallRequest request,
                        std::optional<Result<CallAnswer>>& out) {
    out.emplace(co_await caller.call(ex, request));
  }

  FakeExchange fake{"/orders?x=1", "POST"};
  Service service_;
  test::FakeBuilder builder_;
};

TEST_F(Call, AsksForWhatItWasGivenAndTellsNothingElseOfTheClient) {
  fake.request().fields.add(FieldId::authorization, "Bearer secret");
  fake.ex.request_id = "id-1";
  CallRequest request;
  request.set_uri("/v1/users/7?full=1");

  auto answer = call(request);

  ASSERT_TRUE(answer);
  EXPECT_EQ(service_.asked, "GET /v1/users/7?full=1\nUser-Agent: sluice\nX-Request-ID: id-1\n");
  EXPECT_EQ(service_.settings.upstream, "users");
}

TEST_F(Call, ForAnybodyTellsNothingOfTheClient) {
  fake.ex.request_id = "id-1";
  CallRequest request;
  request.path = "/v1/menu";
  request.for_anybody = true;

  ASSERT_TRUE(call(request));

  EXPECT_EQ(service_.asked, "GET /v1/menu\nUser-Agent: sluice\n");
}

// For whoever sets fields behind it.
TEST_F(Call, TellsThatTheClientSentLookalikes) {
  for (bool lookalikes : {true, false}) {
    http::RequestHead head(fake.ex.arena);
    CallRequest request;
    request.lookalikes = lookalikes;

    fill_in(head, request, fake.ex, fake.ex.arena);

    EXPECT_EQ(head.fields.has_lookalikes(), lookalikes);
  }
}

TEST_F(Call, SendsFieldsAndBodyWithItsLength) {
  http::Fields fields(fake.ex.arena);
  fields.add(FieldId::content_type, "application/x-www-form-urlencoded");
  fields.add(FieldId::user_agent, "theirs");
  fields.add(FieldId::content_length, "99");
  fields.add(FieldId::transfer_encoding, "chunked");
  CallRequest request;
  request.method = http::Method::post;
  request.path = "/introspect";
  request.fields = fields.lines();
  request.body = "token=abc";

  ASSERT_TRUE(call(request));

  EXPECT_THAT(service_.asked, testing::StartsWith("POST /introspect\n"));
  EXPECT_THAT(service_.asked, HasSubstr("Content-Type: application/x-www-form-urlencoded\n"));
  EXPECT_THAT(service_.asked, HasSubstr("User-Agent: theirs\n"));
  EXPECT_THAT(service_.asked, HasSubstr("Content-Length: 9\n"));
  EXPECT_THAT(service_.asked, Not(HasSubstr("Length: 99")));
  EXPECT_THAT(service_.asked, Not(HasSubstr("chunked")));
  EXPECT_THAT(service_.asked, testing::EndsWith("\ntoken=abc"));
}

TEST_F(Call, SaysThatAPostWithoutBodyHasNone) {
  CallRequest request;
  request.method = http::Method::post;

  ASSERT_TRUE(call(request));

  EXPECT_THAT(service_.asked, HasSubstr("Content-Length: 0\n"));
}

TEST_F(Call, OwnsWhatItWasAnswered) {
  service_.status = 203;
  service_.body = "a body of several pieces";

  auto answer = call({});

  ASSERT_TRUE(answer);
  for (std::string& text : Forwarder::keep_alive) std::fill(text.begin(), text.end(), '#');
  CallAnswer moved(std::move(*answer));
  EXPECT_EQ(moved.status, 203);
  EXPECT_EQ(moved.body, "a body of several pieces");
  EXPECT_EQ(moved.fields.value(FieldId::content_type), "application/json");
  EXPECT_EQ(moved.fields.find("X-Buffer")->value, "of a buffer that is gone afterwards");
}

TEST_F(Call, ReadsABodyOfKnownLength) {
  service_.body = std::string(100'000, 'x');
  service_.length = service_.body.size();

  auto answer = call({});

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, service_.body);
}

TEST_F(Call, RefusesABodyThatIsTooLong) {
  service_.body = "0123456789";
  CallRequest request;
  request.most = 9;

  auto unannounced = call(request);
  service_.length = 10;
  auto announced = call(request);

  for (auto* answer : {&unannounced, &announced}) {
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().reason, Reason::response_invalid);
    EXPECT_THAT(answer->error().detail, HasSubstr("longer than 9 bytes"));
  }
}

TEST_F(Call, TakesABodyOfExactlyTheLimit) {
  service_.body = "0123456789";
  CallRequest request;
  request.most = 10;

  EXPECT_TRUE(call(request));
}

TEST_F(Call, FailsWhenTheBodyBreaksOff) {
  service_.body = "0123456789";
  service_.body_ends = Reason::upstream_reset;
  CallTrace trace;
  CallRequest request;
  request.trace = &trace;

  auto answer = call(request);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::upstream_reset);
  EXPECT_EQ(trace.target, "10.0.0.1:80");
}

TEST_F(Call, FailsAsForwardingDoes) {
  service_.result = base::fail(Reason::no_healthy_upstream, "none");

  auto answer = call({});

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::no_healthy_upstream);
}

TEST(CallUri, IsWrittenAsItIsSent) {
  for (const char* good : {"/", "/verify", "/verify?v=1", "/a%20b"})
    EXPECT_EQ(refuse_call_uri(good, "/x"), "");
  for (const char* bad : {"", "verify", "/a/../b", "/a b", "/a?b c", "/%2e", "/a%2", "http://h/"})
    EXPECT_EQ(refuse_call_uri(bad, "/x"), "must be a path as it is sent, such as /x") << bad;
}

TEST_F(Call, TellsHowItWent) {
  CallTrace trace;
  CallRequest request;
  request.trace = &trace;
  fake.clock.advance(std::chrono::seconds(3));

  ASSERT_TRUE(call(request));

  EXPECT_EQ(trace.target, "10.0.0.1:80");
  EXPECT_EQ(trace.attempts, 1);
  EXPECT_EQ(trace.began, fake.clock.steady());
  EXPECT_EQ(trace.answered, fake.clock.steady());
  EXPECT_EQ(trace.ended, fake.clock.steady());
}

TEST_F(Call, IsAWaitOfTheExchangeUnlessSomebodyElseTakesTheTime) {
  service_.clock = &fake.clock;
  ASSERT_TRUE(call({}));
  service_.result = base::fail(Reason::timeout_total);
  ASSERT_FALSE(call({}));
  EXPECT_EQ(fake.ex.upstream.waited, std::chrono::seconds(2));

  CallTrace trace;
  CallRequest request;
  request.trace = &trace;
  ASSERT_FALSE(call(request));

  EXPECT_EQ(fake.ex.upstream.waited, std::chrono::seconds(2));
}

}  // namespace
}  // namespace sluice::chain::call_test
