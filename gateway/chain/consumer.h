// SPDX-License-Identifier: Apache-2.0
// Consumer: a caller that the configuration lists, with the credentials by which it is known. ConsumerTable:
// all of them, found by any of their credentials. Built at load, immutable, part of the snapshot; filters
// read it through Exchange::consumers, because a reload that changes consumers alone replaces it under them.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/chain/identity.h"
#include "gateway/jose/digest.h"

namespace sluice::config {
class Report;
}
namespace sluice::net {
struct CertificateName;
}

namespace sluice::chain {

struct ConsumerConfig;

// What else an operator noted about a consumer: its plan, its region.
struct Metadatum {
  std::string_view name;
  std::string_view text;
};

struct Consumer {
  std::string_view id;
  std::span<const std::string_view> groups;
  std::span<const std::string_view> scopes;
  std::span<const Metadatum> metadata;

  // "" if nothing of that name was noted.
  std::string_view metadatum(std::string_view name) const noexcept;
};

// One of the ways in which a consumer is known.
struct Credential {
  const Consumer* consumer = nullptr;
  std::string_view name;    // as in Identity::credential
  std::string_view secret;  // of users: the hash of the password; of signatures: the secret itself
  base::WallTime expires = base::WallTime::max();

  bool expired(base::WallTime now) const noexcept { return now >= expires; }
  // The same, now; most have no end, and need no look at the clock.
  bool expired(const base::Clock& clock) const noexcept {
    return expires != base::WallTime::max() && expired(clock.wall());
  }
};

// The caller is this consumer. Whoever knows more about the caller (claims, narrower scopes) adds it.
Identity identity_of(const Consumer& consumer, std::string_view method, std::string_view credential) noexcept;
inline Identity identity_of(const Credential& credential, std::string_view method) noexcept {
  return identity_of(*credential.consumer, method, credential.name);
}

// What a certificate with this name is found by.
std::string certificate_key(const net::CertificateName& name);

class ConsumerTable {
 public:
  // A credential that two consumers have is an error at the later one. What `configs` says is copied.
  ConsumerTable(const std::vector<ConsumerConfig>& configs, const config::Report& report);
  ConsumerTable(const ConsumerTable&) = delete;
  ConsumerTable& operator=(const ConsumerTable&) = delete;

  // Each is null if there is none, and takes the same time however many consumers there are.
  const Consumer* find(std::string_view id) const noexcept { return at(consumers_, id); }
  const Credential* find_api_key(const jose::Digest& digest) const noexcept;
  // Who bears a token with these claims of that issuer. The names that consumers are known by are few, mostly
  // `sub` alone. Makes the texts to look up in `arena`.
  const Credential* find_token(std::string_view issuer, std::span<const Claim> claims,
                               base::Arena& arena) const;
  const Credential* find_user(std::string_view user) const noexcept { return at(users_, user); }
  // Who signs with that id.
  const Credential* find_hmac(std::string_view id) const noexcept { return at(hmac_, id); }
  // Some user, whose hash is as slow as the others'; null if there is none.
  const Credential* any_user() const noexcept { return users_.empty() ? nullptr : users_.begin()->second; }
  // `key`: certificate_key() of a name in the certificate.
  const Credential* find_certificate(std::string_view key) const noexcept { return at(certificates_, key); }
  std::size_t size() const noexcept { return consumers_.size(); }

 private:
  template <class T>
  using Index = std::unordered_map<std::string_view, const T*>;
  template <class T>
  static const T* at(const Index<T>& index, std::string_view key) noexcept {
    auto found = index.find(key);
    return found == index.end() ? nullptr : found->second;
  }
  class Filler;

  base::Arena arena_;  // of all texts and entries
  Index<Consumer> consumers_;
  Index<Credential> api_keys_;      // by digest
  Index<Credential> users_;         // by user name
  Index<Credential> certificates_;  // by kind and name
  Index<Credential> hmac_;          // by id
  Index<Credential> tokens_;        // by issuer, claim and value
  std::vector<std::string_view> token_claims_;
};

}  // namespace sluice::chain
