// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/match_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/base/strings.h"

namespace sluice::routing {
namespace {

using namespace config;

constexpr std::string_view kMethods[] = {"GET",   "HEAD",    "POST",  "PUT",    "DELETE",
                                         "PATCH", "OPTIONS", "TRACE", "CONNECT"};
// Registered extensions that are no misspelling of the above.
constexpr std::string_view kExtensions[] = {
    "ACL",   "BIND",       "CHECKIN", "CHECKOUT", "COPY",   "LABEL",    "LINK",   "LOCK",
    "MERGE", "MKCALENDAR", "MKCOL",   "MOVE",     "PRI",    "PROPFIND", "PURGE",  "PROPPATCH",
    "QUERY", "REBIND",     "REPORT",  "SEARCH",   "UNBIND", "UNLINK",   "UNLOCK", "UPDATE"};

Refusal complain(PatternFault fault) { return Complaint{std::move(fault.text), {}, fault.offset}; }

// For a Text<T> with a text and a pattern, read by `parse`.
template <class T, class P>
std::function<Refusal(std::string_view, T&)> reader(Parsed<P> (*parse)(std::string_view)) {
  return [parse](std::string_view text, T& out) -> Refusal {
    auto parsed = parse(text);
    if (auto* fault = std::get_if<PatternFault>(&parsed)) return complain(std::move(*fault));
    out.text = text;
    out.pattern = std::get<P>(std::move(parsed));
    return {};
  };
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return out;
}

bool one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Refusal read_method(std::string_view text, MethodText& out) {
  std::string capitals = upper(text);
  if (text == "*" || capitals == "ANY" || capitals == "ALL")
    return Complaint{"leave `method` out to match every method", {}};
  auto wrong = std::find_if(text.begin(), text.end(),
                            [](char c) { return !http::valid_field_name(std::string_view(&c, 1)); });
  if (wrong != text.end())
    return Complaint{fmt::format("`{}` cannot stand in a method; several are a list: [GET, POST]", *wrong),
                     {},
                     static_cast<std::size_t>(wrong - text.begin())};
  if (text.empty()) return Complaint{};
  if (capitals != text && (one_of(kMethods, capitals) || one_of(kExtensions, capitals)))
    return Complaint{"methods are case-sensitive", did_you_mean(capitals)};
  // What it asks for has no path that a route could have.
  if (text == "CONNECT")
    return Complaint{"a CONNECT reaches no route: the gateway opens no tunnels for it",
                     "to open WebSockets over HTTP/2 write GET"};
  out.text = text;
  return {};
}

// A method of another name is an extension, which is legal, or a slip.
void check_methods(const MatchConfig& match, const Site& at) {
  for (std::size_t i = 0; i < match.method.size(); ++i) {
    const std::string& name = match.method[i].text;
    if (one_of(kMethods, name) || one_of(kExtensions, name)) continue;
    auto meant = base::nearest(name, kMethods);
    if (!meant.empty())
      at.warning(config::path("method", i), fmt::format("{} is no method that the gateway knows", name),
                 did_you_mean(meant));
  }
}

}  // namespace

void describe(Text<PathText>& t) {
  t.about("path pattern", "a path pattern such as /orders/{id} or /orders/**").example("/orders/**");
  t.pattern("^[/~]");
  t.read(reader<PathText, PathPattern>(&parse_path));
  t.write([](const PathText& p) { return p.text; });
}

void describe(Text<RegexText>& t) {
  t.about("path expression", "an RE2 expression such as /orders/[0-9]+").example("/orders/[0-9]+");
  t.read(reader<RegexText, PathPattern>(&parse_regex));
  t.write([](const RegexText& r) { return r.text; });
}

void describe(Text<MethodText>& t) {
  t.about("method", "a method such as GET").example("GET");
  t.pattern("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$");
  t.read(&read_method);
  t.write([](const MethodText& m) { return m.text; });
}

void describe(Description<PathConfig>& d) {
  d.about("path",
          "A condition on the path, which is compared in its normalised form, still escaped, and "
          "case-sensitive.");
  d.field(
      "pattern", &PathConfig::pattern,
      "`/a` is that path alone; `/a/**` is /a and all below it, not /ab; `{id}` stands for one segment and "
      "`{rest...}` for all that follows, both available as ${path.id} and ${path.rest}. After `~` follows an "
      "expression, as in `regex`.",
      config::example("/orders/**"), config::example("/users/{id}"), config::example("/files/{rest...}"));
  d.field("regex", &PathConfig::regex,
          "RE2 expression for the whole path: it is anchored at both ends. Named groups, (?P<id>...), are "
          "available as ${path.id}.",
          config::example("\"/v[0-9]+/users/(?P<id>[0-9]+)\""));
  d.shorthand(&PathConfig::pattern);
  d.exactly_one({"pattern", "regex"});
}

void describe(Description<MatchConfig>& d) {
  d.about("match",
          "Conditions on a request; all that are written must hold. Of several matches that fit, the most "
          "specific one wins: by host (exact, then the longest wildcard), then by path, segment by segment "
          "(literal, capture, expression, tail), then by method, then by the number of conditions on headers "
          "and cookies, then on the query.");
  d.field(
      "host", &MatchConfig::host,
      "Hosts, any of which fits: a name, or `*.example.com` for all names below example.com but not itself. "
      "Case and port of the request are ignored. Without it every host fits.",
      one_or_many, non_empty, unique, config::example("api.example.com"),
      config::example("[example.com, \"*.example.com\"]"));
  d.field("path", &MatchConfig::path, "Paths, any of which fits. Without it every path fits.", one_or_many,
          non_empty, config::example("/orders/**"), config::example("{regex: \"/orders/[0-9]+\"}"));
  d.field(
      "method", &MatchConfig::method,
      "Methods, any of which fits; GET serves HEAD as well. Without it every method fits but TRACE, which "
      "shows its sender what was added on the way. A request whose method alone fits no route is answered "
      "405 with the methods that do.",
      one_or_many, non_empty, unique, config::example("GET"), config::example("[GET, POST]"));
  describe_conditions(d);
  d.check(&check_methods);
}

Match MatchConfig::match() const {
  Match out;
  for (const auto& h : host) out.hosts.push_back(h.pattern);
  for (const auto& p : path) out.paths.push_back(p.regex ? p.regex->pattern : p.pattern->pattern);
  for (const auto& m : method) out.methods.push_back(m.text);
  out.conditions = conditions();
  return out;
}

}  // namespace sluice::routing
