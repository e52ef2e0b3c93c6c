// SPDX-License-Identifier: Apache-2.0
// ConsumerConfig: what an operator writes for one consumer. Read by ConsumerTable.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/config/instant.h"
#include "gateway/jose/digest.h"

namespace sluice::chain {

// "sha256:" and 64 hexadecimal digits: what an API key is known by, and what it cannot be computed from.
struct KeyDigest {
  jose::Digest digest{};
  auto operator<=>(const KeyDigest&) const = default;
};
void describe(config::Text<KeyDigest>& t);

struct ApiKeyConfig {
  KeyDigest key;
  std::string name;
  std::optional<config::Instant> expires;
  bool operator==(const ApiKeyConfig&) const = default;
};
void describe(config::Description<ApiKeyConfig>& d);

// Tokens of `issuer` whose claim has that value.
struct TokenOfConfig {
  std::string issuer;
  std::string claim = "sub";
  std::string value;
  std::optional<config::Instant> expires;
  bool operator==(const TokenOfConfig&) const = default;
};
void describe(config::Description<TokenOfConfig>& d);

struct UserConfig {
  std::string username;  // "": the consumer's name
  config::Secret password;
  std::optional<config::Instant> expires;
  bool operator==(const UserConfig&) const = default;
};
void describe(config::Description<UserConfig>& d);

// One of its members.
struct CertificateConfig {
  std::string spiffe, uri, dns, email, cn;
  std::optional<config::Instant> expires;
  bool operator==(const CertificateConfig&) const = default;
};
void describe(config::Description<CertificateConfig>& d);

// A secret that the consumer signs its requests with.
struct HmacConfig {
  std::string id;
  config::Secret secret;  // in base64
  std::optional<config::Instant> expires;
  bool operator==(const HmacConfig&) const = default;
};
void describe(config::Description<HmacConfig>& d);

struct ConsumerConfig {
  std::string name;
  std::vector<std::string> groups, scopes;
  config::ByName<std::string> metadata;
  std::vector<ApiKeyConfig> api_keys;
  std::vector<UserConfig> basic;
  std::vector<TokenOfConfig> tokens;
  std::vector<CertificateConfig> certificates;
  std::vector<HmacConfig> hmac;
  bool operator==(const ConsumerConfig&) const = default;
};
void describe(config::Description<ConsumerConfig>& d);

}  // namespace sluice::chain
