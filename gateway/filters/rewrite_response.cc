// SPDX-License-Identifier: Apache-2.0
// The filter `rewrite_response`: services that are reached by another path or host than they think redirect
// to places that clients cannot reach. This undoes in Location and Content-Location what `rewrite` did to the
// path, takes out the hosts that only the gateway knows, and edits cookies. It stands before `rewrite`, so
// that it sees the path that the client asked for.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/ascii.h"
#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"
#include "gateway/config/types_http.h"
#include "gateway/http/authority.h"
#include "gateway/http/semantics.h"
#include "gateway/http/set_cookie.h"

namespace sluice::filters {

struct CookieEdit {
  std::string name = "*";
  std::optional<std::string> domain, path;
  std::optional<http::SameSite> same_site;
  std::optional<bool> secure, http_only;
  bool operator==(const CookieEdit&) const = default;
};

struct RewriteResponseConfig {
  bool location = false;
  std::vector<std::string> hosts;
  std::vector<CookieEdit> cookies;
  bool operator==(const RewriteResponseConfig&) const = default;
  static std::string_view before() { return "rewrite"; }
};

namespace {

using View = std::string_view;

constexpr View kUndo = "undo", kNone = "none";

std::string refuse_domain(const std::string& text) {
  if (auto parsed = http::parse_authority(text); parsed && !parsed->has_port && !text.starts_with('['))
    return "";
  return "must be a host such as example.com, or `none`";
}

std::string refuse_cookie_path(const std::string& text) {
  if (text == kUndo) return "";
  if (text.starts_with('/') && text.find(';') == View::npos && http::valid_field_value(text)) return "";
  return "must start with `/`, or be `undo`";
}

std::string refuse_host(const std::string& text) {
  return http::parse_authority(text) ? "" : "must be a host, with a port if need be";
}

}  // namespace

void describe(config::Description<CookieEdit>& d) {
  using namespace config;
  d.about("cookie_edit",
          "Changes attributes of cookies that the service sets. Of cookies whose name begins with `__Host-` "
          "domain, path and `Secure` stay, and `Secure` where it is `__Secure-`, as browsers would refuse "
          "them.");
  d.field("name", &CookieEdit::name, "Which cookies; `*` stands for anything.", non_empty);
  d.field(
      "domain", &CookieEdit::domain,
      "Takes the place of a Domain; `none` removes it, so that the cookie is for this host alone. Cookies "
      "without one stay so.",
      config::check(refuse_domain), example("example.com"));
  d.field(
      "path", &CookieEdit::path,
      "`undo` puts the client's prefix in the place of the service's, as in Location. Anything else becomes "
      "the Path.",
      config::check(refuse_cookie_path), example("undo"), example("/"));
  d.field("same_site", &CookieEdit::same_site, "Becomes SameSite.", example("lax"));
  d.field("secure", &CookieEdit::secure, "Adds or removes Secure: over TLS only.", example("true"));
  d.field("http_only", &CookieEdit::http_only, "Adds or removes HttpOnly: hidden from scripts.",
          example("true"));
  d.at_least_one({"domain", "path", "same_site", "secure", "http_only"});
  d.check([](const CookieEdit& c, const Site& at) {
    if (c.same_site == http::SameSite::none && c.secure == false)
      at.error("secure", "browsers refuse cookies with `same_site: none` that are not secure");
  });
}

void describe(config::Description<RewriteResponseConfig>& d) {
  using namespace config;
  d.about("rewrite_response",
          "Undoes in responses what `rewrite` and the way to the service did to the request. Comes before "
          "`rewrite`.");
  d.field(
      "location", &RewriteResponseConfig::location,
      "Location and Content-Location: the service's prefix becomes the client's again, and the target's own "
      "address is left out.");
  d.field("hosts", &RewriteResponseConfig::hosts,
          "Other names by which the service calls itself, left out as well. Needs `location`.", one_or_many,
          unique, each(config::check(refuse_host)), example("users.internal:8080"));
  d.field("cookies", &RewriteResponseConfig::cookies, "Edits of Set-Cookie, one after the other.",
          one_or_many, example("[{path: undo, secure: true}]"));
  d.at_least_one({"location", "cookies"});
  d.check([](const RewriteResponseConfig& c, const Site& at) {
    if (!c.hosts.empty() && !c.location) at.error("hosts", "needs `location: true`");
    if (!c.location && c.cookies.empty())
      at.error("location", "with `false`, and without `cookies`, nothing is done");
  });
}

namespace {

using base::Task;
using chain::Exchange;
using http::FieldId;

// What the request's path was before the filters behind this one, and how much of it the route matched.
struct Asked {
  View path, prefix;
};

// `from` at the front of the service's paths is `to` for clients. Neither ends in a slash.
struct Undo {
  View from, to;
};

Undo undo_of(const Asked& asked, const Exchange& ex) noexcept {
  View before = base::without_slashes_at_end(asked.path),
       after = base::without_slashes_at_end(ex.request.path);
  View prefix = base::without_slashes_at_end(asked.prefix),
       now = base::without_slashes_at_end(ex.matched_prefix);
  if (before == after) return {};
  bool tail = now.size() < after.size();
  if (tail && prefix != now) return {now, prefix};
  // The pattern has no prefix of its own: what was taken off the front goes there again.
  if ((tail || !after.empty()) && before.ends_with(after))
    return {{}, before.substr(0, before.size() - after.size())};
  return tail ? Undo{} : Undo{after, before};
}

// An absolute path, with what follows it, as clients see it. Never begins with two slashes, or what browsers
// take for one: that would be a host.
View undone(View text, const Undo& undo, base::Arena& arena) {
  constexpr View kSlashes = "/\\";
  View path = text.substr(0, text.find_first_of("?#")), rest = text.substr(path.size());
  auto cut = [&] {  // slashes at the front, as one
    std::size_t n = std::min(path.find_first_not_of(kSlashes), path.size());
    path.remove_prefix(n);
    return n > 0 ? View("/") : View();
  };
  (void)cut();
  View from = undo.from.empty() ? View() : undo.from.substr(1);
  bool below =
      path.starts_with(from) && (from.empty() || path.size() == from.size() || path[from.size()] == '/');
  if (undo.from == undo.to || !below) return arena.join("/", path, rest);
  path.remove_prefix(from.size());
  View slash = from.empty() ? View("/") : cut();
  if (undo.to.empty() && slash.empty()) slash = "/";
  return arena.join(undo.to, slash, path, rest);
}

class CookieEditor {
 public:
  explicit CookieEditor(const CookieEdit& c) : edit_(c) {
    if (c.same_site) same_site_ = http::name(*c.same_site);
  }

