// SPDX-License-Identifier: Apache-2.0
// Counters: one store of counters as the filters that limit see it: charge a caller's key against several
// limits at once, all or nothing. Memory is one, Redis another. Shared by all workers; lives as long as any
// filter holds it, so that counts outlive a reload.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "gateway/base/task.h"
#include "gateway/net/loop.h"
#include "gateway/stores/limit.h"

namespace sluice::stores {

// Who asks.
struct Asker {
  net::Loop& loop;
  unsigned worker;  // its index
};

// What is to be charged. What the views show need live only until take() first waits, but for the limits,
// which must outlive the task.
struct Want {
  std::span<const Limit> limits;  // at least one
  std::string_view owner;         // whose limits they are: a policy's name
  std::string_view key;           // any bytes
  bool confidential = false;      // the key is not to be shown to whoever can look into the store
  std::uint64_t cost = 1;         // at most the capacity of every limit
};

// What a request that was allowed turned out to cost beyond what it was charged, or less if negative. It is
// charged whatever is left: what comes next has to wait for it. What time has given back since the request was
// charged is not given back again.
struct Correction {
  Want want;  // without a cost
  std::int64_t more = 0;
  Instant at = 0;      // when it was charged
  bool local = false;  // it was charged by this process alone: Decider::local
};

// Who has decided.
enum class Decider : std::uint8_t {
  store,  // the store that was asked
  local,  // this process alone, because the store does not answer
  nobody  // the store does not answer, and what then is to happen was configured
};

struct Taken {
  bool allowed = true;
  Decider decider = Decider::store;
  std::uint8_t tightest = 0;      // the limit that refused, or that has least left
  std::uint64_t remaining = 0;    // of it
  std::uint64_t wait = 0;         // nanoseconds: as in Charged, the longest of all limits
  std::uint64_t until_reset = 0;  // of the tightest
};

class OnceStore;
class QuotaStore;

class Counters {
 public:
  virtual ~Counters() = default;
  virtual base::Task<Taken> take(Asker asker, const Want& want) = 0;
  // What is left afterwards.
  virtual base::Task<Taken> correct(Asker asker, const Correction& correction) = 0;
  // Where quotas are counted in the same store; null where they are kept elsewhere.
  virtual std::shared_ptr<QuotaStore> quotas() { return nullptr; }
  // The same of what may happen once only.
  virtual std::shared_ptr<OnceStore> once() { return nullptr; }
};

}  // namespace sluice::stores
