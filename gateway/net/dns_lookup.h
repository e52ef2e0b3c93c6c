// SPDX-License-Identifier: Apache-2.0
// dns_lookup: asks the hosts file and DNS, over UDP and for long answers TCP, on the control thread's own
// sockets. Servers, search domains and ndots are those of /etc/resolv.conf, read again when it changes; what
// else nsswitch.conf may name is not asked. c-ares sends and receives, the answers are read by dns_message.h.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/net/lookup.h"

namespace sluice::net {

struct DnsOptions {
  std::vector<Address> nameservers;  // empty: those of /etc/resolv.conf
  // For each question to each server; the second and last time twice as long.
  std::chrono::milliseconds timeout{2000};
  bool operator==(const DnsOptions&) const = default;
};

class DnsLookup final : public Lookup {
 public:
  // How soon to look at the hosts file again.
  static constexpr base::Duration kHostsFile = std::chrono::seconds(5);

  DnsLookup(boost::asio::io_context& control, DnsOptions options);
  ~DnsLookup() override;

  // For questions that begin from now on.
  void use(DnsOptions options);
  void start(const std::string& name, Asked asked, Done done) override;

 private:
  class Channel;
  class Search;
  boost::asio::io_context& control_;
  DnsOptions options_;
  std::shared_ptr<Channel> channel_;              // for new questions
  std::vector<std::weak_ptr<Channel>> channels_;  // and those whose last questions are open
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

// The full names to be asked for, in order (resolver(5): search, ndots).
std::vector<std::string> full_names(std::string_view name, const std::vector<std::string>& domains,
                                    std::size_t ndots);

}  // namespace sluice::net
