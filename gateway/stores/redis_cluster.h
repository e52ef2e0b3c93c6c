// SPDX-License-Identifier: Apache-2.0
// RedisCluster: the masters of a Redis cluster as one store. A command goes to the master of its key's slot,
// as far as is known, and wherever that one sends it (MOVED, ASK); to any of the nodes that are configured
// while nothing is known. Who has which slots is asked anew when a node sends elsewhere or does not answer:
// by one worker for all, and not all the time. A node that fails takes its own slots with it, not the store.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/stores/redis_servers.h"
#include "gateway/stores/redis_slots.h"

namespace sluice::stores {

class RedisCluster final : public RedisServers, public std::enable_shared_from_this<RedisCluster> {
 public:
  // `seeds`: nodes that are configured, at least one. `anchor`: a target that is never dialled, at which the
  // workers keep their connections to all nodes.
  RedisCluster(std::string store, RedisOptions options, OnError on_error,
               std::vector<std::shared_ptr<upstream::Target>> seeds, std::shared_ptr<upstream::Target> anchor,
               std::shared_ptr<const upstream::WorkerLoops> workers);

  base::Task<base::Result<RedisReply>> ask(Asker asker, std::string key, std::string command) override;
  bool up() const override;
  void misunderstood(const std::string& why) override;
  void use_tls(std::shared_ptr<const upstream::TargetTls> tls) override;

 private:
  struct Node {
    std::string text;                        // "10.0.0.3:6379"
    net::Address address;                    // of no use for a seed
    std::shared_ptr<upstream::Target> seed;  // null for one that was found
    std::shared_ptr<RedisHealth> health;
  };
  using NodePtr = std::shared_ptr<const Node>;
  // Who has which slot; null for nobody known.
  using Masters = std::array<NodePtr, kRedisSlots>;

  // What all workers share; outlives the store as long as one of them is asking.
  struct Shared {
    mutable std::mutex mutex;
    std::shared_ptr<const Masters> masters;  // never null
    std::atomic<std::uint64_t> version{1};   // of the masters; changes under the mutex
    std::vector<NodePtr> nodes;              // all masters
    std::map<std::string, NodePtr>
        known;  // whatever was heard of, by its text; one that comes back is the same
    std::shared_ptr<const upstream::TargetTls> tls;
    std::atomic<bool> asking{false};
    std::atomic<base::SteadyTime::rep> not_before{0};  // that who has which slots is asked again
  };
  class NodeTls;
  struct OfWorker;

  OfWorker& of(Asker asker);
  RedisLink& link(Asker asker, OfWorker& own, const Node& node);
  // As this worker knows them: takes up what others have learned, without a lock where that is nothing.
  const Masters& taken_up(OfWorker& own) const;
  NodePtr master_of(Asker asker, OfWorker& own, std::uint16_t slot);
  NodePtr seed(Asker asker, OfWorker& own);
  // Null if the host is a name: those are not looked up.
  NodePtr node_at(const std::string& host, std::uint16_t port, const NodePtr& said_by);
  void learn(std::uint16_t slot, const NodePtr& node);
  void publish(std::shared_ptr<const Masters> masters);  // under the mutex
  void learn(const std::vector<SlotRange>& ranges, const NodePtr& said_by);
  void look_again(Asker asker, OfWorker& own);
  base::Task<void> look(Asker asker, OfWorker& own);

  const std::string store_;
  const RedisOptions options_;
  const OnError on_error_;
  const std::vector<NodePtr> seeds_;
  const std::shared_ptr<upstream::Target> anchor_;
  const std::shared_ptr<const upstream::WorkerLoops> workers_;
  const std::shared_ptr<upstream::TargetGroup> group_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace sluice::stores
