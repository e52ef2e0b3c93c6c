// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/uri.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http::uri_test {
namespace {

struct Pair {
  const char* received;
  const char* normal;
};

class NormalPath : public testing::TestWithParam<Pair> {};

TEST_P(NormalPath, IsReachedAndStays) {
  base::Arena arena;

  auto path = normalise_path(GetParam().received, arena);

  ASSERT_TRUE(path) << GetParam().received << ": " << path.error().detail;
  EXPECT_EQ(*path, GetParam().normal) << GetParam().received;
  auto again = normalise_path(*path, arena);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *path) << "not idempotent";
}

INSTANTIATE_TEST_SUITE_P(DotSegments, NormalPath,
                         testing::Values(Pair{"/", "/"}, Pair{"/.", "/"}, Pair{"/..", "/"}, Pair{"/./", "/"},
                                         Pair{"/../", "/"}, Pair{"/a/b/c/./../../g", "/a/g"},
                                         Pair{"/a/..", "/"}, Pair{"/a/.", "/a/"}, Pair{"/a/b/..", "/a/"},
                                         Pair{"/a/../b", "/b"}, Pair{"/../../a", "/a"},
                                         Pair{"/a/./b", "/a/b"}, Pair{"/a//../b", "/a/b"},
                                         Pair{"/a/..//b", "//b"}, Pair{"/..//", "//"},
                                         Pair{"/%2e%2e/a", "/a"}, Pair{"/a/%2E%2e/b", "/b"},
                                         Pair{"/a/.%2e/b", "/b"}, Pair{"/a/%2e./b", "/b"},
                                         Pair{"/a/%2e", "/a/"}, Pair{"/a/%2e%2E", "/"}));

INSTANTIATE_TEST_SUITE_P(Triplets, NormalPath,
                         testing::Values(Pair{"/%41%7e%2d%5f%30", "/A~-_0"}, Pair{"/%c3%a9", "/%C3%A9"},
                                         Pair{"/%3a%3B", "/%3A%3B"}, Pair{"/%20", "/%20"},
                                         Pair{"/%0d%0a", "/%0D%0A"}, Pair{"/%e2%82%ac", "/%E2%82%AC"},
                                         Pair{"/%f0%9f%98%80", "/%F0%9F%98%80"},
                                         Pair{"/%ed%9f%bf", "/%ED%9F%BF"},
                                         Pair{"/%f4%8f%bf%bf", "/%F4%8F%BF%BF"}, Pair{"/%c2%80", "/%C2%80"},
                                         Pair{"/%e0%a0%80", "/%E0%A0%80"}));

// Double encoding is not ours to undo: the path stays one that no single decoding turns into a traversal.
INSTANTIATE_TEST_SUITE_P(TextThatOnlyLooksLikeTraversal, NormalPath,
                         testing::Values(Pair{"/%252e%252e/a", "/%252e%252e/a"}, Pair{"/%252f", "/%252f"},
                                         Pair{"/%25%32%65", "/%252e"}, Pair{"/...", "/..."},
                                         Pair{"/..a/b", "/..a/b"}, Pair{"/a../b", "/a../b"},
                                         Pair{"/.a", "/.a"}, Pair{"/a/.../b", "/a/.../b"},
                                         Pair{"/.well-known/x", "/.well-known/x"},
                                         Pair{"/a;b=1/c", "/a;b=1/c"}, Pair{"/a;/../b", "/b"},
                                         Pair{"/a;..;/b", "/a;..;/b"}, Pair{"/..%20/a", "/..%20/a"},
                                         Pair{"/a/..%09/b", "/a/..%09/b"},
                                         Pair{"/%EF%BC%8E%EF%BC%8E/a", "/%EF%BC%8E%EF%BC%8E/a"}));

INSTANTIATE_TEST_SUITE_P(KeptAsItIs, NormalPath,
                         testing::Values(Pair{"//", "//"}, Pair{"/a//b", "/a//b"},
                                         Pair{"//example.com/a", "//example.com/a"},
                                         Pair{"/a/b.html", "/a/b.html"},
                                         Pair{"/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="},
                                         Pair{"/a|b[c]{d}^`\"<>", "/a|b[c]{d}^`\"<>"}));

class RefusedPath : public testing::TestWithParam<std::string> {};

TEST_P(RefusedPath, IsABadRequest) {
  base::Arena arena;

  auto path = normalise_path(GetParam(), arena);

  ASSERT_FALSE(path) << GetParam() << " became " << *path;
  EXPECT_EQ(path.error().reason, base::Reason::bad_request);
  EXPECT_NE(path.error().detail, "");
}

INSTANTIATE_TEST_SUITE_P(Form, RefusedPath,
                         testing::Values("", "a", "*", "http://a/", "./a", "../a", "/a b", "/a\tb", "/a#b",
                                         "/a?b", "/a\x7f", "/a\r\nb", "/\xc3\xa9", "/a\x01",
                                         std::string("/a\0b", 4)));

INSTANTIATE_TEST_SUITE_P(Triplets, RefusedPath,
                         testing::Values("/%", "/%4", "/%4g", "/%g4", "/%%41", "/%u002e", "/%-1", "/a%",
                                         "/%0x41", "/% 41"));

INSTANTIATE_TEST_SUITE_P(EncodedSeparators, RefusedPath,
                         testing::Values("/a%2fb", "/a%2Fb", "/%2f", "/..%2fadmin", "/%2e%2e%2fadmin",
                                         "/a%5cb", "/a%5Cb", "/..%5cadmin", "/a\\b", "/..\\admin", "/\\..\\",
                                         "/%00", "/a%00.html", "/%2e%2e%00/"));

