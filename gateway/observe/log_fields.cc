// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_fields.h"

#include <algorithm>
#include <iterator>

namespace sluice::observe {
namespace {

constexpr std::string_view kFieldNames[] = {
#define FIELD(name, ...) #name,
#include "gateway/observe/log_fields.def"
};

constexpr LogKind kKinds[] = {
#define FIELD(name, kind, ...) LogKind::kind,
#include "gateway/observe/log_fields.def"
};

}  // namespace

std::span<const std::string_view> log_field_names() noexcept { return kFieldNames; }

LogKind kind(LogField field) noexcept { return kKinds[static_cast<std::size_t>(field)]; }

std::optional<LogField> find_log_field(std::string_view name) noexcept {
  const auto* found = std::find(std::begin(kFieldNames), std::end(kFieldNames), name);
  if (found == std::end(kFieldNames)) return std::nullopt;
  return static_cast<LogField>(found - kFieldNames);
}

}  // namespace sluice::observe
