// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/target_table.h"

#include <algorithm>
#include <utility>

#include "gateway/upstream/source_table.h"

namespace sluice::upstream {

TargetTable::TargetTable(WorkerLoops workers, net::Resolver* resolver)
    : workers_(std::make_shared<const WorkerLoops>(std::move(workers))),
      resolver_(resolver),
      sources_(std::make_unique<SourceTable>(*this, resolver)) {}

TargetTable::~TargetTable() = default;

std::shared_ptr<TargetGroup> TargetTable::group(std::string_view upstream) {
  sweep();
  auto& known = groups_[std::string(upstream)];
  auto group = known.lock();
  if (!group) {
    group = std::make_shared<TargetGroup>();
    group->upstream = upstream;
    known = group;
  }
  return group;
}

std::shared_ptr<Target> TargetTable::make(std::weak_ptr<Target>& known,
                                          const std::shared_ptr<TargetGroup>& group, const TargetUrl& url,
                                          const net::Address* at) {
  auto target = Target::make(group, url, workers_, at);
  known = target;
  said_.recall(target);
  return target;
}

std::shared_ptr<Target> TargetTable::target(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url) {
  auto& known = targets_[{group->upstream, url.text()}];
  if (auto target = known.lock()) return target;
  auto target = make(known, group, url);
  if (auto path = net::Address::of_path(url.path)) {
    target->publish(std::vector{*path});
  } else if (resolver_) {
    target->watch_ =
        resolver_->watch(url.host, url.port, [weak = std::weak_ptr(target)](const net::Answer& answer) {
          if (auto living = weak.lock()) living->publish(answer.addresses);
        });
  } else if (auto number = net::Address::parse(url.host, url.port)) {
    target->publish(std::vector{*number});
  }
  return target;
}

std::shared_ptr<Target> TargetTable::found_elsewhere(const std::shared_ptr<TargetGroup>& group,
                                                     const TargetUrl& url) {
  auto& known = targets_[{group->upstream, url.text()}];
  if (auto target = known.lock()) return target;
  return make(known, group, url);
}

std::shared_ptr<Target> TargetTable::at(const std::shared_ptr<TargetGroup>& group, const TargetUrl& url,
                                        const net::Address& address) {
  if (targets_.size() >= sweep_at_) {
    std::erase_if(targets_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max(sweep_at_, 2 * targets_.size());
  }
  auto& known = targets_[{group->upstream, url.text() + " " + address.ip()}];
  if (auto target = known.lock()) return target;
  return make(known, group, url, &address);
}

std::size_t TargetTable::unresolved() const {
  auto waits = [](const auto& entry) {
    auto target = entry.second.lock();
    return target && target->watch_ && !target->watch_->answered();
  };
  return static_cast<std::size_t>(std::count_if(targets_.begin(), targets_.end(), waits)) +
         sources_->unanswered();
}

void TargetTable::drop_slots() {
  for (auto& [key, weak] : targets_)
    if (auto target = weak.lock())
      for (auto& slot : target->slots_) slot.reset();
}

std::size_t TargetTable::size() const {
  auto lives = [](const auto& entry) { return !entry.second.expired(); };
  return static_cast<std::size_t>(std::count_if(targets_.begin(), targets_.end(), lives));
}

void TargetTable::sweep() {
  std::erase_if(targets_, [](const auto& entry) { return entry.second.expired(); });
  std::erase_if(groups_, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace sluice::upstream
