// SPDX-License-Identifier: Apache-2.0
// How many connections a listener has, all workers together, and how many of them each client has: for limits
// on both. Counted when a connection begins and ends, so a lock for one of the two is no matter. Any thread.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "gateway/net/address.h"

namespace sluice::front {

class ConnectionCounts {
 public:
  // False, and nothing is counted, when there are `at_most` already. Each that was true has its leave().
  bool enter(std::uint32_t at_most) noexcept;
  void leave() noexcept { all_.fetch_sub(1, std::memory_order_relaxed); }
  // The same for one client: an IPv4 address, or the /64 of an IPv6 address, which is what one customer of a
  // provider has. Clients on Unix sockets have no address, so they are never too many.
  bool enter_from(const net::Address& client, std::uint32_t at_most);
  void leave_from(const net::Address& client) noexcept;
  // Clients that have a connection.
  std::size_t clients();

 private:
  using Key = std::pair<std::size_t, std::uint64_t>;  // length of the address, its first bytes
  struct alignas(64) Shard {
    std::mutex mutex;
    std::map<Key, std::uint32_t> counts;  // ordered: clients cannot choose addresses that make it slow
  };
  static Key key(const net::Address& client) noexcept;
  Shard& shard(const Key& key) noexcept { return shards_[(key.second ^ key.second >> 29) % shards_.size()]; }

  std::atomic<std::uint32_t> all_{0};
  std::array<Shard, 16> shards_;
};

struct ConnectionLimits {
  std::uint32_t all = 0, per_client = 0;  // 0: no limit
  bool any() const noexcept { return all != 0 || per_client != 0; }
};

// What one connection counts for; it leaves when this ends.
class ConnectionPlace {
 public:
  ConnectionPlace() = default;
  ConnectionPlace(const ConnectionPlace&) = delete;
  ConnectionPlace& operator=(const ConnectionPlace&) = delete;
  ~ConnectionPlace();

  // Once each; false when there is no place left.
  bool take(std::shared_ptr<ConnectionCounts> counts, std::uint32_t at_most);
  bool take_from(std::shared_ptr<ConnectionCounts> counts, const net::Address& client, std::uint32_t at_most);

 private:
  std::shared_ptr<ConnectionCounts> counts_;
  net::Address client_;
  bool one_of_all_ = false, one_of_client_ = false;
};

}  // namespace sluice::front
