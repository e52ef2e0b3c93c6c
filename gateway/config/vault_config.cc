// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/vault_config.h"

#include <algorithm>

#include "gateway/config/describe.h"

namespace sluice::config {
namespace {

using namespace std::chrono_literals;

// What stands in a path of the API without being encoded, and cannot change which server is meant.
bool is_path_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/-_.~@:+=,").find(c) != std::string_view::npos;
}

bool is_path(std::string_view path) noexcept {
  if (path.empty() || path.front() == '/' || path.back() == '/') return false;
  if (!std::all_of(path.begin(), path.end(), is_path_character)) return false;
  std::string segments = '/' + std::string(path) + '/';
  for (std::string_view bad : {"//", "/./", "/../"})
    if (segments.find(bad) != std::string::npos) return false;
  return true;
}

}  // namespace

Refusal parse(std::string_view text, VaultReference& out) {
  constexpr std::string_view kHint = "as in ${vault:secret/data/orders#password}";
  std::size_t hash = text.find('#');
  if (hash == std::string_view::npos || hash + 1 == text.size())
    return Complaint{"${vault:} needs the field of the secret behind a #", std::string(kHint)};
  if (!is_path(text.substr(0, hash)))
    return Complaint{"${vault:} needs the path of a secret in Vault's API", std::string(kHint)};
  out = {std::string(text.substr(0, hash)), std::string(text.substr(hash + 1))};
  return {};
}

void describe(Description<VaultConfig>& d) {
  d.about(
      "vault",
      "The Vault (HashiCorp's, or OpenBao) that `${vault:path#field}` is read from, by version 2 of the KV "
      "secrets engine. What is not written here is taken from the variables of the environment that Vault's "
      "own tools know.");
  d.field("address", &VaultConfig::address, "Where it is.", default_is("the variable VAULT_ADDR"),
          pattern("https?://.+", "a URL such as https://vault.example:8200"),
          example("https://vault.example:8200"));
  d.field("token", &VaultConfig::token, "What to show it. An agent beside the gateway may need none.",
          default_is("the variable VAULT_TOKEN"), example("\"${env:SLUICE_VAULT_TOKEN}\""));
  d.field("token_file", &VaultConfig::token_file,
          "A file that holds the token, as agents of Vault write it; read each time that Vault is asked. "
          "Relative to the file that names it.",
          non_empty, example("/run/vault/token"));
  d.field("namespace", &VaultConfig::name_space, "The namespace in which the paths are.",
          default_is("the variable VAULT_NAMESPACE, or none"), example("teams/shop"));
  d.field("ca", &VaultConfig::ca, "PEM of the authorities by which Vault is believed.",
          default_is("those in the file that VAULT_CACERT names, or the system's"),
          example("${file:ca.pem}"));
  d.field("allow_http", &VaultConfig::allow_http,
          "Asks Vault without https even where that leaves this machine: whoever is on the way can then read "
          "the token and the secrets.");
  d.field("timeout", &VaultConfig::timeout, "How long loading waits for Vault, for all secrets together.",
          between(100ms, 60s));
  d.field("refresh", &VaultConfig::refresh,
          "How often a gateway that runs asks whether a secret has changed, and then reloads; `0s`: never.",
          at_most(24h), check([](Duration every) {
            return every == 0s || every >= 1s ? "" : "must be 0s or at least 1s";
          }));
  d.at_most_one({"token", "token_file"});
}

}  // namespace sluice::config