  // The value of Set-Cookie as it is to be.
  View edited(View cookie, const Undo& undo, base::Arena& arena) const {
    View pair = base::trim(cookie.substr(0, cookie.find(';')));
    View name = base::trim(pair.substr(0, pair.find('=')));
    if (!base::glob_match(edit_.name, name)) return cookie;
    std::size_t size = 0;
    write(cookie, name, undo, arena, [&](View text) { size += text.size(); });
    char* out = arena.chars(size);
    char* end = out;
    write(cookie, name, undo, arena, [&](View text) { end = std::copy(text.begin(), text.end(), end); });
    return {out, size};
  }

 private:
  static bool is(View attribute, View name) noexcept {
    return base::equal_ignoring_case(base::trim(attribute.substr(0, attribute.find('='))), name);
  }

  template <class Sink>
  void write(View cookie, View name, const Undo& undo, base::Arena& arena, Sink sink) const {
    bool bound = http::asks_for_host(name);
    bool path = edit_.path && !bound, undo_path = path && *edit_.path == kUndo;
    bool secure = edit_.secure && (*edit_.secure || !http::asks_for_secure(name)) && !bound;
    std::size_t end = std::min(cookie.find(';'), cookie.size());
    sink(cookie.substr(0, end));
    for (View left = cookie.substr(end); !left.empty(); left.remove_prefix(end)) {
      left.remove_prefix(1);  // the semicolon
      end = std::min(left.find(';'), left.size());
      View attribute = base::trim(left.substr(0, end));
      if (attribute.empty()) continue;
      if ((path && !undo_path && is(attribute, "Path")) ||
          (!same_site_.empty() && is(attribute, "SameSite")) || (secure && is(attribute, "Secure")) ||
          (edit_.http_only && is(attribute, "HttpOnly")))
        continue;
      if (edit_.domain && !bound && is(attribute, "Domain")) {
        if (*edit_.domain != kNone) put(sink, "; Domain=", *edit_.domain);
      } else if (undo_path && is(attribute, "Path")) {
        put(sink, "; Path=", undone_path(attribute, undo, arena));
      } else {
        put(sink, "; ", attribute);
      }
    }
    if (path && !undo_path) put(sink, "; Path=", *edit_.path);
    if (!same_site_.empty()) put(sink, "; SameSite=", same_site_);
    if (secure && *edit_.secure) sink("; Secure");
    if (edit_.http_only == true) sink("; HttpOnly");
  }
  template <class Sink>
  static void put(Sink& sink, View name, View value) {
    sink(name);
    sink(value);
  }
  // A cookie for all of the service is one for all below the prefix, the prefix itself among it.
  static View undone_path(View attribute, const Undo& undo, base::Arena& arena) {
    View path =
        attribute.find('=') == View::npos ? View() : base::trim(attribute.substr(attribute.find('=') + 1));
    if (!path.starts_with('/')) return path;
    View out = undone(path, undo, arena);
    return path == "/" && out.size() > 1 ? base::without_slashes_at_end(out) : out;
  }

