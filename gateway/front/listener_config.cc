// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/listener_config.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "gateway/http/stream.h"
#include "gateway/net/buffers.h"
#include "gateway/net/listen.h"

namespace sluice::front {
namespace {

config::Refusal read_address(std::string_view text, BindAddress& out) {
  bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (number) return config::Complaint{"it has no port", "write \":" + std::string(text) + "\""};
  return config::SocketAddress::read(text, out);
}

bool is_every_address(const net::Address& a) {
  auto number = a.bytes();
  return std::all_of(number.begin(), number.end(), [](unsigned char byte) { return byte == 0; });
}

}  // namespace

bool BindAddress::overlaps(const BindAddress& other) const {
  if (!path.empty() || !other.path.empty()) return path == other.path;
  if (port == 0 || port != other.port) return false;
  if (ip.empty() || other.ip.empty()) return true;
  net::Address one = address(), two = other.address();
  // Every IPv6 address is every IPv4 address too.
  if (one.family() != two.family()) return is_every_address(one.family() == AF_INET6 ? one : two);
  return one == two || is_every_address(one) || is_every_address(two);
}

net::Address BindAddress::address() const {
  if (!path.empty()) return net::Address::of_path(path).value();
  if (ip.empty()) return net::every_address(port);
  auto a = net::Address::parse(ip, port);
  return a ? *a : net::Address{};
}

void describe(config::Text<BindAddress>& t) {
  t.about("bind address", "an address such as :8080, 127.0.0.1:8080, [::1]:8080 or unix:/run/web.sock")
      .example(":8080");
  t.read(read_address);
  t.write([](const BindAddress& a) { return a.text(); });
}

void describe(config::Text<FileMode>& t) {
  t.about("file mode", "three or four octal digits such as \"0660\"").example("0660");
  t.pattern("^0?[0-7]{3}$");
  t.read([](std::string_view text, FileMode& out) -> config::Refusal {
    if (text.size() == 4 && text.front() == '0') text.remove_prefix(1);
    if (text.size() != 3 || text.find_first_not_of("01234567") != std::string_view::npos)
      return config::Complaint{};
    for (char digit : text) out.bits = out.bits * 8 + static_cast<mode_t>(digit - '0');
    return {};
  });
  t.write([](const FileMode& m) {
    char digits[5];
    std::snprintf(digits, sizeof digits, "%04o", static_cast<unsigned>(m.bits & 0777));
    return std::string(digits);
  });
}

void describe(config::Description<SocketFileConfig>& d) {
  using namespace config;
  d.about("socket",
          "The file of a listener on a Unix socket. One that a dead process left is replaced; the gateway "
          "removes its own when it stops.");
  d.field("mode", &SocketFileConfig::mode, "Its rights; to connect takes the right to write.",
          example("\"0666\""));
  d.field("owner", &SocketFileConfig::owner, "User that owns it, by name or number.",
          default_is("the gateway's user"), example("www-data"));
  d.field("group", &SocketFileConfig::group, "Group that it belongs to, by name or number.",
          default_is("the gateway's group"), example("www-data"));
}

void describe(config::Description<ProxyProtocolConfig>& d) {
  using namespace config;
  using namespace std::chrono_literals;
  d.about(
      "listener_proxy_protocol",
      "Connections begin with a header of the PROXY protocol, version 1 or 2, by which a balancer in front "
      "tells whose they are: that address is the client's in logs, limits, filters and for targets. Whoever "
      "is listed must send one; whoever is not is refused.");
  d.field("from", &ProxyProtocolConfig::from, "Addresses of the balancers; unix for those on a Unix socket.",
          required, one_or_many, min_items(1), example("[10.0.0.0/8, 2001:db8::/32]"), example("unix"));
  d.field("timeout", &ProxyProtocolConfig::timeout, "For the whole header; then the connection is closed.",
          at_least(100ms));
  d.shorthand(&ProxyProtocolConfig::from);
}

void describe(config::Enumeration<ProxiesTell>& e) {
  e.about("proxies_tell");
  e.value("x_forwarded", ProxiesTell::x_forwarded,
          "X-Forwarded-For, and X-Forwarded-Proto and X-Forwarded-Host if they are there.");
  e.value("rfc7239", ProxiesTell::rfc7239, "Forwarded (RFC 7239).");
}

void describe(config::Description<TrustedProxiesConfig>& d) {
  using namespace config;
  d.about("trusted_proxies",
          "HTTP proxies in front of this listener that are believed when they tell whose requests they pass "
          "on. The client is the right-most address of the chain that is none of them: in logs, limits, "
          "filters and for targets. Of whoever is not listed, such fields are removed. A chain that cannot "
          "be read counts as none.");
  d.field("from", &TrustedProxiesConfig::from, "Their addresses; unix for those on a Unix socket.", required,
          one_or_many, min_items(1), example("[10.0.0.0/8, 2001:db8::/32]"), example("unix"));
  d.field("tell", &TrustedProxiesConfig::tell,
          "The field that every one of them writes. The other one is not looked at: a proxy that does not "
          "know it passes on whatever a client has written there.");
  d.shorthand(&TrustedProxiesConfig::from);
}

void describe(config::Description<PassthroughConfig>& d) {
  using namespace config;
  d.about(
      "passthrough",
      "TLS connections that go to an upstream as they are, without being decrypted, by the server name that "
      "the client asks for (SNI).");
  d.field("sni", &PassthroughConfig::sni,
          "Names, or `*.` and a name for all below it, or `*` for every other one and for none at all.",
          required, one_or_many, min_items(1), example("[shop.example.com, \"*.eu.example.com\"]"));
  d.field("to", &PassthroughConfig::to, "The upstream that gets them.", required, reference("upstream"),
          example("shop"));
}

void describe(config::Description<LimitsConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("limits", "What a client may send; more is refused and the connection closed.");
  d.field("uri", &LimitsConfig::uri, "Request target; more is 414.", between(64_B, 16_KiB));
  d.field("head", &LimitsConfig::head, "Request line and header fields together; more is 431.",
          between(512_B, config::Size{net::BufferPool::kHead}));
  d.field("fields", &LimitsConfig::fields, "Header fields; more is 431.", between(1u, 1000u));
  d.field(
      "body", &LimitsConfig::body,
      "Request body, streamed or not; more is 413. Calls of gRPC without a Content-Length have no such limit "
      "where the upstream's `protocol` is h2, nor, where it is auto, once a target has begun to answer over "
      "HTTP/2 in gRPC: `body_limit` sets one.",
      at_least(0_B));
}

void describe(config::Description<ClientTimeoutsConfig>& d) {
  using namespace config;
  d.about("client_timeouts", "How long the gateway waits for a client; 0s waits for ever.");
  d.field("head", &ClientTimeoutsConfig::head, "For a whole request head, from its first byte; then 408.");
  d.field("body", &ClientTimeoutsConfig::body,
          "Between two pieces of a request body; then 408. Calls of gRPC may pause where the upstream's "
          "`protocol` is h2, and, where it is auto, once a target has begun to answer over HTTP/2 in gRPC.");
  d.field(
      "request", &ClientTimeoutsConfig::request,
      "For a whole request, head and body, from its first byte, also where a target is slow to take it; then "
      "408. Tunnels are not concerned, nor are calls of gRPC that may pause (see `body`).");
  d.field("keep_alive", &ClientTimeoutsConfig::keep_alive, "For the next request on an idle connection.");
  d.field("write", &ClientTimeoutsConfig::write, "For a client that does not read its response.");
}

void describe(config::Description<MinDataRateConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("min_data_rate",
          "How fast a client must at least send the body of its request and read a response, on the whole, "
          "while the gateway waits for it. It costs a connection of HTTP/1 the passing of request bodies "
          "inside the kernel. Tunnels are not concerned, nor is what calls of gRPC send that may pause (see "
          "`timeouts.body`).");
  d.field("rate", &MinDataRateConfig::rate, "Bytes a second.", at_least(1_B), example("1KiB"));
  d.field("grace", &MinDataRateConfig::grace, "So much waiting is never too slow.",
          at_least(std::chrono::milliseconds(100)));
  d.shorthand(&MinDataRateConfig::rate);
}

namespace {

void refuse_duplicates(const std::vector<PassthroughConfig>& rules, const config::Site& at) {
  std::map<std::string, std::string> seen;  // from pattern to path
  for (std::size_t i = 0; i < rules.size(); ++i)
    for (std::size_t j = 0; j < rules[i].sni.size(); ++j) {
      auto here = config::path("passthrough", i, "sni", j);
      auto [first, fresh] = seen.emplace(rules[i].sni[j].pattern.text(), here);
      if (!fresh) at.error(here, "is the same name as " + first->second);
    }
}

}  // namespace

void describe(config::Description<ListenerConfig>& d) {
  using namespace config;
  using namespace std::chrono_literals;
  d.about("listener", "An address on which clients are accepted.");
  d.field("bind", &ListenerConfig::bind,
          "IP address and port; without an address, every one of the machine. Or a Unix socket.", required,
          example(":8080"), example("127.0.0.1:8080"), example("unix:/run/sluice/web.sock"));
  d.field("socket", &ListenerConfig::socket, "Rights of the file of a Unix socket.",
          example("{mode: \"0660\", group: www-data}"));
  d.field("proxy_protocol", &ListenerConfig::proxy_protocol,
          "Clients are told of by the PROXY protocol, by these balancers.", example("{from: [10.0.0.0/8]}"));
  d.field("trusted_proxies", &ListenerConfig::trusted_proxies,
          "Proxies that are believed when they tell whose requests they pass on.", default_is("nobody"),
          example("[10.0.0.0/8]"), example("{from: [10.0.0.0/8], tell: rfc7239}"));
  d.field("passthrough", &ListenerConfig::passthrough,
          "TLS connections that are passed on undecrypted; others are closed or, with `tls`, served here.",
          example("[{sni: shop.example.com, to: shop}]"));
  d.field("max_connections", &ListenerConfig::max_connections,
          "Connections at a time, all workers together; more are closed at once.", at_least(1u),
          default_is("no limit"));
  d.field("max_connections_per_ip", &ListenerConfig::max_connections_per_ip,
          "Connections of one client at a time: of an IPv4 address, or of the /64 of an IPv6 address. With "
          "`proxy_protocol` that of the client, not of the balancer.",
          at_least(1u), default_is("no limit"));
  d.field("max_connection_age", &ListenerConfig::max_connection_age,
          "After so long, up to a tenth more or less, a connection takes no further requests and ends with "
          "those under way, so that its client may come back to another gateway.",
          at_least(100ms), default_is("no limit"), example("30m"));
  d.field("max_connection_age_grace", &ListenerConfig::max_connection_age_grace,
          "How long what is still under way may take then, before it is cut.", at_least(100ms),
          default_is("no limit"), example("5m"));
  d.field("max_requests_per_connection", &ListenerConfig::max_requests_per_connection,
          "After so many requests a connection takes no further ones, as after its age.", at_least(1u),
          default_is("no limit"), example("10000"));
  d.field("max_accept_rate", &ListenerConfig::max_accept_rate,
          "Connections that are accepted in a time, all workers together; more wait in the backlog.",
          at_least(Rate{1, 1min}), default_is("no limit"), example("1000/s"));
  d.field("min_data_rate", &ListenerConfig::min_data_rate,
          "How fast a client must at least send and read; slower ones are cut: 408 for a request body.",
          default_is("off"), example("240B"), example("{rate: 240B, grace: 5s}"));
  d.field("backlog", &ListenerConfig::backlog, "Connections that may wait to be accepted, for each worker.",
          between(1u, 65535u));
  d.field("protocols", &ListenerConfig::protocols,
          "Versions of HTTP that clients may speak; if nothing is said, h1, and with `tls` both. Without TLS "
          "the first bytes decide between both.",
          min_items(1), example("[h1, h2]"), example("[h1, h2c]"));
  d.field("limits", &ListenerConfig::limits, "What a client may send.");
  d.field("timeouts", &ListenerConfig::timeouts, "How long to wait for a client.");
  d.field("tls", &ListenerConfig::tls, "TLS, with these certificates.");
  d.field("redirect", &ListenerConfig::redirect,
          "Sends every client to another listener, whatever it asks for.", example("https"));
  d.field("use", &ListenerConfig::use,
          "Filters that requests of this listener pass before those of the file and of their route.",
          one_or_many, max_items(chain::kMostFilters), example("[{ip_access: {allow: [10.0.0.0/8]}}]"));
  d.at_most_one({"tls", "redirect"});
  d.at_most_one({"passthrough", "redirect"});  // all that is no TLS is refused there
  d.at_most_one({"redirect", "use"});
  d.shorthand(&ListenerConfig::bind);
  d.check([](const ListenerConfig& l, const Site& at) {
    if (l.socket && l.bind.path.empty())
      at.error("socket", "is for Unix sockets, and the listener binds to an IP address");
    if (l.max_connection_age_grace && !l.max_connection_age && !l.max_requests_per_connection)
      at.error("max_connection_age_grace", "means nothing without an age or a number of requests");
    if (l.tls && std::ranges::find(l.protocols, Protocol::h2c) != l.protocols.end())
      at.error("protocols", "h2c is HTTP/2 without TLS, and the listener has `tls`", "write h2 in its place");
    refuse_duplicates(l.passthrough, at);
  });
}

http::ListenerFacts ListenerConfig::facts(std::string name, std::size_t index) const {
  http::ListenerFacts out{std::move(name), tls ? "https" : "http", index, 0, trusted()};
  if (redirect) {
    out.https_port = redirect->port;
    out.https_status = redirect->status;
  }
  return out;
}

http::ServerOptions ListenerConfig::options() const {
  http::ServerOptions o;
  o.limits = {limits.uri.bytes, limits.head.bytes, limits.fields};
  o.head_timeout = timeouts.head;
  o.request_timeout = timeouts.request;
  bool sooner = timeouts.head.count() == 0 || timeouts.request < timeouts.head;
  if (timeouts.request.count() != 0 && sooner) o.head_timeout = timeouts.request;
  o.body_timeout = timeouts.body;
  o.keep_alive_timeout = timeouts.keep_alive;
  o.write_timeout = timeouts.write;
  o.max_body = limits.body.bytes;
  if (min_data_rate) o.min_rate = {min_data_rate->rate.bytes, min_data_rate->grace};
  return o;
}

ConnectionLimits ListenerConfig::connection_limits() const noexcept {
  return {max_connections.value_or(0), max_connections_per_ip.value_or(0)};
}

LifeLimits ListenerConfig::life_limits() const noexcept {
  constexpr base::Duration none{};
  return {max_connection_age.value_or(none), max_connection_age_grace.value_or(none),
          max_requests_per_connection.value_or(0)};
}

std::optional<ProxySettings> ListenerConfig::proxy() const {
  if (!proxy_protocol) return std::nullopt;
  return ProxySettings{proxy_protocol->from, proxy_protocol->timeout};
}

http::TrustedProxies ListenerConfig::trusted() const {
  if (!trusted_proxies) return {};
  return {trusted_proxies->from, trusted_proxies->tell == ProxiesTell::rfc7239};
}

net::SocketAccess ListenerConfig::access() const {
  auto file = socket.value_or(SocketFileConfig{});
  return {file.mode.bits, file.owner, file.group};
}

}  // namespace sluice::front
