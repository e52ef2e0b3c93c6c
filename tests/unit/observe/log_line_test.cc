// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/observe/sample_record.h"

namespace sluice::observe::log_line_test {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

AccessRecord proxied() {
  AccessRecord r = forwarded_record();
  r.path = "/orders/4711?page=2";
  r.upstream = "orders-v2";
  r.target = "10.0.3.17:8080";
  r.bytes_in = 812;
  r.bytes_out = 1'377;
  r.duration = 3'417'400ns;
  r.queue = 0ns;
  r.connect = 250us;
  r.first_byte = 3'280us;
  r.upstream_time = 3'391us;
  r.overhead = 26'440ns;
  r.user_agent = "curl/8.5.0";
  r.referer = "https://www.example.com/";
  r.config_hash = "9f86d081";
  return r;
}

std::string line(const AccessRecord& record, LogFormat format = LogFormat::json) {
  AccessLogConfig config;
  config.format = format;
  LineFormatter formatter(config);
  std::string out(formatter.bound(record), '#');
  auto n = formatter.format(record, out.data());
  EXPECT_LE(n, out.size());
  out.resize(n);
  return out;
}

std::string line(const AccessRecord& record, const std::string& text) {
  AccessLogConfig config;
  config.format = LogFormat::combined;  // which does not matter
  config.line = std::get<LogTemplate>(LogTemplate::compile(text));
  LineFormatter formatter(config);
  std::string out(formatter.bound(record), '#');
  auto n = formatter.format(record, out.data());
  EXPECT_LE(n, out.size());
  out.resize(n);
  return out;
}

TEST(LogLine, NamesTheCaller) {
  AccessRecord r = proxied();
  r.consumer = "acme";
  r.auth_method = "api_key";
  r.credential = "laptop \"1\"";

  EXPECT_THAT(line(r),
              HasSubstr(R"("consumer":"acme","auth_method":"api_key","credential":"laptop \"1\"",)"));
  EXPECT_THAT(line(r, LogFormat::logfmt), HasSubstr("consumer=acme auth_method=api_key credential="));
  EXPECT_THAT(line(r, LogFormat::combined), HasSubstr("203.0.113.7 - acme ["));
  EXPECT_THAT(line(proxied()), Not(HasSubstr("consumer")));
}

TEST(LogLine, NamesTheGroupsAndScopesOfTheCaller) {
  constexpr std::string_view kGroups[] = {"staff", "a\nb"}, kScopes[] = {"orders:read"};
  AccessRecord r = proxied();
  r.credential = "laptop";
  r.groups = kGroups;
  r.scopes = kScopes;

  EXPECT_THAT(line(r),
              HasSubstr(R"("credential":"laptop","groups":["staff","a\nb"],"scopes":["orders:read"],)"));
  EXPECT_THAT(line(r, LogFormat::logfmt), HasSubstr(R"( groups="staff,a\nb" scopes="orders:read" )"));
  EXPECT_EQ(line(r, "${groups} ${scopes}"), "staff,a\\x0ab orders:read\n");
  EXPECT_THAT(line(proxied()), Not(HasSubstr("groups")));
}

// Whatever a claim says, it stays one value of its own field.
TEST(LogLine, HasClaimsThatCannotPassForOthers) {
  std::string longer(1000, 'x');
  ClaimRecord claims[] = {{"tenant", "acme\",\"role\":\"admin"}, {"region", "eu"}, {"note", longer}};
  AccessRecord r = proxied();
  r.claims = claims;
  std::string cut = std::string(128, 'x') + "...";

  EXPECT_THAT(line(r), HasSubstr(R"("claims":{"tenant":"acme\",\"role\":\"admin","region":"eu","note":")" +
                                 cut + R"("},"upstream")"));
  EXPECT_THAT(line(r, LogFormat::logfmt),
              HasSubstr(R"( claims.tenant="acme\",\"role\":\"admin" claims.region=eu claims.note=)"));
  EXPECT_EQ(line(r, "${claims}"),
            R"(tenant="acme\x22,\x22role\x22:\x22admin", region="eu", note=")" + cut + "\"\n");
  EXPECT_EQ(line(proxied(), "${claims}"), "-\n");
}

TEST(LogLine, NamesTheTrace) {
  AccessRecord r = proxied();
  r.trace = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

  EXPECT_THAT(line(r), HasSubstr(R"(,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","listener":)"));
  EXPECT_THAT(line(r, LogFormat::logfmt), HasSubstr(" trace_id=4bf92f3577b34da6a3ce929d0e0e4736 "));
  EXPECT_EQ(line(r, "${trace_id}"), "4bf92f3577b34da6a3ce929d0e0e4736\n");
  EXPECT_THAT(line(proxied()), Not(HasSubstr("trace_id")));
}

TEST(LogLine, SplitsTheTimeThatWasSpent) {
  AccessRecord r = proxied();
  r.auth = 1'500us;
  r.filters = 1'750us;
  r.client_write = 20ms;

  EXPECT_THAT(line(r),
              HasSubstr(R"("queue_ms":0.000,"auth_ms":1.500,"filters_ms":1.750,"connect_ms":0.250,)"));
  EXPECT_THAT(line(r), HasSubstr(R"("upstream_ms":3.391,"client_write_ms":20.000,"overhead_us":26.4,)"));
}

TEST(LogLine, NamesThePolicyThatRefused) {
  AccessRecord r = proxied();
  r.policy_denied = "staff";

  EXPECT_THAT(line(r), HasSubstr(R"("policy_denied":"staff",)"));
  EXPECT_THAT(line(r, LogFormat::logfmt), HasSubstr(" policy_denied=staff "));
}

TEST(LogLine, InCombinedFormKeepsItsPlacesWhateverCallersAreCalled) {
  AccessRecord r = proxied();
  r.credential = "a - - [forged";
  EXPECT_THAT(line(r, LogFormat::combined), HasSubstr("203.0.113.7 - - [02/"));
  r.credential = std::string_view("cn=7\"x");
  EXPECT_THAT(line(r, LogFormat::combined), HasSubstr("203.0.113.7 - cn=7"));
}

TEST(LogLine, InJsonHasEveryField) {
  EXPECT_EQ(
      line(proxied()),
      R"({"time":"2026-01-02T03:04:05.078Z","request_id":"0197f0a2","listener":"public",)"
      R"("client_ip":"203.0.113.7","client_port":51234,"method":"GET","host":"api.example.com",)"
      R"("path":"/orders/4711?page=2","protocol":"HTTP/1.1","status":200,"reason":"","source":"upstream",)"
      R"("route":"orders","upstream":"orders-v2","target":"10.0.3.17:8080","bytes_in":812,"bytes_out":1377,)"
      R"("duration_ms":3.417,"queue_ms":0.000,"connect_ms":0.250,"first_byte_ms":3.280,"upstream_ms":3.391,)"
      R"("overhead_us":26.4,"user_agent":"curl/8.5.0","referer":"https://www.example.com/",)"
      R"("config_hash":"9f86d081"})"
      "\n");
}

TEST(LogLine, InLogfmtHasTheSameFields) {
  EXPECT_EQ(
      line(proxied(), LogFormat::logfmt),
      "time=2026-01-02T03:04:05.078Z request_id=0197f0a2 listener=public client_ip=203.0.113.7 "
      "client_port=51234 method=GET host=api.example.com path=\"/orders/4711?page=2\" protocol=HTTP/1.1 "
      "status=200 reason=\"\" source=upstream route=orders upstream=orders-v2 target=10.0.3.17:8080 "
      "bytes_in=812 bytes_out=1377 duration_ms=3.417 queue_ms=0.000 connect_ms=0.250 first_byte_ms=3.280 "
      "upstream_ms=3.391 overhead_us=26.4 user_agent=curl/8.5.0 referer=https://www.example.com/ "
      "config_hash=9f86d081\n");
}

TEST(LogLine, SaysHowImportantARequestWasThatWasNotLikeTheOthers) {
  AccessRecord r = proxied();
  EXPECT_THAT(line(r), Not(HasSubstr("importance")));
  r.importance = "critical";
  EXPECT_THAT(line(r), HasSubstr(R"("route":"orders","importance":"critical",)"));
  EXPECT_THAT(line(r, LogFormat::logfmt), HasSubstr("route=orders importance=critical "));
}

TEST(LogLine, CombinedIsWhatOtherServersWrite) {
  EXPECT_EQ(line(proxied(), LogFormat::combined),
            "203.0.113.7 - - [02/Jan/2026:03:04:05 +0000] \"GET /orders/4711?page=2 HTTP/1.1\" 200 1377 "
            "\"https://www.example.com/\" \"curl/8.5.0\"\n");
}

TEST(LogLine, LeavesOutWhatDoesNotApply) {
  AccessRecord r;
  r.status = 404;
  r.reason = base::Reason::no_route;

  auto json = line(r);

  EXPECT_THAT(json,
              HasSubstr(R"("status":404,"reason":"no_route","source":"gateway","route":"-","bytes_in":0)"));
  for (auto name : {"upstream", "target", "attempts", "queue_ms", "connect_ms", "first_byte_ms",
                    "upstream_ms", "user_agent", "referer"})
    EXPECT_THAT(json, Not(HasSubstr("\"" + std::string(name) + "\":"))) << name;
  EXPECT_EQ(line(r, LogFormat::combined), "- - - [01/Jan/1970:00:00:00 +0000] \"- - -\" 404 0 \"-\" \"-\"\n");
}

TEST(LogLine, TellsOfAttemptsWhenThereWasMoreThanOne) {
  AttemptRecord attempts[] = {{"10.0.0.1:80", 0, base::Reason::stale_connection, 300us},
                              {"10.0.0.2:80", 200, base::Reason::none, 12'345us}};
  auto r = proxied();
  r.attempts = {attempts, 1};
  EXPECT_THAT(line(r), Not(HasSubstr("attempts")));

  r.attempts = attempts;
  EXPECT_THAT(
      line(r),
      HasSubstr(R"(,"attempts":[)"
                R"({"target":"10.0.0.1:80","status":0,"reason":"stale_connection","duration_ms":0.300},)"
                R"({"target":"10.0.0.2:80","status":200,"reason":"","duration_ms":12.345}],"bytes_in")"));
  EXPECT_THAT(
      line(r, LogFormat::logfmt),
      HasSubstr(" attempts=\"10.0.0.1:80 0 stale_connection 0.300, 10.0.0.2:80 200 - 12.345\" bytes_in"));
}

TEST(LogLine, NamesTheCallsThatFailedAndWhatALimitStillAllows) {
  constexpr std::string_view kFailed[] = {"orders", "users"};
  AccessRecord r = proxied();
  r.partial = kFailed;
  r.rate_limit_remaining = 17;

  EXPECT_THAT(line(r), HasSubstr(R"(,"partial":["orders","users"],"rate_limit_remaining":17,"config_hash")"));
  EXPECT_THAT(line(r, LogFormat::logfmt),
              HasSubstr(" partial=\"orders,users\" rate_limit_remaining=17 config"));
  r.rate_limit_remaining = 0;
  EXPECT_THAT(line(r), HasSubstr("\"rate_limit_remaining\":0,"));
}

TEST(LogLine, IsWhatATemplateSays) {
  AccessRecord r = proxied();
  r.queue.reset();

  EXPECT_EQ(line(r, "${client_ip} [${time}] \"${method} ${path}\" ${status} ${queue_ms} $${x}"),
            "203.0.113.7 [2026-01-02T03:04:05.078Z] \"GET /orders/4711?page=2\" 200 - ${x}\n");
  EXPECT_EQ(line(r, "${duration_ms}/${overhead_us}/${bytes_out}/${reason}/${source}/${attempts}/${partial}"),
            "3.417/26.4/1377/-/upstream/-/-\n");
}

TEST(LogLine, OfATemplateCanNameEveryField) {
  constexpr std::string_view kFailed[] = {"orders", "users"};
  AttemptRecord attempts[] = {{"10.0.0.1:80", 0, base::Reason::stale_connection, 300us},
                              {"10.0.0.2:80", 200, base::Reason::none, 12'345us}};
  AccessRecord r = proxied();
  r.attempts = attempts;
  r.partial = kFailed;
  r.rate_limit_remaining = 4;
  std::string text;
  for (std::string_view name : log_field_names()) text += "${" + std::string(name) + "} ";

  auto written = line(r, text);

  EXPECT_THAT(written,
              HasSubstr(" 10.0.0.1:80 0 stale_connection 0.300, 10.0.0.2:80 200 - 12.345 812 1377 "));
  EXPECT_THAT(written, HasSubstr(" orders,users 4 9f86d081 \n"));
}

TEST(LogLine, CannotBeForgedThroughATemplate) {
  AccessRecord r = proxied();
  r.user_agent = "a\" 200\n\xff";
  r.path = "/x?password=hush\r\n";

  EXPECT_EQ(line(r, "\"${user_agent}\" ${path}"), "\"a\\x22 200\\x0a\\xff\" /x?password=REDACTED\n");
}

TEST(LogLine, CannotBeForged) {
  auto r = proxied();
  r.method = "GET\r\n{\"status\":200}";
  r.host = "a\",\"status\":\"200";
  r.path = "/\n203.0.113.9 - - \"GET / HTTP/1.1\" 200";
  r.user_agent = "x\" status=200\n\x1b[2J";
  r.referer = "\xff\xfe\"";
  r.request_id = "a b=c";

  for (auto format : {LogFormat::json, LogFormat::logfmt, LogFormat::combined}) {
    auto text = line(r, format);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_THAT(text, EndsWith("\n"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
  }
  EXPECT_THAT(line(r), HasSubstr(R"("host":"a\",\"status\":\"200",)"));
  EXPECT_THAT(line(r, LogFormat::logfmt), HasSubstr(R"( request_id="a b=c" )"));
  EXPECT_THAT(line(r, LogFormat::combined),
              HasSubstr(R"(/\x0a203.0.113.9 - - \x22GET / HTTP/1.1\x22 200 HTTP/1.1" 200)"));
}

TEST(LogLine, LeavesSecretsOutOfPathAndReferer) {
  auto r = proxied();
  r.path = "/login?user=me&password=hunter2";
  r.referer = "https://example.com/cb?code=4711&state=1";

  for (auto format : {LogFormat::json, LogFormat::logfmt, LogFormat::combined}) {
    EXPECT_THAT(line(r, format), HasSubstr("/login?user=me&password=REDACTED"));
    EXPECT_THAT(line(r, format), HasSubstr("https://example.com/cb?code=REDACTED&state=1"));
  }
}

TEST(LogLine, DoesNotShowASecretBecauseItWasCut) {
  auto r = proxied();
  r.path = "/a?password=";
  std::string path = std::string(r.path) + std::string(10'000, 's');
  r.path = path;

  EXPECT_THAT(line(r), HasSubstr("\"path\":\"/a?password=REDACTED...\""));
}

TEST(LogLine, StaysWithinItsBoundWhateverIsSent) {
  std::string junk(100'000, '\x01');
  std::string parameters = "/?";
  for (int i = 0; i < 3000; ++i) parameters += "&key=";
  AttemptRecord attempt{junk, 999, base::Reason::upstream_connect_failed, base::Duration::max()};
  std::vector<AttemptRecord> attempts(50, attempt);
  AccessRecord r;
  for (auto* text :
       {&r.request_id, &r.listener, &r.client_ip, &r.method, &r.host, &r.path, &r.protocol, &r.route,
        &r.policy_denied, &r.upstream, &r.target, &r.user_agent, &r.referer, &r.config_hash})
    *text = junk;
  r.attempts = attempts;
  std::vector<std::string_view> failed(50, junk);
  r.partial = r.groups = r.scopes = failed;
  std::vector<ClaimRecord> claims(50, ClaimRecord{std::string_view(junk).substr(0, 64), junk});
  r.claims = claims;
  r.rate_limit_remaining = ~std::uint64_t{0};
  r.status = 999;
  r.reason = base::Reason::upstream_connect_failed;
  r.bytes_in = r.bytes_out = ~std::uint64_t{0};
  r.duration = r.overhead = base::Duration::max();
  r.queue = r.auth = r.filters = r.client_write = r.connect = r.first_byte = r.upstream_time =
      base::Duration::max();

  for (auto format : {LogFormat::json, LogFormat::logfmt, LogFormat::combined})
    for (auto path : {std::string_view(junk), std::string_view(parameters)}) {
      r.path = r.referer = path;
      EXPECT_LE(LineFormatter({}).bound(r), LineFormatter::kMaxLine);
      EXPECT_THAT(line(r, format), EndsWith("\n"));
    }
  std::string text(LogTemplate::kLongest - 1000, 'x');
  for (std::string_view name : log_field_names()) text += "${" + std::string(name) + "}";
  EXPECT_THAT(line(r, text), EndsWith("\n"));
}

TEST(LogLine, FollowsTheClock) {
  AccessLogConfig config;
  LineFormatter formatter(config);
  auto r = proxied();
  std::string out(formatter.bound(r), '#');
  auto time = [&](base::WallTime t) {
    r.time = t;
    formatter.format(r, out.data());
    return out.substr(9, 24);
  };

  EXPECT_EQ(time(base::WallTime(1'767'323'045'999ms)), "2026-01-02T03:04:05.999Z");
  EXPECT_EQ(time(base::WallTime(1'767'323'046'000ms)), "2026-01-02T03:04:06.000Z");
  EXPECT_EQ(time(base::WallTime(1'767'323'045'001ms)), "2026-01-02T03:04:05.001Z");
  EXPECT_EQ(time(base::WallTime(1'709'164'800s)), "2024-02-29T00:00:00.000Z");
}

TEST(LogLine, TakesNegativeDurationsAsNone) {
  auto r = proxied();
  r.duration = -5ms;
  EXPECT_THAT(line(r), HasSubstr("\"duration_ms\":0.000,"));
}

}  // namespace
}  // namespace sluice::observe::log_line_test
