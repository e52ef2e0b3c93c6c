// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_ring.h"

#include <algorithm>
#include <bit>

namespace sluice::observe {

LogRing::LogRing(std::size_t capacity) : mask_(std::bit_ceil(std::max<std::size_t>(capacity, 4096)) - 1) {
  // Not zeroed: pages that are never reached cost no memory.
  bytes_ = std::make_unique_for_overwrite<char[]>(mask_ + 1);
}

bool LogRing::has_room(std::size_t size) noexcept {
  auto head = head_.load(std::memory_order_relaxed);
  if (capacity() - (head - seen_tail_) >= size) return true;
  seen_tail_ = tail_.load(std::memory_order_acquire);
  return capacity() - (head - seen_tail_) >= size;
}

char* LogRing::reserve(std::size_t size) noexcept {
  std::size_t at = head_.load(std::memory_order_relaxed) & mask_;
  return at + size <= capacity() && has_room(size) ? bytes_.get() + at : nullptr;
}

bool LogRing::commit(std::size_t size) noexcept {
  auto head = head_.load(std::memory_order_relaxed) + size;
  head_.store(head, std::memory_order_release);
  std::size_t half = capacity() / 2;
  if (head - seen_tail_ < half) {
    announced_ = false;
    return false;
  }
  seen_tail_ = tail_.load(std::memory_order_acquire);
  bool filled = head - seen_tail_ >= half;
  bool before = std::exchange(announced_, filled);
  return filled && !before;
}

bool LogRing::append(std::string_view line) noexcept {
  std::size_t at = head_.load(std::memory_order_relaxed) & mask_;
  std::size_t first = std::min(line.size(), capacity() - at);
  std::memcpy(bytes_.get() + at, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  return commit(line.size());
}

std::pair<std::string_view, std::string_view> LogRing::readable() const noexcept {
  auto tail = tail_.load(std::memory_order_relaxed);
  std::size_t size = head_.load(std::memory_order_acquire) - tail;
  std::size_t at = tail & mask_;
  std::size_t first = std::min(size, capacity() - at);
  return {{bytes_.get() + at, first}, {bytes_.get(), size - first}};
}

}  // namespace sluice::observe
