// SPDX-License-Identifier: Apache-2.0
// The filter `rewrite`: changes the path that the upstream gets. It works on the normalised, still encoded
// path, so that %2F stays what it was, and what it makes is again normalised: no dot segments, no double
// slash where pieces meet, never empty. The query stays.
#include <optional>
#include <string>

#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/template.h"
#include "gateway/http/uri.h"

namespace sluice::filters {

struct RewriteConfig {
  std::optional<std::string> prefix;
  std::optional<std::string> strip_prefix;
  std::optional<chain::Template> path;
  bool operator==(const RewriteConfig&) const = default;
};

namespace {

constexpr std::string_view kSlash = "%2F", kBackslash = "%5C";

// What an operator writes may hold both.
constexpr http::PathOptions kWritten{.encoded_slash = true, .encoded_backslash = true};

http::PathOptions allowing(std::string_view normal_path) noexcept {
  auto has = [&](std::string_view triplet) { return normal_path.find(triplet) != std::string_view::npos; };
  return {.encoded_slash = has(kSlash), .encoded_backslash = has(kBackslash)};
}

bool has_dot_segment(std::string_view path) noexcept {
  for (std::size_t at = 0; (at = path.find("/.", at)) != std::string_view::npos; ++at) {
    std::string_view segment = path.substr(at + 1, path.find('/', at + 1) - at - 1);
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

std::string_view without_slashes_at_end(std::string_view path) noexcept {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// "" or why this is no path that a configuration may name.
std::string refuse_path(std::string_view path) {
  if (path.find("${") != std::string_view::npos) return "must not hold variables; `path` may";
  if (!path.starts_with('/')) return "must start with `/`";
  if (path.find('?') != std::string_view::npos) return "must not hold a query; the request keeps its own";
  if (path.find("//") != std::string_view::npos) return "must not hold `//`";
  base::Arena arena;
  auto normal = http::normalise_path(path, arena, kWritten);
  if (!normal) return "must be a path as it stands in a URL: " + normal.error().detail;
  if (has_dot_segment(path) || base::glob_match("*%2e*", path))
    return "must not hold `.` or `..` segments, nor `%2E`";
  return {};
}

std::string refuse_prefix(const std::string& prefix) { return prefix.empty() ? "" : refuse_path(prefix); }

std::string refuse_template(const chain::Template& path) {
  constexpr std::string_view kWhole = "${request.path}";
  std::string sample = path.rendered_with("x");
  if (path.text().starts_with(kWhole)) sample.insert(0, "/");
  return refuse_path(sample);
}

}  // namespace

void describe(config::Description<RewriteConfig>& d) {
  using namespace config;
  d.about("rewrite", "Changes the path that the upstream gets. The query stays.");
  d.field("prefix", &RewriteConfig::prefix,
          "Takes the place of the part of the path that the route's pattern matched before its `/**`; `/` "
          "removes that "
          "part.",
          check(refuse_prefix), example("/v2"));
  d.field("strip_prefix", &RewriteConfig::strip_prefix,
          "Is taken off the front of the path; paths that are not below it stay as they are.",
          check(refuse_path), example("/api"));
  d.field("path", &RewriteConfig::path,
          "Takes the place of the whole path. Captures stay encoded; other values become part of one "
          "segment. Where "
          "values make a `.` or `..` segment the request is refused with 400.",
          check(refuse_template), example("/v1/users/${path.id}"));
  d.exactly_one({"prefix", "strip_prefix", "path"});
}

namespace {

using chain::Exchange;
using chain::Step;

class RewriteFilter final : public chain::Filter {
 public:
  RewriteFilter(const RewriteConfig& c, chain::Builder& builder) {
    if (c.prefix) {
      kind_ = Kind::prefix;
      prefix_ = literal(*c.prefix);
      if (!builder.route().prefix)
        builder.error("prefix", "the path of this route is an expression, which has no prefix to replace",
                      "use `strip_prefix` or `path`");
    } else if (c.strip_prefix) {
      kind_ = Kind::strip;
      prefix_ = literal(*c.strip_prefix);
    } else if (c.path) {
      path_ = *c.path;
      written_ = allowing(literal(path_.rendered_with("x")));
      chain::check_captures(path_, "path", builder);
    }
  }

  base::Task<Step> on_request(Exchange& ex) const override {
    if (!ex.request.path.starts_with('/')) return Step::next;  // OPTIONS * and CONNECT have no path
    if (kind_ == Kind::whole) return replace_all(ex);
    if (kind_ == Kind::prefix) {
      std::string_view matched = without_slashes_at_end(ex.matched_prefix);
      if (!ex.request.path.starts_with(matched)) matched = {};
      put(ex, prefix_, ex.request.path.substr(matched.size()));
      ex.matched_prefix = ex.request.path.substr(0, prefix_.size());
    } else if (below(ex.request.path)) {
      strip(ex);
    }
    return Step::next;
  }

 private:
  enum class Kind : std::uint8_t { whole, prefix, strip };

  // In the form in which requests come, without slashes at the end; checked before.
  static std::string literal(std::string_view path) {
    if (path.empty()) return {};
    base::Arena arena;
    auto normal = http::normalise_path(path, arena, kWritten);
    return std::string(without_slashes_at_end(normal ? *normal : path));
  }

  bool below(std::string_view path) const noexcept {
    return path.starts_with(prefix_) && (path.size() == prefix_.size() || path[prefix_.size()] == '/');
  }

  // The table of the Gateway API: `rest` is empty or starts with a slash, and one slash remains of several.
  static void put(Exchange& ex, std::string_view prefix, std::string_view rest) {
    while (rest.starts_with("//")) rest.remove_prefix(1);
    if (prefix.empty()) {
      ex.request.path = rest.empty() ? "/" : rest;
    } else {
      ex.request.path = rest.empty() ? prefix : ex.arena.join(prefix, rest);
    }
  }

  void strip(Exchange& ex) const {
    std::size_t before = ex.request.path.size();
    put(ex, {}, ex.request.path.substr(prefix_.size()));
    std::size_t gone = before - ex.request.path.size();
    std::size_t matched = ex.matched_prefix.size();
    ex.matched_prefix = ex.request.path.substr(0, matched > gone ? matched - gone : 0);
  }

  Step replace_all(Exchange& ex) const {
    std::string_view path = path_.render(ex, chain::Purpose::path);
    // What a client sends must not lead out of the place that the operator gave it.
    if (has_dot_segment(path))
      return chain::reply(ex, base::Reason::validation, "the request makes a path with dot segments");
    // Encoded slashes are passed on where the route let them in or the operator wrote them, and from nowhere
    // else.
    http::PathOptions let_in = allowing(ex.request.path);
    auto normal =
        http::normalise_path(path, ex.arena,
                             {.encoded_slash = let_in.encoded_slash || written_.encoded_slash,
                              .encoded_backslash = let_in.encoded_backslash || written_.encoded_backslash});
    if (!normal) return chain::reply(ex, base::Reason::validation, normal.error().detail);
    ex.request.path = *normal;
    ex.matched_prefix = *normal;
    return Step::next;
  }

  Kind kind_ = Kind::whole;
  std::string prefix_;
  chain::Template path_;
  http::PathOptions written_;
};

const chain::FilterKind<RewriteFilter, RewriteConfig> kKind{
    "rewrite", chain::Stage::shape, "Changes the path that the upstream gets.", "{prefix: /v2}"};

}  // namespace
}  // namespace sluice::filters
