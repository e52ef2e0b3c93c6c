// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/said_of_targets.h"

#include "gateway/upstream/target.h"

namespace sluice::upstream {
namespace {

void tell(Target& target, const Said& said) {
  if (target.weight() != said.weight) target.set_weight(said.weight);
  target.drain(said.drained);
}

}  // namespace

void SaidOfTargets::say(const std::shared_ptr<Target>& target, const Said& said) {
  say(target->upstream(), target->text(), said);
  if (auto at = entries_.find({target->upstream(), target->text()}); at != entries_.end())
    at->second.target = target;
  tell(*target, said);
}

void SaidOfTargets::say(std::string_view upstream, std::string_view target, const Said& said) {
  Name name(upstream, target);
  if (said == Said{}) {
    entries_.erase(name);
    return;
  }
  if (!entries_.contains(name) && entries_.size() >= kMost) make_room();
  auto& entry = entries_[std::move(name)];
  entry.said = said;
  entry.when = ++now_;
}

void SaidOfTargets::recall(const std::shared_ptr<Target>& target) {
  auto at = entries_.find({target->upstream(), target->text()});
  if (at == entries_.end()) return;
  at->second.target = target;
  tell(*target, at->second.said);
}

void SaidOfTargets::make_room() {
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at)
    if (at->second.target.expired() && (oldest == entries_.end() || at->second.when < oldest->second.when))
      oldest = at;
  if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace sluice::upstream
