// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/types_net.h"

namespace sluice::config {

void describe(Text<net::Cidr>& t) {
  t.about("addresses", "addresses such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.1, or unix")
      .example("10.0.0.0/8");
  t.pattern("^(unix|[0-9a-fA-F.:]+(/[0-9]{1,3})?)$");
  t.read([](std::string_view text, net::Cidr& out) -> Refusal {
    auto cidr = net::Cidr::parse(text);
    if (!cidr) return Complaint{cidr.error().detail, ""};
    out = *cidr;
    return {};
  });
  t.write([](const net::Cidr& c) { return c.text(); });
}

void describe(Enumeration<net::ProxyVersion>& e) {
  e.about("version of the PROXY protocol");
  e.value("v1", net::ProxyVersion::v1, "A line of text.");
  e.value("v2", net::ProxyVersion::v2, "Binary.");
}

}  // namespace sluice::config
