// SPDX-License-Identifier: Apache-2.0
// FieldRemoval: what else a filter is that may take fields of requests away. Asked when a configuration is
// read, by whoever has to know whether what clients write there can reach an upstream.
#pragma once
#include <string_view>

namespace sluice::chain {

class FieldRemoval {
 public:
  // Does nothing of what came under that name stay in any request?
  virtual bool removes(std::string_view field_name) const noexcept = 0;

 protected:
  ~FieldRemoval() = default;
};

}  // namespace sluice::chain
