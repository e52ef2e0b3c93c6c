// SPDX-License-Identifier: Apache-2.0
// The conditions of a match beside host, path and method, as written, and what they become. Used by
// MatchConfig.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/config/types_net.h"
#include "gateway/routing/match.h"
#include "gateway/routing/value_rule.h"

namespace sluice::routing {

// A pattern with the text that it was read from, which is what counts for equality and when it is written.
struct HostText {
  std::string text;
  HostPattern pattern;
  bool operator==(const HostText& other) const { return text == other.text; }
};
void describe(config::Text<HostText>& t);

// An RE2 expression over a whole value.
struct ValueRegex {
  std::string text;
  std::shared_ptr<const re2::RE2> regex;
  bool operator==(const ValueRegex& other) const { return text == other.text; }
};
void describe(config::Text<ValueRegex>& t);

// `acme`, `[acme, globex]`, `present`, `{not: acme}` and so on.
struct ValueConfig {
  std::vector<std::string> exact, not_exact;
  std::optional<ValueRegex> regex, not_regex;
  std::optional<bool> present;
  bool operator==(const ValueConfig&) const = default;

  ValueRule rule() const;
};
void describe(config::Description<ValueConfig>& d);

struct ClientIpConfig {
  std::vector<net::Cidr> in, not_in;
  bool operator==(const ClientIpConfig&) const = default;
};
void describe(config::Description<ClientIpConfig>& d);

enum class SchemeChoice : std::uint8_t { http, https };
void describe(config::Enumeration<SchemeChoice>& e);

struct ClientCertificateConfig {
  std::vector<std::string> uri, dns, email, cn;
  bool operator==(const ClientCertificateConfig&) const = default;
};
void describe(config::Description<ClientCertificateConfig>& d);

// An expression, as a condition.
struct WhenText {
  std::string text;
  std::shared_ptr<const Condition> condition;
  bool operator==(const WhenText& other) const { return text == other.text; }
};
void describe(config::Text<WhenText>& t);

struct ConditionsConfig {
  config::ByName<ValueConfig> header, query, cookie;
  std::optional<ClientIpConfig> client_ip;
  std::vector<std::string> listener;
  std::optional<SchemeChoice> scheme;
  std::vector<HostText> sni;
  std::optional<ClientCertificateConfig> client_certificate;
  std::optional<WhenText> when;
  bool operator==(const ConditionsConfig&) const = default;

  std::vector<std::shared_ptr<const Condition>> conditions() const;
};
struct MatchConfig;  // match_config.h
// The fields above, of a match that has more of them.
void describe_conditions(config::Description<MatchConfig>& d);

}  // namespace sluice::routing
