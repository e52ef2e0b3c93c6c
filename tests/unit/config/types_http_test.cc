// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/types_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/load.h"

namespace sluice::config::types_http_test {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Biscuit {
  std::string name, path = "/";
  http::SameSite same_site = http::SameSite::lax;
  bool secure = true;
  bool operator==(const Biscuit&) const = default;
};
void describe(Description<Biscuit>& d) {
  d.about("biscuit", "A cookie.");
  d.field("name", &Biscuit::name, "Its name.");
  d.field("path", &Biscuit::path, "Its path.");
  d.field("same_site", &Biscuit::same_site, "When it is sent.");
  d.field("secure", &Biscuit::secure, "Over TLS only.");
  d.check([](const Biscuit& b, const Site& at) {
    check_cookie(at, "name", b.name, {.path = b.path, .secure = b.secure, .same_site = b.same_site},
                 "`path`");
  });
}

std::string problems(std::string text) {
  Diagnostics diagnostics;
  auto document = parse(std::move(text), diagnostics, "config.yaml");
  Names names;
  (void)bind<Biscuit>(document, diagnostics, names);
  return diagnostics.text();
}

TEST(HttpTypes, TakeCookiesThatBrowsersTake) {
  EXPECT_EQ(problems("{name: a, same_site: strict, secure: false, path: /b}"), "");
  EXPECT_EQ(problems("{name: __Host-a, same_site: none}"), "");
  EXPECT_EQ(problems("{name: __Secure-a, path: /b}"), "");
}

TEST(HttpTypes, SayWhatBrowsersWouldRefuse) {
  EXPECT_THAT(problems("{name: __Host-a, path: /b}"), HasSubstr("leaves no choice of `path`"));
  EXPECT_THAT(problems("{name: __Host-a, secure: false}"), HasSubstr("browsers take over TLS only"));
  EXPECT_THAT(problems("{name: __Host-a, secure: false}"), Not(HasSubstr("no choice")));
  EXPECT_THAT(problems("{name: __Secure-a, secure: false}"), HasSubstr("browsers take over TLS only"));
  EXPECT_THAT(problems("{name: a, same_site: none, secure: false}"),
              HasSubstr("must not be `none` without `secure`"));
}

}  // namespace
}  // namespace sluice::config::types_http_test
