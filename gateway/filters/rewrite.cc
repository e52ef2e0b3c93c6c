// SPDX-License-Identifier: Apache-2.0
// The filter `rewrite`: changes the path that the upstream gets. It works on the normalised, still encoded
// path, so that %2F stays what it was, and what it makes is again normalised: no dot segments, no double
// slash where pieces meet, never empty. The query stays.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <re2/re2.h>

#include "gateway/base/ascii.h"
#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/template.h"
#include "gateway/expression/regex.h"
#include "gateway/http/separators.h"

namespace sluice::filters {

struct RewriteConfig {
  std::optional<std::string> prefix;
  std::optional<std::string> strip_prefix;
  std::optional<chain::Template> path;
  std::optional<std::string> regex, to;
  bool operator==(const RewriteConfig&) const = default;
};

namespace {

// What an operator writes may hold both.
constexpr http::PathOptions kWritten{.encoded_slash = true, .encoded_backslash = true};

bool has_dot_segment(std::string_view path) noexcept {
  for (std::size_t at = 0; (at = path.find("/.", at)) != std::string_view::npos; ++at) {
    std::string_view segment = path.substr(at + 1, path.find('/', at + 1) - at - 1);
    if (segment == "." || segment == "..") return true;
  }
  return false;
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

std::shared_ptr<const RE2> compile(const std::string& text) {  // a normalised path is ASCII
  return std::make_shared<const RE2>(text, expression::regex_options(RE2::Options::EncodingLatin1));
}

std::string refuse_regex(const std::string& expression) {
  if (expression.empty()) return "must be an expression";
  auto compiled = compile(expression);
  return compiled->ok() ? "" : "must be an RE2 expression: " + compiled->error();
}

// What takes the place of a path that an expression matched: texts, each followed by a group.
struct ReplacementPiece {
  std::string text;
  int group = -1;  // none behind the last one
};

// False at a backslash before anything else than a digit.
bool take_apart(std::string_view to, std::vector<ReplacementPiece>& out) {
  for (std::size_t slash; (slash = to.find('\\')) != std::string_view::npos; to.remove_prefix(slash + 2)) {
    char digit = slash + 1 < to.size() ? to[slash + 1] : '\0';
    if (digit < '0' || digit > '9') return false;
    out.push_back({std::string(to.substr(0, slash)), digit - '0'});
  }
  out.push_back({std::string(to), -1});
  return true;
}

std::string refuse_replacement(const std::string& to) {
  std::vector<ReplacementPiece> pieces;
  if (!take_apart(to, pieces))
    return "must not hold a backslash but before the number of a group, as in `\\1`";
  std::string sample;
  for (const ReplacementPiece& piece : pieces) sample += piece.group < 0 ? piece.text : piece.text + "x";
  return refuse_path(sample);
}

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
          "removes that part.",
          check(refuse_prefix), example("/v2"));
  d.field("strip_prefix", &RewriteConfig::strip_prefix,
          "Is taken off the front of the path; paths that are not below it stay as they are.",
          check(refuse_path), example("/api"));
  d.field("path", &RewriteConfig::path,
          "Takes the place of the whole path. Captures stay encoded; other values become part of one "
          "segment. Where values make a `.` or `..` segment, or leave one empty, the request is refused with "
          "400.",
          check(refuse_template), example("/v1/users/${path.id}"));
  d.field(
      "regex", &RewriteConfig::regex,
      "RE2 expression for the whole path, as it is before this filter: normalised and still escaped. Paths "
      "that it does not match stay as they are.",
      check(refuse_regex), example("\"/v1/([^/]+)/(.*)\""));
  d.field(
      "to", &RewriteConfig::to,
      "Takes the place of a path that `regex` matched; `\\1` to `\\9` are its groups, `\\0` is all of it. "
      "What that makes is judged as with `path`.",
      check(refuse_replacement), example("'/\\2/of/\\1'"));
  d.exactly_one({"prefix", "strip_prefix", "path", "regex"});
  d.check([](const RewriteConfig& c, const Site& at) {
    if (c.regex && !c.to) at.error("regex", "needs `to`: what takes the place of such paths");
    if (c.to && !c.regex) at.error("to", "needs `regex`: which paths it takes the place of");
  });
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
      fixed_ = path_.text().find("${") == std::string::npos;
      written_ = http::separators_in(literal(path_.rendered_with("x")));
      chain::check_captures(path_, "path", builder);
    } else if (c.regex && c.to) {
      kind_ = Kind::regex;
      replace_by(*c.regex, *c.to, builder);
    }
  }

  base::Task<Step> on_request(Exchange& ex) const override {
    if (!ex.request.path.starts_with('/')) return Step::next;  // OPTIONS * and CONNECT have no path
    if (kind_ == Kind::whole) {
      auto path = path_.render_place(ex, chain::Purpose::path);
      return path ? replace_all(ex, *path) : chain::reply(ex, path.error().reason, path.error().detail);
    }
    if (kind_ == Kind::regex) return replace_match(ex);
    if (kind_ == Kind::strip) return strip(ex);
    std::string_view matched = base::without_slashes_at_end(ex.matched_prefix);
    if (!ex.request.path.starts_with(matched)) matched = {};
    std::string_view rest = ex.request.path.substr(matched.size());
    if (rest.starts_with("//")) return refuse_empty_segment(ex);
    put(ex, prefix_, rest);
    ex.matched_prefix = ex.request.path.substr(0, prefix_.size());
    return Step::next;
  }

 private:
  static constexpr int kGroups = 10;

  enum class Kind : std::uint8_t { whole, prefix, strip, regex };

  // In the form in which requests come, without slashes at the end; checked before.
  static std::string literal(std::string_view path) {
    if (path.empty()) return {};
    base::Arena arena;
    auto normal = http::normalise_path(path, arena, kWritten);
    return std::string(base::without_slashes_at_end(normal ? *normal : path));
  }

  bool below(std::string_view path) const noexcept {
    return path.starts_with(prefix_) && (path.size() == prefix_.size() || path[prefix_.size()] == '/');
  }

  // `/api//admin` belongs to the route of `/api/**`, not to that of `/api/admin/**`. If one of its slashes
  // went where the prefix goes, the service would be asked for the other route's path.
  static Step refuse_empty_segment(Exchange& ex) {
    return chain::reply(ex, base::Reason::validation,
                        "the path has an empty segment (//) that would vanish when it is rewritten");
  }
  static std::size_t empty_segments(std::string_view path) noexcept {
    std::size_t out = 0;
    for (auto at = path.find("//"); at != std::string_view::npos; at = path.find("//", at + 1)) ++out;
    return out;
  }

  // The table of the Gateway API: `rest` is empty or starts with one slash.
  static void put(Exchange& ex, std::string_view prefix, std::string_view rest) {
    chain::keep_line(ex);
    if (prefix.empty()) {
      ex.request.path = rest.empty() ? "/" : rest;
    } else {
      ex.request.path = rest.empty() ? prefix : ex.arena.join(prefix, rest);
    }
  }

  Step strip(Exchange& ex) const {
    if (!below(ex.request.path)) return Step::next;
    std::size_t before = ex.request.path.size();
    std::string_view rest = ex.request.path.substr(prefix_.size());
    if (rest.starts_with("//")) return refuse_empty_segment(ex);
    put(ex, {}, rest);
    std::size_t gone = before - ex.request.path.size();
    std::size_t matched = ex.matched_prefix.size();
    ex.matched_prefix = ex.request.path.substr(0, matched > gone ? matched - gone : 0);
    return Step::next;
  }

  void replace_by(const std::string& expression, const std::string& to, chain::Builder& builder) {
    regex_ = compile(expression);
    take_apart(to, pieces_);
    fixed_ = pieces_.size() == 1;
    std::string sample;
    for (const ReplacementPiece& piece : pieces_) {
      if (piece.group > regex_->NumberOfCapturingGroups())
        builder.error("to", "the expression has no group " + std::to_string(piece.group));
      sample += piece.group < 0 ? piece.text : piece.text + "x";
    }
    written_ = http::separators_in(literal(sample));
  }

  // Linear in the path, whatever the expression.
  Step replace_match(Exchange& ex) const {
    re2::StringPiece groups[kGroups];
    std::string_view path = ex.request.path;
    int wanted = std::min<int>(kGroups, regex_->NumberOfCapturingGroups() + 1);
    if (!regex_->Match({path.data(), path.size()}, 0, path.size(), RE2::ANCHOR_BOTH, groups, wanted))
      return Step::next;
    std::size_t most = 0;
    for (const ReplacementPiece& piece : pieces_) most += piece.text.size() + group(groups, piece).size();
    char* begin = ex.arena.chars(most);
    char* out = begin;
    // One slash remains where pieces meet.
    auto put = [&](std::string_view text) {
      while (out != begin && out[-1] == '/' && text.starts_with('/')) text.remove_prefix(1);
      out = std::copy(text.begin(), text.end(), out);
    };
    for (const ReplacementPiece& piece : pieces_) {
      put(piece.text);
      put(group(groups, piece));
    }
    std::string_view made(begin, static_cast<std::size_t>(out - begin));
    // Of a percent sign and what another group begins with.
    if (base::glob_match("*%2e*", made))
      return chain::reply(ex, base::Reason::validation, "the request makes a path with an encoded dot");
    return replace_all(ex, made);
  }

  static std::string_view group(const re2::StringPiece* groups, const ReplacementPiece& piece) noexcept {
    return piece.group < 0 ? std::string_view()
                           : std::string_view(groups[piece.group].data(), groups[piece.group].size());
  }

  Step replace_all(Exchange& ex, std::string_view path) const {
    if (!fixed_ && empty_segments(path) < empty_segments(ex.request.path)) return refuse_empty_segment(ex);
    // What a client sends must not lead out of the place that the operator gave it.
    if (has_dot_segment(path))
      return chain::reply(ex, base::Reason::validation, "the request makes a path with dot segments");
    // Encoded slashes are passed on where the route let them in or the operator wrote them, and from nowhere
    // else.
    http::PathOptions let_in = http::separators_in(ex.request.path);
    auto normal =
        http::normalise_path(path, ex.arena,
                             {.encoded_slash = let_in.encoded_slash || written_.encoded_slash,
                              .encoded_backslash = let_in.encoded_backslash || written_.encoded_backslash});
    if (!normal) return chain::reply(ex, base::Reason::validation, normal.error().detail);
    chain::keep_line(ex);
    ex.request.path = *normal;
    ex.matched_prefix = *normal;
    return Step::next;
  }

  Kind kind_ = Kind::whole;
  bool fixed_ = false;  // nothing of the request is in the new path
  std::string prefix_;
  chain::Template path_;
  std::shared_ptr<const RE2> regex_;
  std::vector<ReplacementPiece> pieces_;
  http::PathOptions written_;
};

const chain::FilterKind<RewriteFilter, RewriteConfig> kRewrite{
    "rewrite", chain::Stage::shape, "Changes the path that the upstream gets.", "{prefix: /v2}"};

}  // namespace
}  // namespace sluice::filters
