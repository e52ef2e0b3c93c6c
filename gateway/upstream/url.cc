// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/url.h"

#include <optional>

#include "gateway/base/strings.h"
#include "gateway/http/authority.h"
#include "gateway/net/address.h"

namespace sluice::upstream {
namespace {

constexpr std::uint16_t default_port(bool tls) { return tls ? 443 : 80; }

config::Refusal complain(const char* message, const char* hint = "") {
  return config::Complaint{message, hint};
}

config::Refusal read_scheme(std::string_view scheme, TargetUrl& out) {
  out.service = base::equal_ignoring_case(scheme.substr(0, 4), "srv+");
  // Every name is followed to where it leads; dns+ says so to readers.
  if (out.service || base::equal_ignoring_case(scheme.substr(0, 4), "dns+")) scheme.remove_prefix(4);
  out.tls = base::equal_ignoring_case(scheme, "https");
  if (out.tls || base::equal_ignoring_case(scheme, "http")) return {};
  return complain(
      "the schemes known here are http, https, dns+http, dns+https, srv+http, srv+https and unix");
}

config::Refusal check_rest(std::string_view authority, std::string_view rest) {
  if (authority.find('@') != std::string_view::npos) return complain("it must not hold a user or a password");
  if (rest.starts_with('/'))
    return complain("it must not have a path",
                    "paths are changed by a route's `rewrite`, leave out even a last /");
  if (rest.starts_with('?')) return complain("it must not have a query");
  if (rest.starts_with('#')) return complain("it must not have a fragment");
  return {};
}

// The canonical spelling; none for what resolvers would take for an abbreviated IPv4 address (10.1
// is 10.0.0.1).
std::optional<std::string> canonical_host(std::string_view host) {
  if (auto number = net::Address::parse(host, 0)) return number->ip();
  std::string_view labels = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  auto dot = labels.rfind('.');
  std::string_view last = dot == std::string_view::npos ? labels : labels.substr(dot + 1);
  if (last.find_first_not_of("0123456789") == std::string_view::npos || last.starts_with("0x"))
    return std::nullopt;
  return base::to_lower(host);
}

config::Refusal parse_path(std::string_view path, TargetUrl& out) {
  if (path.starts_with("//")) path.remove_prefix(2);  // unix:///run/x.sock, as elsewhere
  auto address = net::Address::of_path(path);
  if (!address) return config::Complaint{address.error().detail, {}};
  out = {"localhost", default_port(false), std::string(path)};
  return {};
}

}  // namespace

std::string TargetUrl::authority() const {
  if (!path.empty()) return std::string(net::kUnixScheme) + path;
  if (service) return host;
  bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string TargetUrl::host_field() const {
  if (!path.empty()) return host;
  std::string all = authority();
  if (service) return all;
  if (port == default_port(tls)) all.resize(all.rfind(':'));
  return all;
}

std::string TargetUrl::text() const {
  if (!path.empty()) return authority();
  return (service ? "srv+" : "") + std::string(tls ? "https://" : "http://") + authority();
}

config::Refusal parse(std::string_view text, TargetUrl& out) {
  auto colon = text.find("://");
  if (text.empty()) return config::Complaint{};
  if (base::equal_ignoring_case(text.substr(0, net::kUnixScheme.size()), net::kUnixScheme))
    return parse_path(text.substr(net::kUnixScheme.size()), out);
  if (colon == std::string_view::npos) return complain("it has no scheme", "put http:// in front");
  TargetUrl url;
  if (auto refusal = read_scheme(text.substr(0, colon), url)) return refusal;
  text.remove_prefix(colon + 3);
  auto end = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, end);
  if (auto refusal = check_rest(authority, text.substr(authority.size()))) return refusal;
  if (authority.empty()) return complain("it has no host");
  auto parsed = http::parse_authority(authority);
  if (!parsed) return config::Complaint{parsed.error().detail, {}};
  auto host = canonical_host(parsed->host);
  if (!host) return complain("the host is neither a name nor a complete IP address");
  bool number = net::Address::parse(*host, 0).has_value();
  if (url.service && (parsed->has_port || number))
    return complain("behind srv+ stands the name of a service, whose records tell the ports",
                    "write srv+http://_http._tcp.orders.example");
  url.host = std::move(*host);
  url.port = parsed->has_port ? parsed->port : default_port(url.tls);
  out = std::move(url);
  return {};
}

void describe(config::Text<TargetUrl>& t) {
  t.about("target URL", "a URL such as http://orders-1:8080, https://orders-1 or unix:/run/orders.sock");
  t.example("http://orders-1:8080");
  t.pattern("^((([Dd][Nn][Ss]|[Ss][Rr][Vv])\\+)?[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+|[Uu][Nn][Ii][Xx]:/.+)$");
  t.read(parse);
  t.write([](const TargetUrl& url) { return url.text(); });
}

}  // namespace sluice::upstream
