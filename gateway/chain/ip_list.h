// SPDX-License-Identifier: Apache-2.0
// IpList: a set of addresses that is kept in a file and may change while requests are judged by it. The
// control thread puts another set in its place; each worker takes it up at its next question, and asks
// without a lock or a shared write otherwise.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/cidr_set.h"

namespace sluice::chain {

class IpList {
 public:
  using Set = std::shared_ptr<const net::CidrSet>;

  IpList(Set set, std::size_t workers) : set_(std::move(set)), workers_(workers) {}

  // From that worker's thread.
  bool contains(const net::Address& address, unsigned worker) const {
    auto& mine = workers_[worker];
    if (mine.version != version_.load(std::memory_order_acquire)) take_up(mine);
    return mine.set->contains(address);
  }
  // Any thread.
  void replace(Set set);

 private:
  struct alignas(64) OfWorker {
    std::uint64_t version = 0;
    Set set;
  };
  void take_up(OfWorker& mine) const;

  mutable std::mutex mutex_;
  Set set_;
  std::atomic<std::uint64_t> version_{1};
  mutable std::vector<OfWorker> workers_;
};

// The networks of a file: one a line, with comments from a # on. Otherwise an Error (Reason::internal) that
// names the line.
base::Result<IpList::Set> parse_ip_list(std::string_view text);

}  // namespace sluice::chain
