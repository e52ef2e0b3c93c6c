// SPDX-License-Identifier: Apache-2.0
// Tally: how many things of a kind are under way at an upstream, all workers together, and a bound of them:
// its retries, its requests that wait for a connection. Touched by those alone.
#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice::upstream {

class Tally {
 public:
  // One under way, while it lives; or none. The tally must outlive it.
  class Token {
   public:
    Token() = default;
    Token(Token&& o) noexcept : of_(std::exchange(o.of_, nullptr)) {}
    Token& operator=(Token&& o) noexcept {
      std::swap(of_, o.of_);
      return *this;
    }
    ~Token() {
      if (of_) of_->under_way_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }

   private:
    friend class Tally;
    explicit Token(Tally& of) noexcept : of_(&of) {}
    Tally* of_ = nullptr;
  };

  // One more, if fewer than `at_most` are under way.
  Token begin(std::uint32_t at_most) noexcept {
    auto now = under_way_.load(std::memory_order_relaxed);
    do {
      if (now >= at_most) return {};
    } while (!under_way_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
    return Token(*this);
  }
  std::uint32_t under_way() const noexcept { return under_way_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> under_way_{0};
};

}  // namespace sluice::upstream
