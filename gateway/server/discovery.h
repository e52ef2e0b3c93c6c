// SPDX-License-Identifier: Apache-2.0
// Discovery: what a gateway has beside its snapshots for targets that come and go: the resolver and the
// nameservers it asks, the files of endpoints, and the metrics of both. Owned by Gateway; control thread.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/net/dns_lookup.h"
#include "gateway/net/resolver.h"
#include "gateway/observe/metrics.h"
#include "gateway/server/endpoint_files.h"
#include "gateway/server/resolver_config.h"

namespace sluice::server {

class Discovery {
 public:
  // All must outlive it.
  Discovery(boost::asio::io_context& control, const base::Clock& clock, observe::MetricsRegistry& metrics,
            const ResolverConfig& config);
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  net::Resolver& resolver() noexcept { return resolver_; }
  EndpointFiles& files() noexcept { return files_; }
  void use(const ResolverConfig& config);
  // `changed` is called soon after sources of that table have other targets, once for all that change at a
  // time.
  void follow(upstream::TargetTable& targets, std::function<void()> changed);

 private:
  Discovery(boost::asio::io_context& control, const base::Clock& clock, observe::MetricsRegistry& metrics,
            std::unique_ptr<net::DnsLookup> lookup);

  boost::asio::io_context& control_;
  observe::MetricsRegistry& metrics_;
  net::DnsLookup* lookup_;  // the resolver's
  net::Resolver resolver_;
  EndpointFiles files_;
  // How long lookups took, by their result. The cells are those of the first worker, which has no use for
  // them.
  struct Took {
    observe::SeriesRef series;
    observe::DurationCells cells;
  };
  Took ok_, none_, failed_;
  std::vector<observe::ScrapeRegistration> shown_;
  bool change_told_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace sluice::server
