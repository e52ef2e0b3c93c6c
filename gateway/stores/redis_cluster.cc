// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_cluster.h"

#include <algorithm>
#include <optional>

namespace sluice::stores {
namespace {

using base::Reason;
using base::Result;
using base::Task;

constexpr int kMostHops = 5;
constexpr base::Duration kPause = std::chrono::milliseconds(200);

base::SteadyTime::rep rep(base::SteadyTime time) noexcept { return time.time_since_epoch().count(); }

std::string command_of(std::initializer_list<std::string_view> words) {
  std::string out;
  write_command(out, words);
  return out;
}

}  // namespace

// Nodes come and go, and their certificates' settings change meanwhile.
class RedisCluster::NodeTls final : public RedisLocator {
 public:
  explicit NodeTls(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Task<std::string> locate(net::Loop&, upstream::Target& target) override {
    std::lock_guard lock(shared_->mutex);
    target.use_tls(shared_->tls);
    return std::string();
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

// A worker's connections, by the text of their nodes. One to a node that has left stays, and is not used.
struct RedisCluster::OfWorker final : upstream::PoolSlot {
  struct Connection {
    std::shared_ptr<upstream::Target> target;
    std::unique_ptr<RedisLink> link;  // goes before its target
  };
  std::map<std::string, Connection, std::less<>> connections;
  std::uint64_t version = 0;  // of the masters that are taken up
  std::shared_ptr<const Masters> masters;
  base::Scope scope;
  std::optional<base::Job<void>> looking;
};

RedisCluster::RedisCluster(std::string store, RedisOptions options, OnError on_error,
                           std::vector<std::shared_ptr<upstream::Target>> seeds,
                           std::shared_ptr<upstream::Target> anchor,
                           std::shared_ptr<const upstream::WorkerLoops> workers)
    : store_(std::move(store)),
      options_([&] {
        options.most = RedisBounds::kTopology;  // any of its nodes may be asked who has what
        return std::move(options);
      }()),
      on_error_(on_error),
      seeds_([&] {
        std::vector<NodePtr> out;
        for (auto& target : seeds)
          out.push_back(std::make_shared<const Node>(Node{
              target->text(), {}, target, std::make_shared<RedisHealth>(store_, target->text(), on_error_)}));
        return out;
      }()),
      anchor_(std::move(anchor)),
      workers_(std::move(workers)),
      group_(std::make_shared<upstream::TargetGroup>()),
      shared_(std::make_shared<Shared>()) {
  group_->upstream = "store " + store_;
  shared_->masters = std::make_shared<const Masters>();
  for (const NodePtr& node : seeds_) shared_->known.emplace(node->text, node);
}

bool RedisCluster::up() const {
  auto is_up = [](const NodePtr& node) { return node->health->up(); };
  std::lock_guard lock(shared_->mutex);
  return shared_->nodes.empty() ? std::ranges::any_of(seeds_, is_up)
                                : std::ranges::all_of(shared_->nodes, is_up);
}

void RedisCluster::misunderstood(const std::string& why) { seeds_.front()->health->redis_failed(why); }

void RedisCluster::use_tls(std::shared_ptr<const upstream::TargetTls> tls) {
  for (const NodePtr& node : seeds_) node->seed->use_tls(tls);
  std::lock_guard lock(shared_->mutex);
  shared_->tls = std::move(tls);
}

// --- connections

RedisCluster::OfWorker& RedisCluster::of(Asker asker) {
  auto& slot = anchor_->slot(asker.worker);
  if (!slot) slot = std::make_unique<OfWorker>();
  return static_cast<OfWorker&>(*slot);
}

RedisLink& RedisCluster::link(Asker asker, OfWorker& own, const Node& node) {
  auto& connection = own.connections[node.text];
  if (connection.link) return *connection.link;
  bool tls = seeds_.front()->seed->url().tls;
  connection.target = node.seed;
  if (!connection.target) {
    upstream::TargetUrl url{node.address.ip(), node.address.port(), {}, tls};
    connection.target = upstream::Target::make(group_, std::move(url), workers_);
    connection.target->publish(std::vector{node.address});
  }
  auto locator = tls && !node.seed ? std::make_shared<NodeTls>(shared_) : nullptr;
  connection.link =
      std::make_unique<RedisLink>(asker.loop, *connection.target, options_, node.health, std::move(locator));
  return *connection.link;
}

// --- who has what

RedisCluster::NodePtr RedisCluster::seed(Asker asker, OfWorker& own) {
  for (const NodePtr& node : seeds_)
    if (!link(asker, own, *node).down()) return node;
  return seeds_.front();
}

const RedisCluster::Masters& RedisCluster::taken_up(OfWorker& own) const {
  if (own.version != shared_->version.load(std::memory_order_acquire)) {
    std::lock_guard lock(shared_->mutex);
    own.masters = shared_->masters;
    own.version = shared_->version.load(std::memory_order_relaxed);
  }
  return *own.masters;
}

RedisCluster::NodePtr RedisCluster::master_of(Asker asker, OfWorker& own, std::uint16_t slot) {
  if (const NodePtr& known = taken_up(own)[slot]) return known;
  look_again(asker, own);
  return seed(asker, own);
}

RedisCluster::NodePtr RedisCluster::node_at(const std::string& host, std::uint16_t port,
                                            const NodePtr& said_by) {
  net::Address address = said_by->address;
  if (host.empty() && said_by->seed) {
    auto addresses = said_by->seed->addresses();
    if (addresses->empty()) return nullptr;
    address = addresses->front();
  }
  if (!host.empty()) {
    auto parsed = net::Address::parse(host, port);
    if (!parsed) return nullptr;
    address = *parsed;
  }
  address = address.with_port(port);
  std::string text = address.text();
  std::lock_guard lock(shared_->mutex);
  NodePtr& node = shared_->known[text];
  if (!node)
    node = std::make_shared<const Node>(
        Node{text, address, nullptr, std::make_shared<RedisHealth>(store_, text, on_error_)});
  return node;
}

void RedisCluster::learn(std::uint16_t slot, const NodePtr& node) {
  std::lock_guard lock(shared_->mutex);
  auto changed = std::make_shared<Masters>(*shared_->masters);
  (*changed)[slot] = node;
  publish(std::move(changed));
}

void RedisCluster::publish(std::shared_ptr<const Masters> masters) {
  shared_->masters = std::move(masters);
  shared_->version.fetch_add(1, std::memory_order_release);
}

void RedisCluster::learn(const std::vector<SlotRange>& ranges, const NodePtr& said_by) {
  auto masters = std::make_shared<Masters>();
  std::vector<NodePtr> nodes;
  for (const SlotRange& range : ranges) {
    NodePtr node = node_at(range.host, range.port, said_by);
    if (!node) continue;
    for (std::size_t slot = range.first; slot <= range.last; ++slot) (*masters)[slot] = node;
    if (std::ranges::find(nodes, node) == nodes.end()) nodes.push_back(node);
  }
  std::lock_guard lock(shared_->mutex);
  publish(std::move(masters));
  shared_->nodes = std::move(nodes);
}

void RedisCluster::look_again(Asker asker, OfWorker& own) {
  if (rep(asker.loop.now()) < shared_->not_before.load(std::memory_order_relaxed)) return;
  if (shared_->asking.exchange(true)) return;
  own.looking.emplace(&own.scope);
  own.looking->start(look(asker, own));
}

// Of those that are said to be masters, and then of those that are configured, the first one that answers.
Task<void> RedisCluster::look(Asker asker, OfWorker& own) {
  auto self = shared_from_this();  // its last owner may leave meanwhile
  struct Done {
    std::shared_ptr<Shared> shared;
    net::Loop& loop;
    ~Done() {
      shared->not_before.store(rep(loop.now() + kPause), std::memory_order_relaxed);
      shared->asking.store(false);
    }
  } done{shared_, asker.loop};
  std::vector<NodePtr> nodes;
  {
    std::lock_guard lock(shared_->mutex);
    nodes = shared_->nodes;
  }
  nodes.insert(nodes.end(), seeds_.begin(), seeds_.end());
  const std::string question = command_of({"CLUSTER", "SLOTS"});
  for (const NodePtr& node : nodes) {
    RedisLink& redis = link(asker, own, *node);
    if (redis.down()) continue;
    auto reply = co_await redis.ask(question);
    if (!reply) continue;
    if (auto error = error_of(**reply); !error.empty()) {
      node->health->redis_failed(std::string(error));
    } else if (auto ranges = slot_ranges(**reply)) {
      learn(*ranges, node);
      co_return;
    }
  }
}

Task<Result<RedisReply>> RedisCluster::ask(Asker asker, std::string key, std::string command) {
  OfWorker& own = of(asker);
  const std::uint16_t slot = redis_slot(key);
  NodePtr node = master_of(asker, own, slot);
  bool asking = false;
  for (int hop = 0; hop < kMostHops; ++hop) {
    RedisLink& redis = link(asker, own, *node);
    const std::string text = asking ? command_of({"ASKING"}) + command : command;
    auto reply = co_await redis.ask(text, asking ? 2 : 1);
    auto redirect = reply ? redirect_of(error_of(**reply)) : std::nullopt;
    if (!redirect) {
      auto out = judged(std::move(reply), *node->health);
      if (!out && out.error().reason == Reason::internal) look_again(asker, own);
      co_return out;
    }
    NodePtr next = node_at(redirect->host, redirect->port, node);
    if (!next) co_return base::fail(Reason::internal, "it sends to a host by its name: " + redirect->host);
    node = std::move(next);
    asking = redirect->ask;
    if (asking) continue;
    learn(redirect->slot, node);
    look_again(asker, own);
  }
  co_return base::fail(Reason::internal, "its nodes send from one to the other without end");
}

}  // namespace sluice::stores