  CookieEdit edit_;
  View same_site_;
};

// What an absolute reference names before its path, and how long that is; nothing of a userinfo or of another
// scheme.
struct Place {
  std::size_t size = 0;
  http::Authority authority;
  std::uint16_t usual_port = 80;
};

std::optional<Place> place_of(View reference) {
  Place out;
  for (View scheme : {View("//"), View("http://"), View("https://")}) {
    if (!base::equal_ignoring_case(reference.substr(0, scheme.size()), scheme)) continue;
    View rest = reference.substr(scheme.size());
    View name = rest.substr(0, rest.find_first_of("/?#\\"));
    auto authority = http::parse_authority(name);
    if (!authority) return std::nullopt;
    out.size = scheme.size() + name.size();
    out.authority = *authority;
    if (scheme == "https://") out.usual_port = 443;
    return out;
  }
  return std::nullopt;
}

bool names(const Place& place, View authority) {
  auto other = http::parse_authority(authority);
  return other && http::same_authority(place.authority, *other, place.usual_port);
}

class RewriteResponse final : public chain::Filter {
 public:
  explicit RewriteResponse(const RewriteResponseConfig& c)
      : location_(c.location), hosts_(c.hosts), cookies_(c.cookies.begin(), c.cookies.end()) {}

  Task<chain::Step> on_request(Exchange& ex) const override {
    ex.local<Asked>(*this) = {ex.request.path, ex.matched_prefix};
    return chain::Step::next;
  }

  Task<void> on_response(Exchange& ex) const override {
    if (ex.answered_locally) return {};  // the gateway knows where clients are
    Undo undo = undo_of(ex.local<Asked>(*this), ex);
    for (http::Field& line : ex.response.fields.lines()) {
      if (line.dropped) continue;
      View before = line.value;
      if (line.id == FieldId::set_cookie) {
        for (const auto& cookie : cookies_) line.value = cookie.edited(line.value, undo, ex.arena);
      } else if (location_ &&
                 (line.id == FieldId::location || base::equal_ignoring_case(line.name, "Content-Location"))) {
        line.value = located(line.value, undo, ex);
      }
      if (line.value.data() != before.data()) line.received = false;
    }
    return {};
  }

 private:
  View located(View value, const Undo& undo, const Exchange& ex) const {
    auto place = place_of(value);
    if (!place) {
      bool path = value.starts_with('/') && !value.starts_with("//");
      if (!path) return value;
      return here(undone(value, undo, ex.arena), ex.arena);
    }
    View rest = value.substr(place->size);
    // The scheme that clients use is better known to the service, by X-Forwarded-Proto, than here.
    if (names(*place, ex.request.authority))
      return ex.arena.join(value.substr(0, place->size), undone(rest, undo, ex.arena));
    bool ours = names(*place, ex.upstream.target) ||
                std::ranges::any_of(hosts_, [&](const std::string& host) { return names(*place, host); });
    return ours ? here(undone(rest, undo, ex.arena), ex.arena) : value;
  }
  // As a reference to this host: what the client asked for may itself begin with two slashes, which would name
  // another one.
  static View here(View path, base::Arena& arena) {
    bool names_host = path.size() > 1 && path[0] == '/' && (path[1] == '/' || path[1] == '\\');
    return names_host ? arena.join("/.", path) : path;
  }

  bool location_;
  std::vector<std::string> hosts_;
  std::vector<CookieEditor> cookies_;
};

const chain::FilterKind<RewriteResponse, RewriteResponseConfig> kRewriteResponse{
    "rewrite_response", chain::Stage::shape, "Undoes in responses what `rewrite` did to the request.",
    "{location: true, cookies: [{path: undo}]}"};

}  // namespace
}  // namespace sluice::filters
