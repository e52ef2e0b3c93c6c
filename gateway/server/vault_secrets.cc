// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/vault_secrets.h"

#include <optional>
#include <utility>

#include "gateway/server/fetch_loop.h"

namespace sluice::server {
namespace {

using Answers = std::vector<config::Environment::VaultAnswer>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestAnswer = 1u << 20;
constexpr std::size_t kAtOnce = 16;  // questions under way

std::string key_of(const VaultAccess& access, const std::string& path) {
  return access.address.text() + '\n' + access.name_space + '\n' + path;
}

// Asks for all paths, some at a time; what is not answered in time stays empty.
std::vector<std::optional<base::Result<Fetched>>> ask_all(const VaultAccess& access,
                                                          const std::vector<std::string>& paths) {
  std::vector<std::optional<base::Result<Fetched>>> heard(paths.size());
  FetchLoop loop;
  std::vector<std::shared_ptr<void>> holds(paths.size());  // gone before the loop
  auto until = Clock::now() + access.timeout;
  std::size_t begun = 0, ended = 0;
  while (ended < paths.size() && Clock::now() < until) {
    for (; begun < paths.size() && begun - ended < kAtOnce; ++begun)
      holds[begun] = loop.start(vault_request(access, paths[begun]),
                                [&heard, &ended, at = begun](base::Result<Fetched> result) {
                                  heard[at].emplace(std::move(result));
                                  ++ended;
                                },
                                {access.timeout, kLargestAnswer});
    loop.run(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
  }
  return heard;
}

}  // namespace

Answers VaultSecrets::vault(const config::VaultConfig& config, const std::vector<std::string>& paths) const {
  auto access = vault_access(config, *this);
  if (auto* fault = std::get_if<VaultFault>(&access)) {
    VaultAnswer none;
    none.error = std::move(fault->error);
    none.hint = std::move(fault->hint);
    return Answers(paths.size(), none);
  }
  const auto& known = std::get<VaultAccess>(access);
  auto heard = ask_all(known, paths);
  Answers out;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    base::Result<Fetched> fetched = base::fail(base::Reason::internal, "does not answer in time");
    if (heard[i]) fetched = std::move(*heard[i]);
    out.push_back(settle(known, paths[i], read_vault(known, paths[i], fetched)));
  }
  return out;
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

const VaultSecrets& vault_secrets() {
  static const VaultSecrets secrets;
  return secrets;
}

}  // namespace sluice::server
