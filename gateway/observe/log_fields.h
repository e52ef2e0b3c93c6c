// SPDX-License-Identifier: Apache-2.0
// The fields of the access log (log_fields.def) as values: what templates and conditions of the log may name.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::observe {

enum class LogField : std::uint8_t {
#define FIELD(name, ...) name,
#include "gateway/observe/log_fields.def"
};

enum class LogKind : std::uint8_t {
  text,
  optional_text,
  url,
  optional_url,
  word,
  optional_word,
  number,
  optional_number,
  ms,
  optional_ms,
  us,
  time,
  attempts,
  names,
  claims
};

// All names, in the order of a line; index = value of LogField.
std::span<const std::string_view> log_field_names() noexcept;
LogKind kind(LogField field) noexcept;
std::optional<LogField> find_log_field(std::string_view name) noexcept;

}  // namespace sluice::observe
