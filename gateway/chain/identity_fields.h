// SPDX-License-Identifier: Apache-2.0
// IdentityFields: the request fields in which the configuration tells upstreams who calls. What a client
// sends under one of these names is no part of any request: an upstream that believes the field does not ask
// by which route it came. Collected while a snapshot is built, applied by front/ to each request.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/fields.h"

namespace sluice::chain {

class IdentityFields {
 public:
  void tells_identity(std::string_view name) { told_.emplace_back(name); }
  // Callers authenticate by this field, so it stays: who reads credentials there takes them out.
  void reads_credential(std::string_view name) { read_.emplace_back(name); }
  // After the last of them.
  void settle();

  // Does such a field hold credentials by its nature, so that it stays?
  static bool brings_credentials(std::string_view name) noexcept;
  // Does a field of that name stay in requests although it is told? After all of them are known.
  bool keeps(std::string_view name) const noexcept;

  bool empty() const noexcept { return known_ == 0 && others_.empty(); }
  void remove_from(http::Fields& fields) const noexcept {
    if (known_ != 0) fields.remove_all(known_);
    for (const std::string& name : others_) fields.remove(name);
  }

 private:
  std::vector<std::string> told_, read_;
  http::FieldSet known_ = 0;
  std::vector<std::string> others_;
};

}  // namespace sluice::chain
