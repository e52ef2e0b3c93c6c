// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/vault_secrets.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "gateway/config/bind.h"
#include "gateway/server/fetch_loop.h"
#include "gateway/server/resolver_config.h"

namespace sluice::server {
namespace {

using Answers = std::vector<config::Environment::VaultAnswer>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 16;  // questions under way

std::string key_of(const VaultAccess& access, const std::string& path) {
  return access.address.text() + '\n' + access.name_space + '\n' + path;
}

// Asks for all paths, some at a time; what is not answered in time stays empty.
std::vector<std::optional<base::Result<Fetched>>> ask_all(FetchLoop& loop, const VaultAccess& access,
                                                          const std::vector<std::string>& paths) {
  std::vector<std::optional<base::Result<Fetched>>> heard(paths.size());
  std::vector<std::shared_ptr<void>> holds(paths.size());
  auto until = Clock::now() + access.timeout;
  std::size_t begun = 0, ended = 0;
  while (ended < paths.size() && Clock::now() < until && !loop.stopped()) {
    for (; begun < paths.size() && begun - ended < kAtOnce; ++begun)
      holds[begun] = loop.start(
          vault_request(access, paths[begun]),
          [&heard, &ended, at = begun](base::Result<Fetched> result) {
            heard[at].emplace(std::move(result));
            ++ended;
          },
          vault_limits(access));
    loop.run(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
  }
  return heard;
}

Answers all_refused(VaultFault fault, std::size_t count) {
  config::Environment::VaultAnswer none;
  none.error = std::move(fault.error);
  none.hint = std::move(fault.hint);
  return Answers(count, none);
}

// How the name of Vault is to be looked up; none if the document is wrong there.
std::optional<net::DnsOptions> lookups_of(const config::Document& document) {
  ResolverConfig resolver;
  config::Diagnostics unheard;
  if (const auto* node = document.find("resolver"))
    config::bind(document, *node, config::shape_of<ResolverConfig>(), &resolver, unheard);
  if (unheard.has_errors()) return std::nullopt;
  return resolver.options();
}

}  // namespace

std::optional<Answers> VaultSecrets::vault(const config::VaultConfig& config,
                                           const config::Document& document,
                                           const std::vector<std::string>& paths) const {
  auto access = vault_access(config, *this);
  if (auto* fault = std::get_if<VaultFault>(&access)) return all_refused(std::move(*fault), paths.size());
  const auto& known = std::get<VaultAccess>(access);
  auto lookups = lookups_of(document);
  if (!lookups) return all_refused({"Vault is not asked before `resolver` is right", {}}, paths.size());
  std::vector<std::optional<base::Result<Fetched>>> heard(paths.size());
  std::string trouble = "does not answer in time";
  try {
    FetchLoop loop(std::move(*lookups));
    Asking asking(*this, loop);
    heard = ask_all(loop, known, paths);
  } catch (const std::exception& e) {  // a loop needs descriptors, and there may be none
    trouble = std::string("cannot be asked: ") + e.what();
  }
  Answers out;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    base::Result<Fetched> fetched = base::fail(base::Reason::internal, trouble);
    if (heard[i]) fetched = std::move(*heard[i]);
    out.push_back(settle(known, paths[i], read_vault(known, paths[i], fetched)));
  }
  return out;
}

VaultSecrets::Asking::Asking(const VaultSecrets& secrets, FetchLoop& loop) : secrets_(secrets) {
  std::lock_guard lock(secrets_.mutex_);
  secrets_.asking_ = &loop;
  if (secrets_.given_up_) loop.stop();
}

VaultSecrets::Asking::~Asking() {
  std::lock_guard lock(secrets_.mutex_);
  secrets_.asking_ = nullptr;
}

void VaultSecrets::give_up() noexcept {
  std::lock_guard lock(mutex_);
  given_up_ = true;
  if (asking_) asking_->stop();
}

config::Environment::VaultAnswer VaultSecrets::settle(const VaultAccess& access, const std::string& path,
                                                      VaultHeard heard) const {
  auto key = key_of(access, path);
  if (heard.answer.error.empty()) {
    last_[key] = heard.answer;
  } else if (auto before = last_.find(key); heard.down && before != last_.end()) {
    VaultAnswer out = before->second;
    out.stale = std::move(heard.answer.error);
    return out;
  }
  return std::move(heard.answer);
}

}  // namespace sluice::server
