// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/deadline.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/strings.h"

namespace sluice::handlers {

using base::Reason;
using base::Result;
using Milliseconds = std::chrono::milliseconds;

namespace {

// More than anybody waits, and nothing overflows.
constexpr std::uint64_t kMost = 1'000'000'000;

}  // namespace

// The caller's time counts from when the request came, not from when somebody got to look at it.
Result<void> Deadline::begin_told(chain::Exchange& ex, base::Duration total) {
  auto now = ex.worker.loop.clock().steady();
  if (total > base::Duration::zero()) at_ = now + total;
  if (const auto* field = ex.request.fields.find(kField)) {
    auto told = base::parse_decimal(field->value);
    if (!told) return base::fail(Reason::validation, "X-Request-Deadline is not a number of milliseconds");
    auto end = ex.stream.begun() + Milliseconds(std::min(*told, kMost));
    callers_ = at_ == base::SteadyTime{} || end < at_;
    if (callers_) at_ = end;
    if (at_ <= now) return base::fail(Reason::timeout_total, "the caller's deadline has passed");
  }
  if (at_ != base::SteadyTime{}) ex.total.start(at_ - now, Reason::timeout_total);
  return {};
}

// Rounded down: the next one should give up before we do.
bool Deadline::write(chain::Exchange& ex) const {
  auto left = std::chrono::duration_cast<Milliseconds>(at_ - ex.worker.loop.clock().steady());
  if (left <= Milliseconds::zero()) return false;
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, left.count()).ptr;
  ex.request.fields.set(kField, ex.arena.copy({digits, static_cast<std::size_t>(end - digits)}));
  return true;
}

}  // namespace sluice::handlers
