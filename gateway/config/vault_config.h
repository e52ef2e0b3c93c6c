// SPDX-License-Identifier: Apache-2.0
// VaultConfig: where the Vault is that ${vault:path#field} asks, as written under `vault`. Loading itself
// reads it, before anything else of the document is bound: the secrets belong into that document. Asking is
// the business of an Environment (load.h).
#pragma once
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/types.h"

namespace sluice::config {

inline constexpr std::string_view kVault = "vault";  // the top-level setting

// What is left empty is taken from the variables that Vault's own tools know.
struct VaultConfig {
  std::string address;     // VAULT_ADDR
  Secret token;            // VAULT_TOKEN
  std::string token_file;  // in place of `token`
  std::string name_space;  // VAULT_NAMESPACE
  std::string ca;          // PEM; VAULT_CACERT is the path of one
  bool allow_http = false;
  Duration timeout = std::chrono::seconds(5);
  Duration refresh = std::chrono::minutes(5);  // none: not asked again while the gateway runs
  bool operator==(const VaultConfig&) const = default;
};
void describe(Description<VaultConfig>& d);

// The reference between `${vault:` and `}`, taken apart.
struct VaultReference {
  std::string path, field;
  auto operator<=>(const VaultReference&) const = default;
};
// A Complaint for what is no reference.
Refusal parse(std::string_view text, VaultReference& out);

// A secret that a document was read with, and what it was then.
struct Vaulted {
  std::string path, field, value;
};

// What a document that was read has to do with Vault.
struct VaultUse {
  VaultConfig config;            // the path of its file as seen from here
  std::vector<Vaulted> secrets;  // in the document
  bool unasked = false;          // there was no Vault to ask: the document lacks its secrets, and says so
};

}  // namespace sluice::config
