// SPDX-License-Identifier: Apache-2.0
// The filter `http_signature`: requests that are signed as RFC 9421 says, and what is done to them on the
// way.
#include <gmock/gmock.h>
#include <openssl/bn.h>

#include <chrono>

#include "gateway/base/base64.h"
#include "gateway/base/strings.h"
#include "gateway/jose/hash.h"

#include "tests/support/consumers.h"
#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/signer.h"

namespace sluice::test::http_signature_test {
namespace {

using testing::HasSubstr;

constexpr const char* kHost = "api.example.com";

// A request of a caller who signs.
struct Signed {
  std::string method = "POST", path = "/u", query{}, body = "{\"hello\": \"world\"}", id = "partner",
              parameters{};
  std::string covered = R"("@method" "@authority" "@path" "@query" "content-digest")";
  long age = 0;      // of the signature, in seconds
  long created = 0;  // the moment itself
  // What is sent in place of what was signed; "" for no difference.
  std::string sent_path{}, sent_body{}, sent_query{}, sent_method{};
};

std::string digest_of(const std::string& body) {
  return "sha-256=:" + base::encode_base64(jose::hash(jose::Hash::sha256, body)) + ":";
}

long now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string request(const Signer& signer, const Signed& s) {
  long created = s.created ? s.created : now() - s.age;
  std::string params =
      "(" + s.covered + ");created=" + std::to_string(created) + ";keyid=\"" + s.id + "\"" + s.parameters;
  std::string text;
  auto line = [&](const std::string& name, const std::string& value) {
    if (s.covered.find("\"" + name + "\"") != std::string::npos) text += "\"" + name + "\": " + value + "\n";
  };
  line("@method", s.method);
  line("@target-uri", std::string("http://") + kHost + s.path + (s.query.empty() ? "" : "?" + s.query));
  line("@authority", kHost);
  line("@path", s.path);
  line("@query", "?" + s.query);
  line("content-digest", digest_of(s.body));
  text += "\"@signature-params\": " + params;
  auto or_else = [](const std::string& sent, const std::string& was) { return sent.empty() ? was : sent; };
  std::string query = or_else(s.sent_query, s.query), body = or_else(s.sent_body, s.body);
  std::string out = or_else(s.sent_method, s.method) + " " + or_else(s.sent_path, s.path) +
                    (query.empty() ? "" : "?" + query) + " HTTP/1.1\r\nHost: " + kHost + "\r\n";
  if (!s.body.empty() || s.covered.find("content-digest") != std::string::npos)
    out += "Content-Digest: " + digest_of(s.body) + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n";
  out += "Signature-Input: sig=" + params + "\r\nSignature: sig=:" + base::encode_base64(signer.sign(text)) +
         ":\r\n\r\n";
  return out + body;
}

// The same head with another body, framed by these lines.
std::string with_body(std::string request, const std::string& framing, const std::string& body) {
  auto at = request.find("Content-Length: "), end = request.find("\r\n", at) + 2;
  request.replace(at, end - at, framing);
  return request.substr(0, request.find("\r\n\r\n") + 4) + body;
}

// The same with the other signature that fits as well, and that everybody can compute: of ECDSA on P-256 the
// one with n - s in place of s.
std::string with_other_half(std::string request) {
  auto at = request.find("Signature: sig=:") + 16, end = request.find(":\r\n", at);
  auto signature = *base::decode_base64(request.substr(at, end - at));
  auto* half = reinterpret_cast<unsigned char*>(signature.data()) + 32;
  BIGNUM *n = nullptr, *s = BN_bin2bn(half, 32, nullptr);
  BN_hex2bn(&n, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
  BN_sub(s, n, s);
  BN_bn2binpad(s, half, 32);
  BN_free(n);
  BN_free(s);
  return request.replace(at, end - at, base::encode_base64(signature));
}

// Its fields as HTTP/2 has them, without those of its framing.
std::vector<Line> fields_of(const std::string& request) {
  std::vector<Line> out;
  for (std::size_t at = request.find("\r\n") + 2, end; (end = request.find("\r\n", at)) != at; at = end + 2) {
    std::string line = request.substr(at, end - at);
    auto colon = line.find(": ");
    std::string name = base::to_lower(line.substr(0, colon));
    if (name == "host") name = ":authority";
    if (name != "content-length") out.push_back({name, line.substr(colon + 2)});
  }
  return out;
}

std::string folded(const std::string& pem) {
  std::string out;
  for (char c : pem) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out;
}

class HttpSignature : public testing::Test {
 protected:
  std::string config(const std::string& more, const std::string& algorithm = "ecdsa-p256-sha256") const {
    std::string key = signer_.secret().empty() ? "key: \"" + folded(signer_.pem()) + "\""
                                               : "secret: \"" + base::encode_base64(signer_.secret()) + "\"";
    return R"(
routes:
  - name: u
    match: {path: "/**"}
    use: [{http_signature: {keys: [{id: partner, algorithm: )" +
           algorithm + ", " + key + "}]" + more + R"(}}]
    to: users
)";
  }
  void serve(const std::string& more = "", const std::string& algorithm = "ecdsa-p256-sha256",
             Downstream downstream = usual_downstream()) {
    gw_ = std::make_unique<Gateway>(config(more, algorithm), downstream);
    users().answers(200, "ok");
  }
  Response ask(const Signed& s) { return gw_->ask(request(signer_, s)); }
  Upstream& users() { return gw_->upstream("users"); }

  Signer signer_{"ES256"};
  std::unique_ptr<Gateway> gw_;
};

TEST_F(HttpSignature, LetsAWholeRequestThroughWithoutItsSignature) {
  serve();

  EXPECT_EQ(ask({.query = "a=1"}).status, 200);

  auto got = users().request();
  EXPECT_EQ(got.body, "{\"hello\": \"world\"}");
  EXPECT_EQ(got.target, "/u?a=1");
  EXPECT_THAT(got, HasNoField("Signature"));
  EXPECT_THAT(got, HasNoField("Signature-Input"));
}

TEST_F(HttpSignature, ChecksEachAlgorithm) {
  for (auto [name, jws] : {std::pair("hmac-sha256", "HS256"), std::pair("ed25519", "EdDSA"),
                           std::pair("ecdsa-p384-sha384", "ES384"), std::pair("rsa-pss-sha512", "PS512"),
                           std::pair("rsa-v1_5-sha256", "RS256")}) {
    signer_ = Signer(jws);
    serve("", name);
    EXPECT_EQ(ask({}).status, 200) << name;
    EXPECT_EQ(ask({.parameters = std::string(";alg=\"") + name + "\""}).status, 200) << name;
    EXPECT_THAT(ask({.parameters = ";alg=\"other\""}), Refused(401, "unauthenticated")) << name;
  }
}

TEST_F(HttpSignature, RefusesWhatWasChangedOnTheWay) {
  serve();
  for (const Signed& s : {Signed{.sent_path = "/admin"}, Signed{.query = "a=1", .sent_query = "a=2"},
                          Signed{.sent_method = "PUT"}, Signed{.sent_body = "{\"hello\": \"mallory\"}"},
                          Signed{.id = "nobody"}})
    EXPECT_THAT(ask(s), Refused(401, "unauthenticated"));
  EXPECT_EQ(users().connections(), 0u);
}

TEST_F(HttpSignature, RefusesWhatDoesNotCoverTheRequest) {
  serve();
  for (std::string covered :
       {R"("@authority" "@path" "@query" "content-digest")", R"("@method" "@path" "@query" "content-digest")",
        R"("@method" "@authority" "@query" "content-digest")", R"("@method" "@authority" "@path" "@query")"})
    EXPECT_THAT(ask({.covered = covered}), Refused(401, "unauthenticated")) << covered;
  EXPECT_THAT(ask({.query = "a=1", .covered = R"("@method" "@authority" "@path" "content-digest")"}),
              Refused(401, "unauthenticated"));
  EXPECT_EQ(ask({.covered = R"("@method" "@target-uri" "content-digest")"}).status, 200);
  EXPECT_EQ(ask({.method = "GET", .body = "", .covered = R"("@method" "@authority" "@path")"}).status, 200);
}

TEST_F(HttpSignature, RefusesWhatWasNotSignedJustNow) {
  serve();
  EXPECT_EQ(ask({.age = 290}).status, 200);
  EXPECT_EQ(ask({.age = -290}).status, 200);
  EXPECT_THAT(ask({.age = 310}), Refused(401, "unauthenticated"));
  EXPECT_THAT(ask({.age = -310}), Refused(401, "unauthenticated"));
  EXPECT_THAT(ask({.parameters = ";expires=1"}), Refused(401, "unauthenticated"));
}

TEST_F(HttpSignature, PassesOnceOnly) {
  serve();
  std::string once = request(signer_, {});

  EXPECT_EQ(gw_->ask(once).status, 200);
  EXPECT_THAT(gw_->ask(once), Refused(401, "unauthenticated"));
  EXPECT_EQ(users().request_count(), 1u);

  serve(", replay: true");
  EXPECT_EQ(gw_->ask(once).status, 200);
  EXPECT_EQ(gw_->ask(once).status, 200);
}

TEST_F(HttpSignature, ForgetsNothingByAReloadThatChangesHowManyAreRemembered) {
  serve(", remember: 1000");
  std::string once = request(signer_, {});
  EXPECT_EQ(gw_->ask(once).status, 200);

  for (const char* remember : {", remember: 200000", ", remember: 5000"}) {
    ASSERT_TRUE(gw_->reload(config(remember)).good);
    EXPECT_THAT(gw_->ask(once), Refused(401, "unauthenticated")) << remember;
    EXPECT_EQ(ask({.parameters = std::string(";nonce=\"") + remember + "\""}).status, 200);
  }
}

TEST_F(HttpSignature, TakesANonceOnce) {
  serve();
  Signed first{.parameters = ";nonce=\"n1\""}, second{.path = "/other", .parameters = ";nonce=\"n1\""};
  EXPECT_EQ(ask(first).status, 200);
  EXPECT_THAT(ask(second), Refused(401, "unauthenticated"));
  second.parameters = ";nonce=\"n2\"";
  EXPECT_EQ(ask(second).status, 200);
}

// Of one signature by ECDSA everybody can make another one that is as good.
TEST_F(HttpSignature, TakesWhatWasSignedOnceWhateverTheSignature) {
  serve();
  Signed what{.created = now() - 5};
  std::string one = request(signer_, what), other = request(signer_, what);
  ASSERT_NE(one, other);
  EXPECT_EQ(gw_->ask(one).status, 200);
  EXPECT_THAT(gw_->ask(other), Refused(401, "unauthenticated"));
}

TEST_F(HttpSignature, TakesTheOtherHalfOfASignatureForTheSame) {
  serve(", replay: true");
  std::string plain = request(signer_, {}), with_nonce = request(signer_, {.parameters = ";nonce=\"n1\""});
  EXPECT_EQ(gw_->ask(with_other_half(plain)).status, 200) << "it is a good one";

  serve();
  for (const std::string& one : {plain, with_nonce}) {
    ASSERT_NE(one, with_other_half(one));
    EXPECT_EQ(gw_->ask(one).status, 200);
    EXPECT_THAT(gw_->ask(with_other_half(one)), Refused(401, "unauthenticated"));
  }
  EXPECT_EQ(users().request_count(), 2u);
}

// What came in chunks is held back as a whole, and sent as one of known length.
TEST_F(HttpSignature, SaysHowLongTheBodyIsThatItHeldBack) {
  serve();
  Signed what;

  EXPECT_EQ(
      gw_->connect()
          .ask(with_body(request(signer_, what), "Transfer-Encoding: chunked\r\n", chunked(what.body, 5)))
          .status,
      200);

  auto got = users().request();
  EXPECT_EQ(got.fault, "");
  EXPECT_EQ(got.body, what.body);
  EXPECT_THAT(got, HasField("Content-Length", std::to_string(what.body.size())));
  EXPECT_EQ(got.count("Content-Length"), 1u);
}

// Where whoever stands between takes it out, head and signature are still good.
TEST_F(HttpSignature, RefusesARequestWhoseBodyWasTakenOut) {
  serve();
  for (std::string_view framing : {"", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n"}) {
    std::string left = framing.starts_with("Transfer") ? "0\r\n\r\n" : "";
    auto stripped = with_body(request(signer_, {}), std::string(framing), left);
    EXPECT_THAT(gw_->connect().ask(stripped), Refused(401, "unauthenticated")) << framing;
  }
  EXPECT_EQ(users().connections(), 0u);

  EXPECT_EQ(ask({.body = ""}).status, 200) << "of nothing";
  std::string uncovered = R"("@method" "@authority" "@path")";
  auto stripped = with_body(request(signer_, {.covered = uncovered}), "", "");
  EXPECT_THAT(gw_->connect().ask(stripped), Refused(401, "unauthenticated")) << "its digest is another one's";
}

TEST_F(HttpSignature, HoldsBodiesOfH2LikeOthers) {
  serve("", "ecdsa-p256-sha256", Downstream::h2);
  auto client = gw_->h2();
  Signed what;
  auto open = [&](bool end_stream) {
    std::vector<Line> lines{{":method", "POST"}, {":scheme", "http"}, {":path", "/u"}};
    for (Line& line : fields_of(request(signer_, what))) lines.push_back(std::move(line));
    return client.open(lines, end_stream);
  };

  EXPECT_THAT(client.response(open(true)), Refused(401, "unauthenticated"));
  auto id = open(false);
  client.send(h2::data(id, "", true));
  EXPECT_THAT(client.response(id), Refused(401, "unauthenticated"));
  EXPECT_EQ(users().connections(), 0u);

  id = open(false);
  client.send_body(id, what.body);
  EXPECT_EQ(client.response(id).status, 200);
  auto got = users().request();
  EXPECT_EQ(got.fault, "");
  EXPECT_EQ(got.body, what.body);
  EXPECT_THAT(got, HasField("Content-Length", std::to_string(what.body.size())));
}

// Another filter may know the caller, but nobody gives back what this one has read.
TEST_F(HttpSignature, EndsAnyWhenTheBodyIsGone) {
  gw_ = std::make_unique<Gateway>(R"(
consumers: [{name: guest}, {name: robot, api_keys: [{name: k, key: ")" +
                                  test::digest_of("robots-key") + R"("}]}]
routes:
  - name: u
    match: {path: "/**"}
    use:
      - any:
          of:
            - http_signature: {body: 10B, keys: [{id: partner, algorithm: ecdsa-p256-sha256, key: ")" +
                                  folded(signer_.pem()) + R"("}]}
            - api_key: {header: X-Api-Key}
          anonymous: guest
    to: users
)");
  users().answers_by([](const Request& r) { return Answer{ok(r.body)}; });
  auto with_key = [&](const Signed& s) {
    std::string text = request(signer_, s);
    return gw_->ask(text.insert(text.find("\r\n") + 2, "X-Api-Key: robots-key\r\n"));
  };

  EXPECT_THAT(with_key({.body = "{}", .sent_body = "[]"}), Refused(401, "unauthenticated"));
  EXPECT_THAT(with_key({}), Refused(413, "body_too_large")) << "than 10 bytes";
  EXPECT_THAT(gw_->connect().ask(with_body(request(signer_, {.body = "{}"}),
                                           "X-Api-Key: robots-key\r\nTransfer-Encoding: chunked\r\n",
                                           chunked(std::string(30, 'x'), 8))),
              Refused(413, "body_too_large"));
  EXPECT_EQ(users().connections(), 0u);

  EXPECT_EQ(with_key({.body = "{}"}).body, "{}");
  EXPECT_EQ(with_key({.body = "{}", .id = "nobody"}).body, "{}") << "as the key's";
  EXPECT_EQ(with_key({.body = "{}", .age = 400}).body, "{}") << "the body was not looked at";
}

TEST_F(HttpSignature, KnowsAConsumerByItsSecret) {
  signer_ = Signer("HS256");
  gw_ = std::make_unique<Gateway>(R"(
consumers:
  - {name: acme, groups: partners, hmac: {id: acme-1, secret: ")" +
                                  base::encode_base64(signer_.secret()) + R"("}}
  - {name: former, hmac: {id: former-1, expires: 2020-01-01, secret: "YW5vdGhlciBzZWNyZXQgb2YgMzIgYnl0ZXMgYW5kIG1vcmU="}}
routes:
  - name: u
    match: {path: "/**"}
    use:
      - http_signature: {}
      - require: {groups: partners}
      - headers: {request: {set: {X-Who: "${consumer.id}"}}}
    to: users
)");
  users().answers(200, "ok");
  EXPECT_EQ(ask({.id = "acme-1"}).status, 200);
  EXPECT_THAT(users().request(), HasField("X-Who", "acme"));
  EXPECT_THAT(ask({.id = "acme-2"}), Refused(401, "unauthenticated"));
  EXPECT_THAT(ask({.id = "former-1"}), Refused(401, "unauthenticated"));
}

TEST_F(HttpSignature, HoldsBackNoLargerBodyThanItIsTold) {
  serve(", body: 10B");
  EXPECT_THAT(ask({}), Refused(413, "body_too_large"));
  EXPECT_EQ(users().connections(), 0u);
}

TEST_F(HttpSignature, NeedsASignature) {
  serve();
  auto got = gw_->get("/u");
  EXPECT_THAT(got, Refused(401, "unauthenticated"));
  EXPECT_THAT(got, HasField("WWW-Authenticate", HasSubstr("Signature")));
  EXPECT_THAT(gw_->get("/u", "Signature: x\r\n"), Refused(401, "unauthenticated"));
  EXPECT_THAT(gw_->get("/u", "Signature-Input: sig=()\r\nSignature: sig=:AAAA:\r\n"),
              Refused(401, "unauthenticated"));
}

}  // namespace
}  // namespace sluice::test::http_signature_test
