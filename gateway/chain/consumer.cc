// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/consumer.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/chain/consumer_config.h"
#include "gateway/config/report.h"
#include "gateway/net/tls_certificate.h"

namespace sluice::chain {
namespace {

using config::path;

// No two triples have the same text: neither an issuer nor a claim of the configuration holds a NUL.
std::string_view token_key(base::Arena& arena, std::string_view issuer, std::string_view claim,
                           std::string_view value) {
  constexpr std::string_view kBetween("\0", 1);
  return arena.join(issuer, kBetween, claim, kBetween, value);
}

constexpr std::size_t kShownDigits = 8;

}  // namespace

std::string certificate_key(const net::CertificateName& name) {
  return static_cast<char>('0' + static_cast<int>(name.kind)) + name.text;
}

std::string_view Consumer::metadatum(std::string_view name) const noexcept {
  for (const Metadatum& m : metadata)
    if (m.name == name) return m.text;
  return {};
}

Identity identity_of(const Consumer& consumer, std::string_view method,
                     std::string_view credential) noexcept {
  Identity out;
  out.method = method;
  out.consumer = consumer.id;
  out.credential = credential;
  out.groups = consumer.groups;
  out.scopes = consumer.scopes;
  out.entry = &consumer;
  return out;
}

// Copies what was written into the table.
class ConsumerTable::Filler {
 public:
  Filler(ConsumerTable& table, const config::Report& report) : table_(table), report_(report) {}

  void add(const ConsumerConfig& c, std::size_t index) {
    index_ = index;
    consumer_ = arena().make<Consumer>();
    *consumer_ = {arena().copy(c.name), copy(c.groups), copy(c.scopes), copy(c.metadata)};
    table_.consumers_.emplace(consumer_->id, consumer_);
    for (std::size_t i = 0; i < c.api_keys.size(); ++i) add(c.api_keys[i], i);
    for (std::size_t i = 0; i < c.basic.size(); ++i) add(c.basic[i], i);
    for (std::size_t i = 0; i < c.tokens.size(); ++i) add(c.tokens[i], i);
    for (std::size_t i = 0; i < c.certificates.size(); ++i) add(c.certificates[i], i);
    for (std::size_t i = 0; i < c.hmac.size(); ++i) add(c.hmac[i], i);
  }

 private:
  base::Arena& arena() noexcept { return table_.arena_; }
  std::span<const std::string_view> copy(const std::vector<std::string>& texts) {
    auto out = arena().array<std::string_view>(texts.size());
    std::transform(texts.begin(), texts.end(), out.begin(),
                   [this](const std::string& text) { return arena().copy(text); });
    return out;
  }
  std::span<const Metadatum> copy(const config::ByName<std::string>& texts) {
    auto out = arena().array<Metadatum>(texts.size());
    std::transform(texts.begin(), texts.end(), out.begin(), [this](const auto& item) {
      return Metadatum{arena().copy(item.first), arena().copy(item.second)};
    });
    return out;
  }
  Credential* credential(std::string_view name, const std::optional<config::Instant>& expires) {
    auto* out = arena().make<Credential>();
    out->consumer = consumer_;
    out->name = arena().copy(name);
    if (expires) out->expires = expires->when;
    return out;
  }
  void add(const ApiKeyConfig& c, std::size_t at) {
    auto digest = jose::view(c.key.digest);
    std::string name = c.name.empty() ? base::to_hex(digest).substr(0, kShownDigits) : c.name;
    put(table_.api_keys_, arena().copy(digest), credential(name, c.expires), "api_keys", at, "key");
  }
  void add(const TokenOfConfig& c, std::size_t at) {
    auto key = token_key(arena(), c.issuer, c.claim, c.value);
    put(table_.tokens_, key, credential(c.value, c.expires), "tokens", at, "token");
    auto& names = table_.token_claims_;
    if (std::find(names.begin(), names.end(), c.claim) == names.end()) names.push_back(arena().copy(c.claim));
  }
  void add(const UserConfig& c, std::size_t at) {
    std::string_view user = c.username.empty() ? consumer_->id : arena().copy(c.username);
    Credential* made = credential(user, c.expires);
    made->secret = arena().copy(c.password.value);
    put(table_.users_, user, made, "basic", at, "user name");
  }
  void add(const CertificateConfig& c, std::size_t at) {
    using Kind = net::CertificateName::Kind;
    net::CertificateName name{Kind::uri, c.spiffe};
    if (!c.uri.empty()) name = {Kind::uri, c.uri};
    if (!c.dns.empty()) name = {Kind::dns, base::to_lower(c.dns)};
    if (!c.email.empty()) name = {Kind::email, c.email};
    if (!c.cn.empty()) name = {Kind::cn, c.cn};
    put(table_.certificates_, arena().copy(certificate_key(name)), credential(name.text, c.expires),
        "certificates", at, "certificate");
  }
  void add(const HmacConfig& c, std::size_t at) {
    Credential* made = credential(c.id, c.expires);
    made->secret = arena().copy(base::decode_base64(c.secret.value).value_or(std::string()));
    put(table_.hmac_, made->name, made, "hmac", at, "id");
  }
  void put(Index<Credential>& index, std::string_view key, const Credential* credential,
           std::string_view setting, std::size_t at, std::string_view what) {
    auto [there, fresh] = index.emplace(key, credential);
    if (fresh) return;
    const Consumer* other = there->second->consumer;
    report_.error(path("consumers", index_, setting, at),
                  other == consumer_ ? fmt::format("this {} is listed twice", what)
                                     : fmt::format("consumer `{}` has this {} already", other->id, what));
  }

  ConsumerTable& table_;
  const config::Report& report_;
  Consumer* consumer_ = nullptr;
  std::size_t index_ = 0;
};

ConsumerTable::ConsumerTable(const std::vector<ConsumerConfig>& configs, const config::Report& report) {
  consumers_.reserve(configs.size());
  api_keys_.reserve(configs.size());
  Filler filler(*this, report);
  for (std::size_t i = 0; i < configs.size(); ++i) filler.add(configs[i], i);
}

// The search may stop at the first byte that differs: of digests that says nothing about any key.
const Credential* ConsumerTable::find_api_key(const jose::Digest& digest) const noexcept {
  return at(api_keys_, jose::view(digest));
}

const Credential* ConsumerTable::find_token(std::string_view issuer, std::span<const Claim> claims,
                                            base::Arena& arena) const {
  for (std::string_view name : token_claims_)
    for (const Claim& claim : claims) {
      if (claim.name != name) continue;
      if (const auto* found = at(tokens_, token_key(arena, issuer, name, claim.text))) return found;
    }
  return nullptr;
}

}  // namespace sluice::chain
