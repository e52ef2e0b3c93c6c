// SPDX-License-Identifier: Apache-2.0
// OnceStore: whether something that may happen once only has happened before, at any of the processes that
// share the store.
#pragma once
#include <string>

#include "gateway/stores/counters.h"

namespace sluice::stores {

enum class Once : std::uint8_t {
  first,
  again,
  alone,       // the store does not answer, and each process is to judge by what it has seen itself
  unavailable  // the store does not answer, and nothing is to happen then
};

class OnceStore {
 public:
  virtual ~OnceStore() = default;
  // Remembers `name` for so long. Of several who ask at the same moment at most one is the first.
  virtual base::Task<Once> see(Asker asker, std::string name, base::Duration keep) = 0;
};

}  // namespace sluice::stores
