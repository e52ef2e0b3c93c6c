// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/otlp_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/jose/json.h"

#include "tests/unit/observe/sample_record.h"

namespace sluice::observe::otlp::otlp_record_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

AccessRecord proxied() {
  AccessRecord r = forwarded_record();
  r.duration = 2ms;
  r.path = "/orders/4711?page=2&token=abc";
  r.upstream = "orders";
  r.target = "10.0.0.7:8080";
  return r;
}

// A record as it goes to the writer; fails the test if it is not a line of JSON, or longer than was said.
std::string written(const AccessRecord& record) {
  AccessLogConfig config;
  config.otlp.emplace();
  LineFormatter formatter(config);
  std::string out(formatter.bound(record), '#');
  auto n = formatter.format(record, out.data());
  EXPECT_LE(n, out.size());
  EXPECT_LE(formatter.bound(record), LineFormatter::kMaxLine);
  out.resize(n);
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  auto json = jose::Json::parse(out);
  EXPECT_TRUE(json) << json.error().detail << "\n" << out;
  return out;
}

std::string text(std::string_view key, std::string_view value) {
  return R"({"key":")" + std::string(key) + R"(","value":{"stringValue":")" + std::string(value) + R"("}})";
}
std::string number(std::string_view key, std::string_view value) {
  return R"({"key":")" + std::string(key) + R"(","value":{"intValue":")" + std::string(value) + R"("}})";
}

TEST(OtlpRecord, SaysWhenItWasAndWhat) {
  auto record = written(proxied());

  EXPECT_THAT(record,
              testing::StartsWith(
                  R"({"timeUnixNano":"1767323045078000000","observedTimeUnixNano":"1767323045080000000",)"
                  R"("severityNumber":9,"severityText":"INFO",)"
                  R"("body":{"stringValue":"GET /orders/4711 200"},"attributes":[)"));
}

