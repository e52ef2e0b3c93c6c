// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/target.h"

#include <gtest/gtest.h>

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::target_test {
namespace {

using base::Reason;

std::string with(const std::string& method, const std::string& target, const std::string& host,
                 const char* version = "1.1") {
  return method + " " + target + " HTTP/" + version + "\r\n" + host + "\r\n";
}

struct Form {
  const char* method;
  const char* target;
  const char* host_line;
  const char* path;
  const char* query;  // null: none
  const char* authority;
  const char* host;
};

class TargetForm : public testing::TestWithParam<Form> {};

TEST_P(TargetForm, IsTakenApart) {
  const Form& f = GetParam();

  Request r(with(f.method, f.target, f.host_line));

  ASSERT_TRUE(r.verdict) << r.detail();
  EXPECT_EQ(r.head.target, f.target);
  EXPECT_EQ(r.head.path, f.path);
  EXPECT_EQ(r.head.has_query, f.query != nullptr);
  EXPECT_EQ(r.head.query, f.query ? f.query : "");
  EXPECT_EQ(r.head.authority, f.authority);
  EXPECT_EQ(r.head.host, f.host);
}

INSTANTIATE_TEST_SUITE_P(
    Origin, TargetForm,
    testing::Values(Form{"GET", "/", "Host: a\r\n", "/", nullptr, "a", "a"},
                    Form{"GET", "/?", "Host: a\r\n", "/", "", "a", "a"},
                    Form{"GET", "/a?b?c", "Host: A.B.:80\r\n", "/a", "b?c", "A.B.:80", "a.b"},
                    Form{"GET", "//x/y", "Host: a\r\n", "//x/y", nullptr, "a", "a"},
                    Form{"GET", "/http://b/", "Host: a\r\n", "/http://b/", nullptr, "a", "a"},
                    Form{"GET", "/a/%2e%2e/b?../c", "Host: [::1]:8080\r\n", "/b", "../c", "[::1]:8080",
                         "[::1]"},
                    // Whether a route takes them is decided when it is known.
                    Form{"GET", "/a%2fb%5Cc", "Host: a\r\n", "/a%2Fb%5Cc", nullptr, "a", "a"},
                    Form{"OPTIONS", "/a", "Host: a\r\n", "/a", nullptr, "a", "a"}));

INSTANTIATE_TEST_SUITE_P(
    Absolute, TargetForm,
    testing::Values(Form{"GET", "http://a/b?c", "Host: a\r\n", "/b", "c", "a", "a"},
                    Form{"GET", "http://a", "Host: a\r\n", "/", nullptr, "a", "a"},
                    Form{"GET", "http://a?b", "Host: a\r\n", "/", "b", "a", "a"},
                    Form{"GET", "HTTP://A/", "Host: a\r\n", "/", nullptr, "A", "a"},
                    Form{"GET", "http://a:80/", "Host: a\r\n", "/", nullptr, "a:80", "a"},
                    Form{"GET", "https://a/x/../y", "Host: a:443\r\n", "/y", nullptr, "a", "a"},
                    Form{"OPTIONS", "http://a", "Host: a\r\n", "*", nullptr, "a", "a"},
                    Form{"OPTIONS", "http://a/", "Host: a\r\n", "/", nullptr, "a", "a"},
                    Form{"OPTIONS", "http://a?b", "Host: a\r\n", "/", "b", "a", "a"}));

INSTANTIATE_TEST_SUITE_P(
    Others, TargetForm,
    testing::Values(Form{"OPTIONS", "*", "Host: a\r\n", "*", nullptr, "a", "a"},
                    Form{"CONNECT", "a:443", "Host: a:443\r\n", "", nullptr, "a:443", "a"},
                    Form{"CONNECT", "a:443", "Host: a\r\n", "", nullptr, "a:443", "a"},
                    Form{"CONNECT", "[::1]:443", "Host: [::1]:443\r\n", "", nullptr, "[::1]:443", "[::1]"}));

struct Bad {
  const char* method;
  std::string target;
};

class BadTarget : public testing::TestWithParam<Bad> {};

TEST_P(BadTarget, IsABadRequest) {
  Request r(with(GetParam().method, GetParam().target, "Host: a\r\n"));

  EXPECT_EQ(r.reason(), Reason::bad_request) << "path " << r.head.path;
  EXPECT_NE(r.detail(), "");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTarget,
    testing::Values(Bad{"GET", "*"}, Bad{"GET", "a"}, Bad{"GET", "a:80"}, Bad{"GET", "?a"}, Bad{"GET", "a/b"},
                    Bad{"GET", "ftp://a/"}, Bad{"GET", "http:/a"}, Bad{"GET", "http:a"}, Bad{"GET", "://a/"},
                    Bad{"GET", "http://"}, Bad{"GET", "http:///a"}, Bad{"GET", "http://u@a/"},
                    Bad{"GET", "http://u:p@a/"}, Bad{"GET", "http://a#b"}, Bad{"GET", "http://a:/"},
                    Bad{"GET", "http://a:b/"}, Bad{"GET", "http://a\\b/"}, Bad{"GET", "/a#b"},
                    Bad{"GET", "/a?b#c"}, Bad{"GET", "/\xc3\xa9"}, Bad{"GET", "/a?\xc3\xa9"},
                    Bad{"GET", "/\x7f"}, Bad{"GET", "/\x01"}, Bad{"GET", std::string("/\0", 2)},
                    Bad{"GET", "/a\tb"}, Bad{"GET", "/a\rb"}, Bad{"GET", "/..%2fb"}, Bad{"GET", "/a\\b"},
                    Bad{"GET", "/%"}, Bad{"GET", "/..;/a"}, Bad{"OPTIONS", "**"}, Bad{"OPTIONS", "*?a"},
                    Bad{"CONNECT", "/"}, Bad{"CONNECT", "a"}, Bad{"CONNECT", "http://a:80/"},
                    Bad{"CONNECT", "a:443/x"}, Bad{"CONNECT", "*"}));

struct HostCase {
  const char* name;
  const char* target;
  std::string lines;
};

class BadHost : public testing::TestWithParam<HostCase> {};

TEST_P(BadHost, IsABadRequest) {
  Request r(with("GET", GetParam().target, GetParam().lines));

  EXPECT_EQ(r.reason(), Reason::bad_request) << r.head.host;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadHost,
    testing::Values(HostCase{"missing", "/", ""}, HostCase{"empty", "/", "Host:\r\n"},
                    HostCase{"blank", "/", "Host:  \t\r\n"}, HostCase{"twice", "/", "Host: a\r\nHost: b\r\n"},
                    HostCase{"twice_equal", "/", "Host: a\r\nhost: a\r\n"},
                    HostCase{"list", "/", "Host: a, b\r\n"}, HostCase{"two_words", "/", "Host: a b\r\n"},
                    HostCase{"userinfo", "/", "Host: u@a\r\n"}, HostCase{"path", "/", "Host: a/b\r\n"},
                    HostCase{"scheme", "/", "Host: http://a\r\n"}, HostCase{"port", "/", "Host: a:x\r\n"},
                    HostCase{"port_range", "/", "Host: a:65536\r\n"},
                    HostCase{"port_empty", "/", "Host: a:\r\n"}, HostCase{"ipv6_open", "/", "Host: [::1\r\n"},
                    HostCase{"ipv6_bare", "/", "Host: ::1\r\n"}, HostCase{"percent", "/", "Host: a%00\r\n"},
                    HostCase{"non_ascii", "/", "Host: \xc3\xa4\r\n"}, HostCase{"hash", "/", "Host: a#b\r\n"},
                    HostCase{"only_dot", "/", "Host: .\r\n"}, HostCase{"absolute_missing", "http://a/", ""},
                    HostCase{"absolute_other", "http://a/", "Host: b\r\n"},
                    HostCase{"absolute_port", "http://a:81/", "Host: a\r\n"},
                    HostCase{"absolute_port_host", "http://a/", "Host: a:81\r\n"},
                    HostCase{"absolute_scheme_port", "https://a/", "Host: a:80\r\n"},
                    HostCase{"absolute_empty", "http://a/", "Host:\r\n"},
                    HostCase{"absolute_twice", "http://a/", "Host: a\r\nHost: a\r\n"}),
    [](const auto& p) { return p.param.name; });

TEST(Host, MayBeMissingInHttp10Only) {
  Request none(with("GET", "/", "", "1.0"));
  ASSERT_TRUE(none.verdict) << none.detail();
  EXPECT_EQ(none.head.authority, "");
  EXPECT_EQ(none.head.host, "");

  Request absolute(with("GET", "http://A:81/b", "", "1.0"));
  ASSERT_TRUE(absolute.verdict) << absolute.detail();
  EXPECT_EQ(absolute.head.authority, "A:81");
  EXPECT_EQ(absolute.head.host, "a");

  EXPECT_EQ(Request(with("GET", "/", "Host: a\r\nHost: b\r\n", "1.0")).reason(), Reason::bad_request);
  EXPECT_EQ(Request(with("GET", "/", "Host:\r\n", "1.0")).reason(), Reason::bad_request);
}

TEST(Host, OfConnectMustAgreeWithItsTarget) {
  EXPECT_EQ(Request(with("CONNECT", "a:443", "Host: b:443\r\n")).reason(), Reason::bad_request);
  EXPECT_EQ(Request(with("CONNECT", "a:443", "Host: a:80\r\n")).reason(), Reason::bad_request);
}

}  // namespace
}  // namespace sluice::http::h1::target_test
