// SPDX-License-Identifier: Apache-2.0
// The filter `ip_access`: which addresses may come here at all, from the configuration and from files that
// are read again when they change. The address is the client's as far as it is known: where a listener takes
// the PROXY protocol, the one that the balancer told, or the one that proxies of `trusted_proxies` tell.
#include <memory>
#include <string>
#include <vector>

#include "gateway/chain/admission.h"
#include "gateway/chain/ip_list.h"
#include "gateway/chain/registry.h"
#include "gateway/config/types_net.h"

namespace sluice::filters {

struct IpAccessConfig {
  std::vector<net::Cidr> allow, deny;
  std::vector<std::string> allow_file, deny_file;
  bool operator==(const IpAccessConfig&) const = default;
};

void describe(config::Description<IpAccessConfig>& d) {
  using namespace config;
  constexpr auto kFile =
      "Files with addresses and networks, one a line; # begins a comment. Relative to this file; read again "
      "when they change.";
  d.about("ip_access",
          "Refuses clients by their addresses with 403. What is denied never passes; if anything is allowed, "
          "nothing else passes.");
  d.field("allow", &IpAccessConfig::allow, "Addresses and networks that may come.", one_or_many, unique,
          example("[10.0.0.0/8, \"2001:db8::/32\"]"));
  d.field("deny", &IpAccessConfig::deny, "Addresses and networks that may not.", one_or_many, unique);
  d.field("allow_file", &IpAccessConfig::allow_file, std::string("The same as `allow`. ") + kFile,
          one_or_many, unique, each(non_empty), example("partners.txt"));
  d.field("deny_file", &IpAccessConfig::deny_file, std::string("The same as `deny`. ") + kFile, one_or_many,
          unique, each(non_empty), example("blocked.txt"));
  d.at_least_one({"allow", "deny", "allow_file", "deny_file"});
}

namespace {

using chain::Exchange;
using chain::Step;

// What was written, and what stands in files.
class Addresses {
 public:
  Addresses(const std::vector<net::Cidr>& written, const std::vector<std::string>& files,
            std::string_view setting, chain::Builder& builder)
      : written_(written) {
    for (std::size_t i = 0; i < files.size(); ++i)
      if (auto list = builder.ip_list(std::string(setting) + "[" + std::to_string(i) + "]", files[i]))
        lists_.push_back(std::move(list));
  }
  bool contain(const net::Address& address, unsigned worker) const {
    if (written_.contains(address)) return true;
    for (const auto& list : lists_)
      if (list->contains(address, worker)) return true;
    return false;
  }

 private:
  net::CidrSet written_;
  std::vector<std::shared_ptr<const chain::IpList>> lists_;
};

class IpAccess final : public chain::Filter {
 public:
  IpAccess(const IpAccessConfig& c, chain::Builder& builder)
      : only_(!c.allow.empty() || !c.allow_file.empty()),
        allow_(c.allow, c.allow_file, "allow_file", builder),
        deny_(c.deny, c.deny_file, "deny_file", builder),
        decisions_(builder.decisions()) {}

  base::Task<Step> on_request(Exchange& ex) const override {
    const net::Address& client = ex.stream.connection().peer;
    unsigned worker = ex.worker.index;
    bool good = !deny_.contain(client, worker) && (!only_ || allow_.contain(client, worker));
    return chain::admit(ex, *decisions_, good, "requests from this address are not taken");
  }

 private:
  bool only_;
  Addresses allow_, deny_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

const chain::FilterKind<IpAccess, IpAccessConfig> kIpAccess{
    "ip_access", chain::Stage::admit, "Refuses clients by their addresses.", "{allow: [10.0.0.0/8]}"};

}  // namespace
}  // namespace sluice::filters
