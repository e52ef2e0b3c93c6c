// SPDX-License-Identifier: Apache-2.0
// Redirect: the handler that sends the client elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/template.h"
#include "gateway/http/authority.h"

namespace sluice::handlers {

struct RedirectConfig {
  enum class Scheme : std::uint8_t { http, https };

  std::optional<chain::Template> to;
  std::optional<Scheme> scheme;
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  std::optional<chain::Template> path;
  std::optional<std::uint16_t> status;
  bool operator==(const RedirectConfig&) const = default;

  static chain::AnswerFrom answer_from() noexcept { return chain::AnswerFrom::gateway; }
};
void describe(config::Enumeration<RedirectConfig::Scheme>& e);
void describe(config::Description<RedirectConfig>& d);

namespace {

class Redirect final : public chain::Handler {
 public:
  Redirect(const RedirectConfig& config, chain::Builder& builder);
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;

 private:
  base::Result<std::string_view> location(chain::Exchange& ex) const;
  std::string_view origin(chain::Exchange& ex) const;
  base::Result<std::string_view> path_and_query(chain::Exchange& ex) const;

  RedirectConfig config_;
  int status_;
  bool to_has_variables_in_authority_ = false;
};

using base::Reason;
using base::Result;
using chain::Purpose;
using Scheme = RedirectConfig::Scheme;

constexpr std::string_view text(Scheme scheme) { return scheme == Scheme::https ? "https" : "http"; }
constexpr std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

// What stands between "://" and the path; "" in a reference without a host.
std::string_view authority_of(std::string_view url) {
  auto begin = url.find("://");
  if (begin == std::string_view::npos || url.substr(0, begin).find('/') != std::string_view::npos) return {};
  url.remove_prefix(begin + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

bool url_characters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string refuse_url(const chain::Template& to) {
  std::string sample = to.rendered_with("x");
  if (sample.empty()) return "must not be empty";
  if (!url_characters(sample)) return "must be written as it stands in a URL: blanks and others as `%20`";
  if (sample.starts_with("//")) return "must name the scheme before `//`";
  if (to.text().starts_with("${") || sample.starts_with('/')) return {};
  std::string_view authority = authority_of(sample);
  if (authority.empty() || !(sample.starts_with("http://") || sample.starts_with("https://")))
    return "must be an http or https URL, or a path that starts with `/`";
  std::string_view behind = std::string_view(to.text()).substr(to.text().find("://") + 3);
  behind = behind.substr(0, behind.find('/'));
  bool ends_in_value = behind.ends_with('}') && !behind.ends_with("${request.host}") && !to.constant();
  bool is_path = behind.ends_with("${request.path}") || behind.ends_with("${request.uri}");
  if (ends_in_value && !is_path) return "must not let a value end the host: write a `/` behind the host";
  std::string_view host = is_path ? authority.substr(0, authority.size() - 1) : authority;
  if (!http::parse_authority(host)) return fmt::format("names no host: `{}`", host);
  return {};
}

std::string refuse_path(const chain::Template& path) {
  std::string sample = path.rendered_with("x");
  if (!path.text().starts_with('/') && !path.text().starts_with("${request.path}"))
    return "must start with `/`";
  if (sample.starts_with("//")) return "must start with one `/`";
  return url_characters(sample) ? "" : "must be written as it stands in a URL: blanks and others as `%20`";
}

std::string refuse_host(const std::string& host) {
  auto parsed = http::parse_authority(host);
  if (!parsed) return "must be a host name or an address";
  return parsed->has_port ? "must not hold a port; use `port`" : "";
}

std::string refuse_status(std::uint16_t status) {
  bool known = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return known ? "" : "must be 301, 302, 303, 307 or 308";
}

const chain::HandlerKind<Redirect, RedirectConfig> kRedirect{"redirect",
                                                             "Sends the client to another URL.",
                                                             "{host: www.example.com}",
                                                             {"rewrite"},
                                                             {"query", "method"}};

}  // namespace

void describe(config::Enumeration<Scheme>& e) {
  e.about("redirect_scheme");
  e.value("http", Scheme::http, "Plain HTTP.").value("https", Scheme::https, "HTTP over TLS.");
}

void describe(config::Description<RedirectConfig>& d) {
  using namespace config;
  d.about("redirect",
          "Sends the client to another URL. What is not given stays as the client asked for it, the query "
          "included.");
  d.field("to", &RedirectConfig::to,
          "The whole URL, or a path on the same host. Nothing is added to it; values are escaped for their "
          "place. Where one leaves a segment of the path empty the request is refused with 400.",
          config::check(refuse_url), example("https://new.example.com${request.uri}"));
  d.field("scheme", &RedirectConfig::scheme, "The scheme.");
  d.field("host", &RedirectConfig::host, "The host, without port.", config::check(refuse_host),
          example("www.example.com"));
  d.field("port", &RedirectConfig::port,
          "The port. Without it: that of `scheme` if there is one, else the one that the client used. 80 of "
          "http and 443 of https are left out of the URL.",
          at_least(1));
  d.field("path", &RedirectConfig::path,
          "The path, and the query if it holds a `?`, as `${request.uri}` does where there is one. Its "
          "values are as in `to`.",
          config::check(refuse_path), example("/v2/users/${path.id}"));
  d.field("status", &RedirectConfig::status, "301, 302, 303, 307 or 308.", config::check(refuse_status),
          default_is("308 with `scheme`, else 302"));
  d.word("https", "The same URL over TLS.", [](RedirectConfig& c) { c.scheme = Scheme::https; });
  d.at_least_one({"to", "scheme", "host", "port", "path"});
  d.check([](const RedirectConfig& c, const Site& at) {
    if (c.to && (c.scheme || c.host || c.port || c.path))
      at.error("to", "is the whole URL and leaves nothing to `scheme`, `host`, `port` and `path`");
  });
}

Redirect::Redirect(const RedirectConfig& config, chain::Builder& builder) : config_(config) {
  status_ = config.status.value_or(config.scheme ? 308 : 302);
  if (config.to) {
    chain::check_captures(*config.to, "to", builder);
    to_has_variables_in_authority_ = authority_of(config.to->text()).find("${") != std::string_view::npos;
  }
  if (config.path) chain::check_captures(*config.path, "path", builder);
}

base::Task<Result<void>> Redirect::answer(chain::Exchange& ex) const {
  chain::AsAsked as_asked(ex);
  auto where = location(ex);
  if (!where) return Result<void>(std::move(where).unexpected());
  chain::send_to(ex, status_, *where);
  return Result<void>();
}

Result<std::string_view> Redirect::location(chain::Exchange& ex) const {
  if (config_.to) {
    auto url = config_.to->render_place(ex, Purpose::url);
    if (url && to_has_variables_in_authority_ && !http::parse_authority(authority_of(*url)))
      return base::fail(Reason::validation, "the request makes a URL without a valid host");
    return url;
  }
  // Relative where it can be: the client knows best by which scheme, host and port it came.
  if (!config_.scheme && !config_.host && !config_.port) return path_and_query(ex);
  if (!config_.host && ex.request.host.empty())
    return base::fail(Reason::validation, "the request names no host to redirect to");
  auto rest = path_and_query(ex);
  if (!rest) return rest;
  return ex.arena.join(origin(ex), *rest);
}

// "https://example.com:8443"
std::string_view Redirect::origin(chain::Exchange& ex) const {
  std::string_view scheme = config_.scheme ? text(*config_.scheme) : ex.stream.connection().scheme();
  std::string_view host = config_.host ? std::string_view(*config_.host) : ex.request.host;
  std::uint16_t port = config_.port.value_or(0);
  if (!config_.port && !config_.scheme) {
    auto asked = http::parse_authority(ex.request.authority);
    if (asked && asked->has_port) port = asked->port;
  }
  if (port == 0 || port == default_port(scheme)) return ex.arena.join(scheme, "://", host);
  char digits[8];
  auto end = fmt::format_to_n(digits, sizeof digits, ":{}", port).out;
  return ex.arena.join(scheme, "://", host, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

Result<std::string_view> Redirect::path_and_query(chain::Exchange& ex) const {
  std::string_view path = ex.request.path;
  if (config_.path) {
    auto made = config_.path->render_place(ex, Purpose::url);
    if (!made) return made;
    path = *made;
  }
  // A reference that begins with two slashes names a host: one that the client chose.
  while (path.starts_with("//")) path.remove_prefix(1);
  if (!path.starts_with('/')) path = "/";
  // Of `path`: values are escaped, but for that of ${request.uri}, which brings the query along.
  if (!ex.request.has_query || path.find('?') != std::string_view::npos) return path;
  return ex.arena.join(path, "?", ex.request.query);
}

}  // namespace sluice::handlers
