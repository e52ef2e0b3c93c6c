// SPDX-License-Identifier: Apache-2.0
// Loaded: a configuration that has been read and bound, with all that is needed to complain about it later.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/server/config.h"

namespace sluice::server {

struct Loaded {
  using Secrets = std::vector<config::Vaulted>;
  explicit Loaded(const std::function<config::Document(config::Diagnostics&, Secrets&)>& read)
      : document(read(diagnostics, vaulted)) {}

  config::Diagnostics diagnostics;
  Secrets vaulted;  // of Vault
  config::Document document;
  config::Names names;
  Config config;
  std::string hash;  // of the configuration in its long form, 16 hexadecimal digits

  bool ok() const noexcept { return !diagnostics.has_errors(); }
};

// Reads, binds and checks; never null. Look at ok() before using the config.
// Secrets may be asked for in Vault, which is waited for.
std::unique_ptr<Loaded> load_file(const std::string& path);
std::unique_ptr<Loaded> load_text(std::string text, std::string name = "config.yaml");

}  // namespace sluice::server
