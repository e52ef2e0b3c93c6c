// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/connection_limits.h"

#include <algorithm>

namespace sluice::front {

bool ConnectionCounts::enter(std::uint32_t at_most) noexcept {
  auto now = all_.load(std::memory_order_relaxed);
  do {
    if (now >= at_most) return false;
  } while (!all_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

ConnectionCounts::Key ConnectionCounts::key(const net::Address& client) noexcept {
  auto bytes = client.bytes();
  std::uint64_t first = 0;
  for (unsigned char b : bytes.first(std::min<std::size_t>(bytes.size(), 8))) first = first << 8 | b;
  return {bytes.size(), first};
}

bool ConnectionCounts::enter_from(const net::Address& client, std::uint32_t at_most) {
  auto k = key(client);
  if (k.first == 0) return true;
  auto& s = shard(k);
  std::lock_guard lock(s.mutex);
  auto& count = s.counts[k];
  if (count >= at_most) {
    if (count == 0) s.counts.erase(k);
    return false;
  }
  ++count;
  return true;
}

void ConnectionCounts::leave_from(const net::Address& client) noexcept {
  auto k = key(client);
  auto& s = shard(k);
  std::lock_guard lock(s.mutex);
  auto at = s.counts.find(k);
  if (at != s.counts.end() && --at->second == 0) s.counts.erase(at);
}

std::size_t ConnectionCounts::clients() {
  std::size_t n = 0;
  for (auto& s : shards_) {
    std::lock_guard lock(s.mutex);
    n += s.counts.size();
  }
  return n;
}

ConnectionPlace::~ConnectionPlace() {
  if (one_of_all_) counts_->leave();
  if (one_of_client_) counts_->leave_from(client_);
}

bool ConnectionPlace::take(std::shared_ptr<ConnectionCounts> counts, std::uint32_t at_most) {
  counts_ = std::move(counts);
  return one_of_all_ = counts_->enter(at_most);
}

bool ConnectionPlace::take_from(std::shared_ptr<ConnectionCounts> counts, const net::Address& client,
                                std::uint32_t at_most) {
  counts_ = std::move(counts);
  client_ = client;
  bool in = counts_->enter_from(client, at_most);
  one_of_client_ = in;
  return in;
}

}  // namespace sluice::front
