// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/resolver_config.h"

#include "gateway/base/strings.h"

namespace sluice::server {
namespace {

using config::Complaint;
using config::Refusal;

Refusal read(std::string_view text, Nameserver& out) {
  std::string_view ip = text, port;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos) return Complaint{};
    ip = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (auto colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    ip = text.substr(0, colon);
    port = text.substr(colon);
  }
  auto number = port.empty() ? std::optional<std::uint64_t>(53)
                             : base::parse_decimal(port.substr(std::min<std::size_t>(1, port.size())));
  bool good_port = number && *number > 0 && *number < 65536 && (port.empty() || port.starts_with(':'));
  auto address = net::Address::parse(ip, 0);
  if (!good_port) return Complaint{};
  if (!address) return Complaint{"it is a name", "a nameserver cannot be looked up by name"};
  out = {address->ip(), static_cast<std::uint16_t>(*number)};
  return {};
}

}  // namespace

std::string Nameserver::text() const { return net::Address::parse(ip, port)->text(); }

void describe(config::Text<Nameserver>& t) {
  t.about("nameserver", "the IP address of a nameserver such as 10.0.0.2, 127.0.0.1:5353 or [::1]:53");
  t.example("127.0.0.1:5353");
  t.read(read);
  t.write([](const Nameserver& n) { return n.text(); });
}

void describe(config::Description<ResolverConfig>& d) {
  using namespace config;
  d.about("resolver",
          "How names of targets, issuers of tokens and OCSP responders are looked up: in the hosts file, "
          "then by DNS.");
  d.field(
      "nameservers", &ResolverConfig::nameservers,
      "The servers of DNS that are asked, the next one when one does not answer. Search domains and options "
      "are those of /etc/resolv.conf all the same.",
      one_or_many, unique, max_items(8), default_is("those of /etc/resolv.conf"),
      example("[10.0.0.2, \"127.0.0.1:5353\"]"));
}

net::DnsOptions ResolverConfig::options() const {
  net::DnsOptions out;
  for (const Nameserver& n : nameservers) out.nameservers.push_back(*net::Address::parse(n.ip, n.port));
  return out;
}

}  // namespace sluice::server
