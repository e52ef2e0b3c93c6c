// SPDX-License-Identifier: Apache-2.0
// SingleFlight: of several exchanges that want to know the same thing at the same time one asks, and the
// others wait for what it is told. One worker's; no locks.
//
//   while (flights.underway(key)) {
//     auto told = co_await flights.join(key);
//     if (told) ...;        // what the other one was told
//   }                       // it gave up: somebody else has to ask, or this scope was cancelled
//   auto lead = flights.lead(key);
//   ...;
//   lead.land(what_was_told);
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/base/key_hash.h"
#include "gateway/base/scope.h"

namespace sluice::chain {

template <class T>
class SingleFlight {
 public:
  using Told = std::shared_ptr<const T>;
  class Joining;
  class Lead;

  bool underway(const std::string& key) const { return flights_.contains(key); }
  // Only while one is under way. `key` outlives the wait.
  Joining join(const std::string& key) { return Joining(*this, key); }
  // Only while none is under way. Must not outlive this.
  Lead lead(std::string key) {
    bool first = flights_.try_emplace(key).second;
    SLUICE_ASSERT(first);
    return Lead(*this, std::move(key));
  }

 private:
  using Waiting = std::vector<Joining*>;

  // Nobody is resumed from inside.
  void end(const std::string& key, const Told& told) noexcept {
    auto flight = flights_.extract(key);
    for (Joining* one : flight.mapped()) one->landed(told);
  }
  void leave(const std::string& key, Joining* one) noexcept {
    auto flight = flights_.find(key);
    if (flight != flights_.end()) std::erase(flight->second, one);
  }

  std::unordered_map<std::string, Waiting, base::TextHash> flights_;
};

// Ends the flight, with nothing told if it is destroyed before.
template <class T>
class SingleFlight<T>::Lead {
 public:
  Lead(SingleFlight& flights, std::string key) : flights_(&flights), key_(std::move(key)) {}
  Lead(Lead&& other) noexcept
      : flights_(std::exchange(other.flights_, nullptr)), key_(std::move(other.key_)) {}
  Lead& operator=(Lead&&) = delete;
  ~Lead() { land(nullptr); }
  void land(const Told& told) noexcept {
    if (auto* flights = std::exchange(flights_, nullptr)) flights->end(key_, told);
  }

 private:
  SingleFlight* flights_;
  std::string key_;
};

template <class T>
class SingleFlight<T>::Joining final : public base::Wait {
 public:
  Joining(SingleFlight& flights, const std::string& key) noexcept : flights_(&flights), key_(&key) {}
  Joining(Joining&&) = delete;
  ~Joining() { end(); }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    if (!begin(h)) return false;
    flights_->flights_.at(*key_).push_back(this);
    return true;
  }
  // Null if the other one gave up, or this scope was cancelled.
  Told await_resume() noexcept { return std::move(told_); }

 private:
  friend class SingleFlight;
  void landed(const Told& told) noexcept {
    told_ = told;
    finish_later(base::Outcome::ready);
  }
  void forget() noexcept override { flights_->leave(*key_, this); }

  SingleFlight* flights_;
  const std::string* key_;
  Told told_;
};

}  // namespace sluice::chain
