// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/connection_life.h"

#include <utility>

namespace sluice::front {

base::Duration jittered(base::Duration age, std::uint64_t random) noexcept {
  constexpr std::uint64_t kSteps = 2001;  // of a ten-thousandth each, from 90 % to 110 %
  return age / 10'000 * static_cast<base::Duration::rep>(9000 + random % kSteps);
}

ConnectionLife::ConnectionLife(const LifeLimits& limits, std::uint64_t random, net::Wheel& wheel,
                               http::Service& service, base::Scope& scope) noexcept
    : limits_(limits), wheel_(&wheel), service_(&service), scope_(&scope) {
  wheel_->set(*this, wheel_->due_in(jittered(limits.age, random)));
}

void ConnectionLife::begin(http::ServerConnection& connection) noexcept {
  connection_ = &connection;
  if (over_) connection.drain();  // the steps before took longer than it had
}

// Ages of no end are not set, so the first time is the age, the second the grace.
void ConnectionLife::expired() noexcept {
  if (over_) {
    scope_.cancel(base::Reason::draining);
    return;
  }
  end();
}

void ConnectionLife::end() noexcept {
  if (std::exchange(over_, true)) return;
  wheel_->set(*this, wheel_->due_in(limits_.grace));
  if (connection_) connection_->drain();
}

void ConnectionLife::count() noexcept {
  if (++requests_ == limits_.requests) end();
}

base::Task<void> ConnectionLife::serve(http::ServerStream& stream) {
  count();
  return service_->serve(stream);
}

base::Task<void> ConnectionLife::refuse(http::ServerStream& stream, const base::Error& error) {
  count();
  return service_->refuse(stream, error);
}

}  // namespace sluice::front