TEST(OtlpRecord, NamesWhatTheConventionsName) {
  AccessRecord r = proxied();
  r.tls_version = "TLSv1.3";
  r.sni = "api.example.com";
  r.user_agent = "curl/8";
  r.referer = "https://a.example/?token=abc";
  r.bytes_in = 120;
  auto record = written(r);

  EXPECT_THAT(record, HasSubstr(text("http.request.method", "GET")));
  EXPECT_THAT(record, HasSubstr(number("http.response.status_code", "200")));
  EXPECT_THAT(record, HasSubstr(text("url.scheme", "https")));
  EXPECT_THAT(record, HasSubstr(text("url.path", "/orders/4711")));
  EXPECT_THAT(record, HasSubstr(text("url.query", "page=2&token=REDACTED")));
  EXPECT_THAT(record, HasSubstr(text("server.address", "api.example.com")));
  EXPECT_THAT(record, HasSubstr(text("client.address", "203.0.113.7")));
  EXPECT_THAT(record, HasSubstr(number("client.port", "51234")));
  EXPECT_THAT(record, HasSubstr(text("network.protocol.version", "1.1")));
  EXPECT_THAT(record, HasSubstr(text("tls.protocol.version", "1.3")));
  EXPECT_THAT(record, HasSubstr(text("tls.client.server_name", "api.example.com")));
  EXPECT_THAT(record, HasSubstr(text("user_agent.original", "curl/8")));
  EXPECT_THAT(record, HasSubstr(number("http.request.size", "120")));
  EXPECT_THAT(record, HasSubstr(R"({"key":"http.request.header.referer","value":{"arrayValue":{"values":)"
                                R"([{"stringValue":"https://a.example/?token=REDACTED"}]}}})"));
  EXPECT_THAT(record, Not(HasSubstr("error.type")));
}

TEST(OtlpRecord, HasAllOtherFieldsByTheirOwnNames) {
  AccessRecord r = proxied();
  AttemptRecord attempts[] = {{"10.0.0.6:8080", 503, base::Reason::none, 1ms},
                              {"10.0.0.7:8080", 200, {}, 2ms}};
  std::string_view partial[] = {"users"};
  r.attempts = attempts;
  r.partial = partial;
  ClaimRecord claims[] = {{"tenant", "a\"b"}, {"region", "eu"}};
  r.claims = claims;
  r.queue = 1'500us;
  r.rate_limit_remaining = 7;
  auto record = written(r);

  EXPECT_THAT(record, HasSubstr(text("sluice.route", "orders")));
  EXPECT_THAT(record, HasSubstr(text("sluice.target", "10.0.0.7:8080")));
  EXPECT_THAT(record, HasSubstr(R"({"key":"sluice.queue_ms","value":{"doubleValue":1.500}})"));
  EXPECT_THAT(record, HasSubstr(number("sluice.rate_limit_remaining", "7")));
  EXPECT_THAT(record, HasSubstr(R"({"key":"sluice.attempts","value":{"arrayValue":{"values":)"
                                R"([{"stringValue":"10.0.0.6:8080 503 - 1.000"},)"));
  EXPECT_THAT(record,
              HasSubstr(R"("sluice.partial","value":{"arrayValue":{"values":[{"stringValue":"users"}]}})"));
  EXPECT_THAT(record, HasSubstr(R"({"key":"sluice.claims","value":{"kvlistValue":{"values":[)" +
                                text("tenant", R"(a\"b)") + "," + text("region", "eu") + "]}}}"));
  EXPECT_THAT(record, Not(HasSubstr("sluice.status")));
  EXPECT_THAT(record, Not(HasSubstr("sluice.time")));
}

TEST(OtlpRecord, IsSevereByItsStatus) {
  AccessRecord r = proxied();
  r.status = 404;
  EXPECT_THAT(written(r), HasSubstr(R"("severityText":"WARN")"));
  r.status = 502;
  r.reason = base::Reason::upstream_connect_failed;
  EXPECT_THAT(written(r), HasSubstr(R"("severityNumber":17,"severityText":"ERROR")"));
  EXPECT_THAT(written(r), HasSubstr(text("error.type", "upstream_connect_failed")));
  r.status = 200;
  r.reason = base::Reason::client_closed;
  EXPECT_THAT(written(r), HasSubstr(R"("severityText":"WARN")"));
}

TEST(OtlpRecord, BelongsToTheTraceOfItsRequest) {
  AccessRecord r = proxied();
  r.trace = parse_traceparent(kTraceparent);

  EXPECT_THAT(written(r), HasSubstr(R"(],"traceId":"4bf92f3577b34da6a3ce929d0e0e4736",)"
                                    R"("spanId":"00f067aa0ba902b7","flags":1})"));
  EXPECT_THAT(written(r), Not(HasSubstr("trace_id"))) << "which would say it twice";
  EXPECT_THAT(written(proxied()), Not(HasSubstr("traceId")));
}

TEST(OtlpRecord, EscapesWhatClientsSend) {
  AccessRecord r = proxied();
  r.path = "/a\"}]}\n\xff?\"=\\";
  r.host = "a\"b";
  r.user_agent = "\x01";
  auto record = written(r);

  EXPECT_THAT(record, HasSubstr(text("server.address", R"(a\"b)")));
  EXPECT_THAT(record, HasSubstr(R"(/a\"}]})"));
}

TEST(OtlpRecord, KeepsWithinItsBound) {
  std::string bad(8000, '\x01');
  std::string_view one = bad;
  AccessRecord r = proxied();
  std::string path = '/' + bad + '?' + bad, short_path = '/' + bad.substr(0, 2000) + '?' + bad;
  std::vector<AttemptRecord> attempts(12, AttemptRecord{one, 503, base::Reason::none, 1ms});
  std::vector<std::string_view> partial(20, one);
  for (std::string_view* text :
       {&r.request_id, &r.listener, &r.client_ip, &r.method, &r.host, &r.protocol, &r.tls_version, &r.sni,
        &r.detail, &r.route, &r.consumer, &r.auth_method, &r.credential, &r.policy_denied, &r.upstream,
        &r.target, &r.user_agent, &r.referer, &r.config_hash})
    *text = one;
  r.attempts = attempts;
  r.partial = r.groups = r.scopes = partial;
  std::vector<ClaimRecord> claims(
      20, ClaimRecord{"a-claim-whose-name-is-as-long-as-it-may-be-which-is-64-bytes----", one});
  r.claims = claims;
  r.trace = parse_traceparent(kTraceparent);
  r.queue = r.auth = r.filters = r.connect = r.first_byte = r.upstream_time = r.client_write = 1h;
  for (const auto& p : {path, short_path}) {
    r.path = p;
    written(r);
  }
}

}  // namespace
}  // namespace sluice::observe::otlp::otlp_record_test
