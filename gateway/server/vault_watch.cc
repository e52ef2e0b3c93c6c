// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/vault_watch.h"

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/server/later.h"

namespace sluice::server {
namespace {

using config::Vaulted;

}  // namespace

// One path at a time: there is no hurry, and Vault is spared.
struct VaultWatch::Watching : std::enable_shared_from_this<VaultWatch::Watching> {
  World world;
  std::function<void()> changed;
  config::VaultConfig config;
  std::vector<Vaulted> secrets;
  std::vector<std::string> paths;
  std::optional<VaultAccess> access;
  std::size_t at = 0;   // of paths
  std::string trouble;  // of the last round, "" for none
  std::string now;      // of this one
  std::shared_ptr<void> waiting, fetching;

  bool looks() const noexcept { return !paths.empty() && config.refresh.count() > 0; }

  void again() {
    waiting.reset();
    fetching.reset();
    if (!looks()) return;
    waiting = world.later(std::chrono::ceil<std::chrono::milliseconds>(config.refresh), [this] { look(); });
  }

  void look() {
    auto found = vault_access(config, *world.environment);
    now.clear();
    if (auto* fault = std::get_if<VaultFault>(&found)) {
      now = fault->error;
      return end();
    }
    access = std::get<VaultAccess>(std::move(found));
    at = 0;
    ask();
  }

  void ask() {
    auto before = std::exchange(fetching, nullptr);  // what runs this may be part of it
    fetching = world.fetch(
        vault_request(*access, paths[at]), [this](base::Result<Fetched> fetched) { heard(fetched); },
        vault_limits(*access));
  }

  void heard(const base::Result<Fetched>& fetched) {
    auto self = shared_from_this();
    auto hold = fetching;
    auto said = read_vault(*access, paths[at], fetched);
    if (!said.answer.error.empty()) {
      now = said.answer.error;
    } else if (differs(said.answer.fields)) {
      end();  // what comes of it may put another document in place of this one
      return changed();
    }
    if (!said.down && ++at < paths.size()) return ask();
    end();
  }

  // Of a round.
  void end() {
    if (now.empty() && !trouble.empty()) base::log(base::Level::info, "vault: its secrets can be read again");
    if (!now.empty() && now != trouble)
      base::log(base::Level::warning, "vault: " + now + "; the secrets that were read stay in use");
    trouble = now;
    again();
  }

  // A field that is gone is a change: what comes of it says so.
  bool differs(const std::map<std::string, std::string>& fields) const {
    return std::ranges::any_of(secrets, [&](const Vaulted& secret) {
      if (secret.path != paths[at]) return false;
      auto found = fields.find(secret.field);
      return found == fields.end() || found->second != secret.value;
    });
  }
};

VaultWatch::VaultWatch(World world, std::function<void()> changed) : watching_(std::make_shared<Watching>()) {
  watching_->world = std::move(world);
  watching_->changed = std::move(changed);
}

VaultWatch::~VaultWatch() {
  watching_->fetching.reset();
  watching_->waiting.reset();
}

void VaultWatch::watch(const config::VaultConfig& config, std::vector<Vaulted> secrets) {
  Watching& w = *watching_;
  w.config = config;
  w.secrets = std::move(secrets);
  w.paths.clear();
  for (const Vaulted& secret : w.secrets)
    if (std::ranges::find(w.paths, secret.path) == w.paths.end()) w.paths.push_back(secret.path);
  w.again();
}

observe::ScrapeRegistration VaultWatch::at_scrape(observe::SeriesStore& store) {
  return store.at_scrape(observe::Family::sluice_vault_up,
                         [weak = std::weak_ptr(watching_)](const observe::Emit& emit) {
                           auto w = weak.lock();
                           if (w && w->looks()) emit({}, w->trouble.empty() ? 1 : 0);
                         });
}

VaultWatch::World VaultWatch::world(boost::asio::io_context& control, net::Resolver& names) {
  World out;
  out.fetch = [&control, &names](FetchRequest request, FetchDone done, const FetchLimits& limits) {
    return fetch_http(control, names, std::move(request), std::move(done), limits);
  };
  out.later = [&control](std::chrono::milliseconds in, std::function<void()> then) {
    return later(control, in, std::move(then));
  };
  out.environment = &config::system_environment();
  return out;
}

}  // namespace sluice::server
