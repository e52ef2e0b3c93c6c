// SPDX-License-Identifier: Apache-2.0
// Lookup: one question "which addresses has this name?", or "where is this service?", behind an interface so
// that a test can answer instead. Used by the resolver on the control thread; dns_lookup.h asks DNS.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/net/address.h"
#include "gateway/net/dns_message.h"

namespace sluice::net {

// At least one address, none twice, ports 0; or upstream_resolve_failed.
using Addresses = base::Result<std::vector<Address>>;

enum class Asked : unsigned char { addresses, service };

// What became of one question.
struct Answer {
  static constexpr base::Duration kUnknown{-1};

  Addresses addresses = std::vector<Address>();  // of a service: empty and good, or why there is no answer
  std::vector<ServicePlace> places = {};         // of a service; else empty
  bool none = false;              // with an error: those who know the name say that it stands for nothing
  int unknown_family = 0;         // AF_INET or AF_INET6, whose question failed while the other one did not
  base::Duration ttl = kUnknown;  // how long it is good

  bool good() const noexcept { return addresses.has_value(); }
};
Answer failed_answer(std::string why);
Answer no_answer(std::string why);  // none

class Lookup {
 public:
  using Done = std::function<void(Answer)>;
  virtual ~Lookup() = default;
  // Calls `done` once, later, on the control thread; not at all once the Lookup is destroyed.
  virtual void start(const std::string& name, Asked asked, Done done) = 0;
};

}  // namespace sluice::net
