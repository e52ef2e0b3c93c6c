// SPDX-License-Identifier: Apache-2.0
// PerWorker: what each worker has for itself inside an object that all of them share, such as a filter's
// cache. Made when its worker first asks; nobody else ever touches it.
#pragma once
#include <memory>
#include <vector>

#include "gateway/base/assert.h"

namespace sluice::chain {

template <class T>
class PerWorker {
 public:
  // As many as Builder::workers() says.
  explicit PerWorker(unsigned workers) : own_(workers) {}

  // From that worker's thread only.
  template <class Make>
  T& of(unsigned worker, Make make) const {
    SLUICE_ASSERT(worker < own_.size());
    auto& own = own_[worker];
    if (!own) own = make();
    return *own;
  }

 private:
  mutable std::vector<std::unique_ptr<T>> own_;
};

}  // namespace sluice::chain
