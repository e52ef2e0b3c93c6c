// SPDX-License-Identifier: Apache-2.0
// Identity: who the caller of an exchange is, as the filters of the stage `identify` found out. Later filters
// allow, limit and log by it; the texts of a configuration show it as `${consumer.id}` or `${claim.sub}`.
#pragma once
#include <memory>
#include <span>
#include <string_view>

namespace sluice::chain {

struct Consumer;

// One statement of a token about its bearer. Members of nested objects stand here under dotted names,
// "realm_access.roles".
struct Claim {
  std::string_view name;
  std::string_view text;  // of strings what they say, of all other values their JSON as received
};

// Written by one filter at a time, in a worker. The views lie in the exchange's arena, in its snapshot, or in
// what `owner` keeps.
struct Identity {
  std::string_view method;      // the kind of filter that found out, "jwt"; "" while nobody has
  std::string_view issuer;      // whose credential it is: of a token, "" for those of this configuration
  std::string_view consumer;    // id of the consumer, "" for a caller who is none of the list
  std::string_view credential;  // which of the caller's: name of a key, `sub` of a token; never a secret
  std::span<const std::string_view> groups;
  std::span<const std::string_view> scopes;
  std::span<const Claim> claims;
  // Of a caller who was let through without a credential: the values of WWW-Authenticate that ask for one.
  std::span<const std::string_view> challenges;
  const Consumer* entry = nullptr;  // the consumer's place in the list, if it has one
  std::shared_ptr<const void> owner;

  explicit operator bool() const noexcept { return !method.empty(); }
};

}  // namespace sluice::chain
