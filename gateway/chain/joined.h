// SPDX-License-Identifier: Apache-2.0
// joined(): two lists in a row; for what identities are made of.
#pragma once
#include <algorithm>
#include <span>

#include "gateway/base/arena.h"

namespace sluice::chain {

// Lies in the arena unless one of the two is empty.
template <class T>
std::span<const T> joined(std::span<const T> a, std::span<const T> b, base::Arena& arena) {
  if (b.empty()) return a;
  if (a.empty()) return b;
  auto out = arena.array<T>(a.size() + b.size());
  std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), out.begin()));
  return out;
}

}  // namespace sluice::chain
