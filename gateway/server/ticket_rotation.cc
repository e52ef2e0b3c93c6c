// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/ticket_rotation.h"

namespace sluice::server {

void TicketRotation::begin() {
  waiting_ = later_(kEvery, [this] { rotate(); });
}

void TicketRotation::rotate() {
  auto random = keys_.find("");
  if (random != keys_.end()) random->second->rotate();
  begin();
}

}  // namespace sluice::server
