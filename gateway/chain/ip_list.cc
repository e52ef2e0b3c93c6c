// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/ip_list.h"

#include "gateway/base/strings.h"

namespace sluice::chain {

void IpList::replace(Set set) {
  std::lock_guard lock(mutex_);
  set_ = std::move(set);
  version_.fetch_add(1, std::memory_order_release);
}

void IpList::take_up(OfWorker& mine) const {
  std::lock_guard lock(mutex_);
  mine.version = version_.load(std::memory_order_relaxed);
  mine.set = set_;
}

base::Result<IpList::Set> parse_ip_list(std::string_view text) {
  std::vector<net::Cidr> networks;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line = line.substr(0, line.find('#'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = base::trim(line);
    if (line.empty()) continue;
    auto network = net::Cidr::parse(line);
    if (!network) {
      std::string why = network.error().detail;
      return base::fail(base::Reason::internal, "line " + std::to_string(number) +
                                                    ": expected an address or a network such as " +
                                                    "10.0.0.0/8, got " + std::string(line.substr(0, 60)) +
                                                    (why.empty() ? "" : ": " + why));
    }
    networks.push_back(*network);
  }
  return std::make_shared<const net::CidrSet>(networks);
}

}  // namespace sluice::chain