INSTANTIATE_TEST_SUITE_P(DotSegmentsWithParameters, RefusedPath,
                         testing::Values("/..;/admin", "/a/..;/b", "/.;/a", "/..;x=1/a", "/%2e%2e;/a",
                                         "/..%3b/a", "/.%2e%3B/a", "/a/..;", "/a/.;", "/%2e;foo"));

INSTANTIATE_TEST_SUITE_P(Utf8, RefusedPath,
                         testing::Values("/%c0%ae%c0%ae/a", "/%c0%af", "/%c1%9c", "/%e0%80%af", "/%e0%9f%bf",
                                         "/%f0%80%80%af", "/%f0%8f%bf%bf", "/%f8%80%80%80%af",
                                         "/%fc%80%80%80%80%af", "/%80", "/%bf", "/%c3", "/%c3a", "/%c3/%a9",
                                         "/%e2%82", "/%e2%82x", "/%e2%28%a1", "/%ed%a0%80", "/%f4%90%80%80",
                                         "/%f5%80%80%80", "/%ff", "/%fe", "/%e9", "/%c3%41", "/%c3%c3"));

TEST(NormalisePath, ReturnsTheSameTextWhenNothingChanges) {
  base::Arena arena;
  for (std::string_view path : {"/", "/api/v1/users/42", "/a//b/", "/.well-known/x", "/%C3%A9", "/a%20b"}) {
    auto normal = normalise_path(path, arena);

    ASSERT_TRUE(normal);
    EXPECT_EQ(normal->data(), path.data()) << path;
  }
}

TEST(NormalisePath, TakesNoMemoryForCleanPaths) {
  base::Arena arena;

  EXPECT_TRUE(normalise_path("/api/v1/users/42.json", arena));

  EXPECT_EQ(arena.held(), 0U);
}

TEST(NormalisePath, AllowedSeparatorsStayEncodedAndHideNoDotSegments) {
  base::Arena arena;
  PathOptions both{true, true};

  EXPECT_EQ(*normalise_path("/a%2fb%5cc", arena, both), "/a%2Fb%5Cc");
  for (const char* bad : {"/a/..%2fadmin", "/a%2f..", "/a%2f../b", "/a%5c..%5cb", "/.%2fa", "/a%2f.;x",
                          "/%2f..", "/a%2f%2e%2e%2fb"})
    EXPECT_FALSE(normalise_path(bad, arena, both)) << bad;
  EXPECT_TRUE(normalise_path("/a%2f...%2fb", arena, both));
  EXPECT_FALSE(normalise_path("/a%5cb", arena, PathOptions{true, false}));
  EXPECT_FALSE(normalise_path("/a%2fb", arena, PathOptions{false, true}));
  EXPECT_FALSE(normalise_path("/%00", arena, both));
}

TEST(NormalisePath, IsLinearInTheNumberOfDotSegments) {
  base::Arena arena;
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "/a";
  for (int i = 0; i < 100'000; ++i) deep += "/..";

  EXPECT_EQ(*normalise_path(deep, arena), "/");
}

TEST(SplitTarget, CutsAtTheFirstQuestionMark) {
  auto t = split_target("/a?b?c=/d");
  EXPECT_EQ(t.path, "/a");
  EXPECT_EQ(t.query, "b?c=/d");
  EXPECT_TRUE(t.has_query);

  t = split_target("/a?");
  EXPECT_EQ(t.query, "");
  EXPECT_TRUE(t.has_query);

  t = split_target("/a");
  EXPECT_EQ(t.path, "/a");
  EXPECT_FALSE(t.has_query);
}

TEST(ValidQuery, IsPrintableAsciiWithoutFragment) {
  for (std::string_view good : {"", "a=b&c=%20", "100%", "q[]={x}|\\^`\"<>", "?/:@"})
    EXPECT_TRUE(valid_query(good)) << good;
  for (std::string_view bad : {"a b", "a#b", "a\r\nb", "\xc3\xa9", "a\x7f", "\t"})
    EXPECT_FALSE(valid_query(bad)) << bad;
  EXPECT_FALSE(valid_query(std::string_view("\0", 1)));
}

// By the definition, one byte after the other.
std::size_t slow_clean_prefix(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c <= 0x20 || c == 0x7F || std::string_view("%\\#?").find(c) != std::string_view::npos) return i;
    if (c == '.' && i > 0 && path[i - 1] == '/') return i;
  }
  return path.size();
}

TEST(CleanPrefix, EndsAtTheFirstByteThatMattersAtEveryPlace) {
  for (std::size_t length = 1; length < 60; ++length) {
    std::string plain = "/" + std::string(length - 1, 'a');
    EXPECT_EQ(clean_prefix(plain), length);
    for (std::size_t at = 1; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string path = plain;
        path[at] = static_cast<char>(c);
        ASSERT_EQ(clean_prefix(path), slow_clean_prefix(path)) << "byte " << c << " at " << at;
      }
      std::string dots = plain;
      dots[at - 1] = '/';
      dots[at] = '.';
      ASSERT_EQ(clean_prefix(dots), at) << length;
    }
  }
}

TEST(Query, IsCheckedAtEveryPlace) {
  for (std::size_t length = 1; length < 40; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string query(length, 'q');
        query[at] = static_cast<char>(c);
        ASSERT_EQ(valid_query(query), c > 0x20 && c < 0x7F && c != '#') << "byte " << c << " at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::http::uri_test
