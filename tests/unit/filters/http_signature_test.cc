// SPDX-License-Identifier: Apache-2.0
// What happens to requests is in tests/flow/http_signature_test.cc; here are the settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"
#include "gateway/stores/once.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/set_clock.h"
#include "tests/support/signer.h"

namespace sluice::filters::http_signature_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string folded(const std::string& pem) {
  std::string out;
  for (char c : pem) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return "\"" + out + "\"";
}
std::string problems(const std::string& settings) {
  return test::filter("http_signature: " + settings).problems;
}

TEST(HttpSignature, SaysWhatIsWrongWithItsSettings) {
  std::string pem = folded(test::Signer("ES256").pem());
  std::string secret = base::encode_base64(std::string(32, 's'));
  EXPECT_EQ(problems("{keys: [{id: a, algorithm: ecdsa-p256-sha256, key: " + pem + "}]}"), "");
  EXPECT_EQ(problems("{keys: [{id: a, algorithm: hmac-sha256, secret: \"" + secret + "\"}]}"), "");
  EXPECT_EQ(problems("{}"), "");  // consumers may have some
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: ed25519, key: " + pem + "}]}"),
              HasSubstr("the key cannot be for ed25519"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256, key: " + pem + "}]}"),
              HasSubstr("the key cannot be for hmac-sha256"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256, secret: \"c2hvcnQ=\"}]}"),
              HasSubstr("less than 32 bytes"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256, secret: \"***\"}]}"), HasSubstr("no base64"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256}]}"), HasSubstr("secret"));
  std::string twice = "{id: a, algorithm: ecdsa-p256-sha256, key: " + pem + "}";
  EXPECT_THAT(problems("{keys: [" + twice + ", " + twice + "]}"), HasSubstr("id of another key"));
  EXPECT_THAT(problems("{keys: [" + twice + "], cover: [Date]}"), HasSubstr("`Date` is neither"));
  EXPECT_THAT(problems("{keys: [" + twice + "], cover: [\"@status\"]}"), HasSubstr("`@status` is neither"));
}

// The status of a request of that signature; 0 for one that passed.
int answer_to(const chain::Filter& filter, const base::Clock& clock, const std::string& parameters,
              const std::string& signature) {
  net::Loop loop{clock};
  chain::Worker worker{loop, 0};
  test::FakeStream stream;
  base::Scope connection;
  chain::Exchange ex(stream, worker, &connection);
  void* locals[1] = {};
  ex.locals = locals;
  stream.ask("GET", "/u");
  ex.request.fields.add("Signature-Input", ex.arena.join("s=", parameters));
  ex.request.fields.add("Signature", ex.arena.join("s=:", base::encode_base64(signature), ":"));
  int status = -1;
  base::spawn(ex.scope, [](const chain::Filter* asked, chain::Exchange* of, int* out) -> base::Task<> {
    auto asking = asked->on_request(*of);
    auto step = co_await asking;
    *out = step == chain::Step::next ? 0 : of->response.status;
  }(&filter, &ex, &status));
  return status;
}

// Of the GET that answer_to() makes.
std::string parameters_of(long created, std::string_view key) {
  return R"(("@method" "@authority" "@path");created=)" + std::to_string(created) + R"(;keyid=")" +
         std::string(key) + '"';
}
std::string signature_of(const test::Signer& signer, const std::string& parameters) {
  return signer.sign(
      "\"@method\": GET\n\"@authority\": api.example.com\n\"@path\": /u\n\"@signature-params\": " +
      parameters);
}

