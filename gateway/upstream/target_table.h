// SPDX-License-Identifier: Apache-2.0
// TargetTable: finds the living targets again when a new snapshot is built, and forgets those that no
// snapshot and no exchange holds any more. One per process, on the control thread. A
// target does not need its table to live on.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/loop.h"
#include "gateway/net/resolver.h"
#include "gateway/upstream/said_of_targets.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

class SourceTable;

class TargetTable {
 public:
  // The loops must outlive the targets. Without a resolver names get no address: enough to check a
  // configuration.
  TargetTable(WorkerLoops workers, net::Resolver* resolver);
  ~TargetTable();

  std::shared_ptr<TargetGroup> group(std::string_view upstream);
  // The target of that upstream and URL, the same one as long as anybody holds it. Addresses of a name come
  // later.
  std::shared_ptr<Target> target(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url);

  // The target of one of the addresses that the name of that URL stands for.
  std::shared_ptr<Target> at(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url,
                             const net::Address& address);
  // Where the targets of upstreams come from.
  SourceTable& sources() noexcept { return *sources_; }

  // What operators say of targets.
  SaidOfTargets& said() noexcept { return said_; }

  // The same, but nobody looks its name up: whoever finds out where it is publishes that.
  std::shared_ptr<Target> found_elsewhere(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url);
  const std::shared_ptr<const WorkerLoops>& loops() const noexcept { return workers_; }

  std::size_t workers() const noexcept { return workers_->size(); }
  // How many targets and sources still wait for the first answer of the resolver. A server starts, and swaps
  // snapshots, when this is zero or it has waited long enough.
  std::size_t unresolved() const;
  // Destroys what workers keep at targets. Once their threads have ended: then loops and targets may go in
  // any order.
  void drop_slots();
  // Living targets.
  std::size_t size() const;

 private:
  using Key = std::pair<std::string, std::string>;
  std::shared_ptr<Target> make(std::weak_ptr<Target>& known, const std::shared_ptr<TargetGroup>& group,
                               const TargetUrl& url, const net::Address* at = nullptr);
  void sweep();

  std::shared_ptr<const WorkerLoops> workers_;
  net::Resolver* resolver_;
  std::map<Key, std::weak_ptr<Target>> targets_;
  std::size_t sweep_at_ = 64;  // targets
  std::map<std::string, std::weak_ptr<TargetGroup>, std::less<>> groups_;
  SaidOfTargets said_;
  std::unique_ptr<SourceTable> sources_;
};

}  // namespace sluice::upstream
