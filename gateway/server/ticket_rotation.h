// SPDX-License-Identifier: Apache-2.0
// TicketRotation: gives the random keys of session tickets a successor every twelve hours, so that a stolen
// one is soon worth nothing. Keys of a file are left alone: who shares them rotates them. Used by ListenerTls;
// time is given to it, so that tests own it. Control thread.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/server/tls_builder.h"

namespace sluice::server {

class TicketRotation {
 public:
  static constexpr std::chrono::hours kEvery{12};
  // Gives a hold: when that is destroyed, nothing is called any more.
  using Later = std::function<std::shared_ptr<void>(std::chrono::seconds, std::function<void()>)>;

  // `keys` must outlive it, and may come and go meanwhile.
  TicketRotation(const TicketKeysByFile& keys, Later later) : keys_(keys), later_(std::move(later)) {}
  TicketRotation(const TicketRotation&) = delete;
  TicketRotation& operator=(const TicketRotation&) = delete;

  // From now on; once.
  void begin();

 private:
  void rotate();

  const TicketKeysByFile& keys_;
  Later later_;
  std::shared_ptr<void> waiting_;
};

}  // namespace sluice::server
