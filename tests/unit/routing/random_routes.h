// SPDX-License-Identifier: Apache-2.0
// Routes and requests made from bytes: small alphabets, so that patterns overlap as much as they can. The
// property test feeds random bytes, the fuzz target what it finds.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/routing/request.h"

namespace sluice::routing {

// Reads choices off a run of bytes; all zero at its end.
class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t below(std::size_t n) {
    if (bytes_.empty()) return 0;
    std::size_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte % n;
  }
  template <std::size_t N>
  std::string of(const char* const (&words)[N]) {
    return words[below(N)];
  }
  bool left() const { return !bytes_.empty(); }

 private:
  std::span<const std::uint8_t> bytes_;
};

inline std::string some_path_pattern(Choices& c, bool regexes) {
  static constexpr const char* kRegexes[] = {"~ /a/.*", "~ /a/[ab]+",          "~ ^/(a|b)/a$",
                                             "~ /.*",   "~ /a(/b)?",           "~ /a/b|/b/.*/a",
                                             "~ /a/",   "~ /b/a/(?P<n>[^/]*)", "~ /a/b?"};
  static constexpr const char* kSegments[] = {"a", "b", "ab", "", "{p}", "{p}"};
  static constexpr const char* kEnds[] = {"", "", "/**", "/{rest...}", "/"};
  if (regexes && c.below(5) == 4) return c.of(kRegexes);
  std::string path;
  for (std::size_t i = 0, n = c.below(4); i < n; ++i) {
    std::string segment = c.of(kSegments);
    if (segment == "{p}") segment = "{p" + std::to_string(i) + "}";
    path += "/" + segment;
  }
  std::string end = c.of(kEnds);
  if (path.ends_with('/') && end == "/**") end = "";
  if (path.empty() && end.empty()) end = "/";
  return path + end;
}

inline Match some_match(Choices& c, bool regexes) {
  static constexpr const char* kHosts[] = {"", "a.b.c", "*.b.c", "*.c", "b.c", "*", "*.a.b.c"};
  static constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "OPTIONS", "PURGE", "TRACE"};
  Match m;
  for (std::size_t i = 0, n = c.below(3); i < n; ++i)
    if (std::string h = c.of(kHosts); !h.empty()) m.hosts.push_back(host(h));
  for (std::size_t i = 0, n = c.below(3); i < n; ++i) m.paths.push_back(path(some_path_pattern(c, regexes)));
  for (std::size_t i = 0, n = c.below(3); i < n; ++i) m.methods.push_back(c.of(kMethods));
  if (c.below(4) == 3) m.conditions.push_back(header("X-A", c.below(2) ? "1" : "2"));
  if (c.below(6) == 5) m.conditions.push_back(query("q"));
  return m;
}

inline std::vector<RouteMatches> some_routes(Choices& c, std::size_t most, bool regexes = true) {
  std::vector<RouteMatches> routes;
  for (std::size_t i = 0, n = 1 + c.below(most); i < n; ++i) {
    RouteMatches r{"r" + std::to_string(i), static_cast<int>(c.below(5) == 4), {}};
    for (std::size_t k = 0, matches = 1 + c.below(2); k < matches; ++k)
      r.matches.push_back(some_match(c, regexes));
    routes.push_back(std::move(r));
  }
  return routes;
}

inline std::string some_path(Choices& c) {
  static constexpr const char* kSegments[] = {"a", "b", "ab", "", "c"};
  std::string path;
  for (std::size_t i = 0, n = 1 + c.below(5); i < n; ++i) path += "/" + c.of(kSegments);
  return path;
}

struct SomeRequest {
  std::string method, host, path, header, query;
};
inline SomeRequest some_request(Choices& c) {
  static constexpr const char* kHosts[] = {"a.b.c",   "b.c", "c", "x.b.c", "y.x.b.c",
                                           "a.a.b.c", "z",   "",  ".b.c",  "."};
  static constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "OPTIONS", "PURGE", "BREW", "TRACE"};
  static constexpr const char* kHeaders[] = {"", "1", "2"};
  static constexpr const char* kQueries[] = {"", "q"};
  SomeRequest r;
  r.method = c.of(kMethods);
  r.host = c.of(kHosts);
  r.header = c.of(kHeaders);
  r.query = c.of(kQueries);
  r.path = some_path(c);
  return r;
}

}  // namespace sluice::routing
