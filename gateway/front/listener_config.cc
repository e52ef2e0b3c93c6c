// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/listener_config.h"

#include "gateway/base/strings.h"
#include "gateway/net/buffers.h"

namespace sluice::front {
namespace {

config::Refusal read_address(std::string_view text, BindAddress& out) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return config::Complaint{"expected an address with a port, such as :8080", ""};
  auto port = base::parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return config::Complaint{"the port must be a number from 0 to 65535", ""};
  auto ip = text.substr(0, colon);
  if (ip == "*") ip = {};
  if (!ip.empty() && ip.find(':') != std::string_view::npos && ip.front() != '[')
    return config::Complaint{"an IPv6 address stands in brackets: [::1]:8080", ""};
  if (!ip.empty() && !net::Address::parse(ip, 0))
    return config::Complaint{"a listener binds to an IP address, not to a name",
                             ip == "localhost" ? "write 127.0.0.1 for localhost" : ""};
  out = {std::string(ip), static_cast<std::uint16_t>(*port)};
  return {};
}

}  // namespace

net::Address BindAddress::address() const {
  auto a = net::Address::parse(ip.empty() ? "::" : ip, port);
  return a ? *a : net::Address{};
}

std::string BindAddress::text() const { return ip + ":" + std::to_string(port); }

void describe(config::Text<BindAddress>& t) {
  t.about("bind address", "an address and port such as :8080, 127.0.0.1:8080 or [::1]:8080").example(":8080");
  t.read(read_address);
  t.write([](const BindAddress& a) { return a.text(); });
}

void describe(config::Description<LimitsConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("limits", "What a client may send; more is refused and the connection closed.");
  d.field("uri", &LimitsConfig::uri, "Request target; more is 414.", between(64_B, 16_KiB));
  d.field("head", &LimitsConfig::head, "Request line and header fields together; more is 431.",
          between(512_B, config::Size{net::BufferPool::kHead}));
  d.field("fields", &LimitsConfig::fields, "Header fields; more is 431.", between(1u, 1000u));
  d.field("body", &LimitsConfig::body, "Request body, streamed or not; more is 413.", at_least(0_B));
}

void describe(config::Description<ClientTimeoutsConfig>& d) {
  using namespace config;
  d.about("client_timeouts", "How long the gateway waits for a client; 0s waits for ever.");
  d.field("head", &ClientTimeoutsConfig::head, "For a whole request head, from its first byte; then 408.");
  d.field("body", &ClientTimeoutsConfig::body, "Between two pieces of a request body; then 408.");
  d.field("keep_alive", &ClientTimeoutsConfig::keep_alive, "For the next request on an idle connection.");
  d.field("write", &ClientTimeoutsConfig::write, "For a client that does not read its response.");
}

void describe(config::Description<ListenerConfig>& d) {
  using namespace config;
  d.about("listener", "An address on which clients are accepted.");
  d.field("bind", &ListenerConfig::bind, "IP address and port; without an address, every one of the machine.",
          required, example(":8080"), example("127.0.0.1:8080"));
  d.field("backlog", &ListenerConfig::backlog, "Connections that may wait to be accepted, for each worker.",
          between(1u, 65535u));
  d.field("limits", &ListenerConfig::limits, "What a client may send.");
  d.field("timeouts", &ListenerConfig::timeouts, "How long to wait for a client.");
  d.shorthand(&ListenerConfig::bind);
}

http::h1::ServerOptions ListenerConfig::options() const {
  http::h1::ServerOptions o;
  o.limits = {limits.uri.bytes, limits.head.bytes, limits.fields};
  o.head_timeout = timeouts.head;
  o.body_timeout = timeouts.body;
  o.keep_alive_timeout = timeouts.keep_alive;
  o.write_timeout = timeouts.write;
  o.max_body = limits.body.bytes;
  return o;
}

}  // namespace sluice::front
