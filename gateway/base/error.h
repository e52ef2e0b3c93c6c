// SPDX-License-Identifier: Apache-2.0
// Error: why something on the data plane failed and whose fault it was. Used by every layer that moves bytes;
// configuration errors are config::Diagnostic instead. Reasons and all that follows from them are one table,
// base/reasons.def.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::base {

enum class Reason : std::uint8_t {
  none,
#define REASON(name, ...) name,
#include "gateway/base/reasons.def"
#undef REASON
};

enum class Where : std::uint8_t { downstream, upstream, gateway };
enum class Retry : std::uint8_t { never, idempotent, unsent };

// One row of the table; lives as long as the process.
struct ReasonRow {
  Reason reason;
  std::string_view name;
  int status;
  Where where;
  Retry retry;
  std::string_view proxy_status;
  int grpc;
  std::string_view title;
  std::string_view explanation;
};

// The row of `reason`; of Reason::none a row with an empty name and status 0.
const ReasonRow& row(Reason reason) noexcept;
// All rows in table order, without `none`: for the reference page and to initialise metrics.
std::span<const ReasonRow> reason_rows() noexcept;
std::string_view name(Where where) noexcept;
// Is it the client that went away, or does not read?
constexpr bool client_left(Reason reason) noexcept {
  return reason == Reason::client_closed || reason == Reason::client_write_timeout;
}

struct Error {
  Reason reason = Reason::internal;
  std::string detail;  // for people: what was attempted and what the system said; may be empty

  Where where() const noexcept { return row(reason).where; }
  int status() const noexcept { return row(reason).status; }
};

}  // namespace sluice::base
