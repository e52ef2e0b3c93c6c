// SPDX-License-Identifier: Apache-2.0
// Names: what has been named (upstreams, policies, routes ...) and where. The binder fills it from
// `defines(...)` and checks `reference(...)` against it; late passes ask it about names inside larger texts.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "gateway/config/diagnostic.h"

namespace sluice::config {

class Names {
 public:
  // False, and nothing changes, when the kind has that name already. A built-in name has no place.
  bool define(std::string_view kind, std::string_view name, Place place = {});
  bool known(std::string_view kind, std::string_view name) const noexcept;
  // Where it was defined; nowhere for built-in and unknown names.
  Place place(std::string_view kind, std::string_view name) const noexcept;
  // The known name that was probably meant; "" if none is near.
  std::string nearest(std::string_view kind, std::string_view word) const;
  std::size_t count(std::string_view kind) const noexcept;

 private:
  using Places = std::map<std::string, Place, std::less<>>;
  std::map<std::string, Places, std::less<>> kinds_;
};

}  // namespace sluice::config
