// SPDX-License-Identifier: Apache-2.0
// The settings that shape a value, `only` to `append`, made a json::Shape: those of a call, and those of the
// whole answer. For Planner, while a configuration is read.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/values.h"
#include "gateway/json/scan.h"
#include "gateway/json/shape.h"

namespace sluice::compose {

struct Shaping {
  const std::vector<std::string>& only;
  const std::vector<std::string>& drop;
  const config::ByName<std::string>& rename;
  const config::ByName<std::string>& move;
  const config::ByName<std::string>& append;

  // The first setting that is written; "" if none is.
  std::string_view written() const noexcept;
};

// `field` as in "only[0]", and what is wrong there.
using Complain = std::function<void(const std::string& field, std::string why)>;

// `type`: that of the value, if it is known.
json::Shape compile(const Shaping& settings, std::optional<json::Type> type, const Complain& complain);

}  // namespace sluice::compose