// What was forgotten by the time that the old skew asks for is no less used for that.
TEST(HttpSignature, PassesOnceOnlyAlsoWhenTheSkewIsRaised) {
  test::Signer signer("HS256", "raised");
  auto with = [&](std::string_view skew) {
    return test::filter("http_signature: {skew: " + std::string(skew) +
                        ", keys: [{id: raised, algorithm: hmac-sha256, secret: \"" +
                        base::encode_base64(signer.secret()) + "\"}]}");
  };
  test::SetClock clock;
  auto ask = [&](const auto& built, long created) {
    std::string parameters = parameters_of(created, "raised");
    std::string signature = signature_of(signer, parameters);
    return answer_to(built.get(), clock, parameters, signature);
  };
  auto before = with("60s");
  ASSERT_EQ(before.problems, "");
  EXPECT_EQ(ask(before, 1'700'000'000), 0);

  auto raised = with("3000s");
  clock.pass(130s);
  EXPECT_EQ(ask(raised, 1'700'000'000), 401);

  // What was made since has the new skew.
  clock.pass(2000s);
  EXPECT_EQ(ask(raised, 1'700'001'000), 0);
  EXPECT_EQ(ask(raised, 1'700'001'000), 401);
}

// A store that has forgotten what it was told, as it does after twice the skew.
class ForgetfulStore final : public stores::OnceStore {
 public:
  base::Task<stores::Once> see(stores::Asker, std::string, base::Duration) override {
    return stores::Once::first;
  }
};
class ForgetfulCounters final : public stores::Counters {
 public:
  base::Task<stores::Taken> take(stores::Asker, const stores::Want&) override { return stores::Taken{}; }
  base::Task<stores::Taken> correct(stores::Asker, const stores::Correction&) override {
    return stores::Taken{};
  }
  std::shared_ptr<stores::OnceStore> once() override { return std::make_shared<ForgetfulStore>(); }
};

// Another gateway took it before the skew was raised, when this one had not seen anything for a while.
TEST(HttpSignature, PassesOnceOnlyOfAllGatewaysAlsoWhenTheSkewIsRaised) {
  test::Signer signer("HS256", "shared");
  test::FakeBuilder builder;
  builder.shared_store = std::make_shared<ForgetfulCounters>();
  auto with = [&](std::string_view skew) {
    config::Diagnostics diagnostics;
    auto document = config::parse("http_signature: {store: shared, skew: " + std::string(skew) +
                                      ", keys: [{id: shared, algorithm: hmac-sha256, secret: \"" +
                                      base::encode_base64(signer.secret()) + "\"}]}",
                                  diagnostics);
    config::Names names;
    names.define("store", "shared");
    auto use = config::bind<test::Use>(document, diagnostics, names);
    EXPECT_EQ(diagnostics.text(), "");
    return chain::make_link(use.filter, "policy", builder).filter;
  };
  test::SetClock clock;
  auto ask = [&](const auto& filter, long created) {
    std::string parameters = parameters_of(created, "shared");
    std::string signature = signature_of(signer, parameters);
    return answer_to(*filter, clock, parameters, signature);
  };
  EXPECT_EQ(ask(with("60s"), 1'700'000'000), 0);
  auto raised = with("3600s");
  clock.pass(100s);
  EXPECT_EQ(ask(raised, 1'700'000'099), 0);

  clock.pass(130s);
  EXPECT_EQ(ask(raised, 1'700'000'100), 401) << "which the other one has taken";
}

TEST(HttpSignature, PassesOnceOnlyAlsoWhenTheClockIsSetBack) {
  test::Signer signer("HS256", "a");
  auto built = test::filter("http_signature: {skew: 60s, keys: [{id: a, algorithm: hmac-sha256, secret: \"" +
                            base::encode_base64(signer.secret()) + "\"}]}");
  ASSERT_EQ(built.problems, "");
  std::string parameters = parameters_of(1'700'000'000, "a");
  std::string signature = signature_of(signer, parameters);
  test::SetClock clock;
  auto ask = [&] { return answer_to(built.get(), clock, parameters, signature); };
  EXPECT_EQ(ask(), 0);
  EXPECT_EQ(ask(), 401);

  // Ten minutes later the clock shows what it did before.
  clock.steady_time += std::chrono::minutes(10);

  EXPECT_EQ(ask(), 401);
}

}  // namespace
}  // namespace sluice::filters::http_signature_test
