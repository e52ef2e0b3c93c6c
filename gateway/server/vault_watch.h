// SPDX-License-Identifier: Apache-2.0
// VaultWatch: asks Vault every now and then whether a secret of the configuration has changed, and tells so.
// What is done about it is for others to say. While Vault cannot be asked nothing has changed. Control
// thread, without holding it up.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/config/vault_config.h"
#include "gateway/net/resolver.h"
#include "gateway/observe/series.h"
#include "gateway/server/http_fetch.h"
#include "gateway/server/vault.h"

namespace sluice::server {

class VaultWatch {
 public:
  // What it needs of the world. Both give a hold: when that is destroyed, nothing is called any more.
  struct World {
    std::function<std::shared_ptr<void>(FetchRequest, FetchDone, const FetchLimits&)> fetch;
    std::function<std::shared_ptr<void>(std::chrono::milliseconds, std::function<void()>)> later;
    const config::Environment* environment = nullptr;
  };
  // The real one. Both must outlive it.
  static World world(boost::asio::io_context& control, net::Resolver& names);

  // `changed` may call watch().
  VaultWatch(World world, std::function<void()> changed);
  VaultWatch(const VaultWatch&) = delete;
  ~VaultWatch();

  // From now on these secrets, as they were when the document was read.
  void watch(const config::VaultConfig& config, std::vector<config::Vaulted> secrets);
  // sluice_vault_up, as long as the watch lives.
  observe::ScrapeRegistration at_scrape(observe::SeriesStore& store);

 private:
  struct Watching;
  std::shared_ptr<Watching> watching_;
};

}  // namespace sluice::server
