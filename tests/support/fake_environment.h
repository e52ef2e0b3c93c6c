// SPDX-License-Identifier: Apache-2.0
// FakeEnvironment: what loading a configuration may ask of the machine, as a test wants it. Nothing of the
// machine itself is seen.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/load.h"

namespace sluice::test {

class FakeEnvironment final : public config::Environment {
 public:
  FakeEnvironment() = default;
  explicit FakeEnvironment(std::map<std::string, std::string> all) : files(std::move(all)) {}

  std::map<std::string, std::string> variables, files;
  std::map<std::string, std::vector<std::string>> globs;
  std::map<std::string, std::string> failing_globs;
  std::map<std::string, VaultAnswer> secrets;  // of Vault, by path
  bool has_vault = true;
  mutable std::vector<std::vector<std::string>> asked;  // of Vault
  mutable std::vector<config::VaultConfig> asked_as;

  std::optional<std::string> variable(const std::string& name) const override {
    auto at = variables.find(name);
    if (at == variables.end()) return std::nullopt;
    return at->second;
  }
  Text read(const std::string& path, std::size_t limit) const override {
    auto at = files.find(path);
    if (at == files.end()) return {std::nullopt, "No such file or directory"};
    if (at->second.size() > limit) return {std::nullopt, "too large"};
    return {at->second, {}};
  }
  Names matches(const std::string& pattern) const override {
    if (auto bad = failing_globs.find(pattern); bad != failing_globs.end()) return {{}, bad->second};
    auto at = globs.find(pattern);
    return {at == globs.end() ? std::vector<std::string>() : at->second, {}};
  }
  std::optional<std::vector<VaultAnswer>> vault(const config::VaultConfig& config, const config::Document&,
                                                const std::vector<std::string>& paths) const override {
    if (!has_vault) return std::nullopt;
    asked.push_back(paths);
    asked_as.push_back(config);
    std::vector<VaultAnswer> out;
    for (const auto& path : paths) {
      auto at = secrets.find(path);
      VaultAnswer none;
      none.error = "Vault has nothing at " + path;
      out.push_back(at == secrets.end() ? none : at->second);
    }
    return out;
  }
};

}  // namespace sluice::test
