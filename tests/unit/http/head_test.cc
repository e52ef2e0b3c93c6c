// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/head.h"

#include <gtest/gtest.h>

namespace sluice::http::head_test {
namespace {

TEST(Method, TextAndNameAreInverse) {
  for (std::size_t i = 1; i < kMethods; ++i) {
    auto m = static_cast<Method>(i);
    EXPECT_EQ(method(name(m)), m);
  }
  EXPECT_EQ(name(Method::delete_), "DELETE");
}

TEST(Method, IsCaseSensitive) {
  EXPECT_EQ(method("get"), Method::other);
  EXPECT_EQ(method("Get"), Method::other);
  EXPECT_EQ(method("other"), Method::other);
  EXPECT_EQ(method(""), Method::other);
  EXPECT_EQ(method("PROPFIND"), Method::other);
}

TEST(Method, IdempotentAreThoseOfTheRfc) {
  for (auto m : {Method::get, Method::head, Method::put, Method::delete_, Method::options, Method::trace})
    EXPECT_TRUE(idempotent(m)) << name(m);
  for (auto m : {Method::post, Method::patch, Method::connect, Method::other})
    EXPECT_FALSE(idempotent(m)) << name(m);
}

TEST(Version, HasAName) {
  EXPECT_EQ(name(Version::http_1_0), "HTTP/1.0");
  EXPECT_EQ(name(Version::http_1_1), "HTTP/1.1");
  EXPECT_EQ(name(Version::http_2), "HTTP/2");
}

TEST(StatusPhrase, KnowsTheRegistryAndNothingElse) {
  EXPECT_EQ(status_phrase(100), "Continue");
  EXPECT_EQ(status_phrase(200), "OK");
  EXPECT_EQ(status_phrase(418), "");
  EXPECT_EQ(status_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(status_phrase(511), "Network Authentication Required");
  for (int outside : {-1, 0, 99, 299, 599, 600, 100000}) EXPECT_EQ(status_phrase(outside), "") << outside;
}

TEST(Bodiless, FollowsStatusAndMethod) {
  EXPECT_TRUE(bodiless(Method::head, 200));
  EXPECT_TRUE(bodiless(Method::get, 100));
  EXPECT_TRUE(bodiless(Method::get, 101));
  EXPECT_TRUE(bodiless(Method::get, 204));
  EXPECT_TRUE(bodiless(Method::get, 304));
  EXPECT_TRUE(bodiless(Method::connect, 200));
  EXPECT_FALSE(bodiless(Method::connect, 403));
  EXPECT_FALSE(bodiless(Method::get, 200));
  EXPECT_FALSE(bodiless(Method::post, 205));
}

TEST(CheckLength, TakesWhatTheListenerTakesAndNoByteMore) {
  auto of = [](std::uint64_t length) { return check_length({Framing::Kind::length, length}, 10); };
  EXPECT_TRUE(of(0));
  EXPECT_TRUE(of(10));
  auto more = of(11);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().reason, base::Reason::body_too_large);
  EXPECT_EQ(more.error().detail, "Content-Length exceeds the limit of 10 bytes");
  EXPECT_TRUE(check_length({Framing::Kind::chunked, 0}, 0));
}

}  // namespace
}  // namespace sluice::http::head_test
