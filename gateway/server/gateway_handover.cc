// SPDX-License-Identifier: Apache-2.0
// The part of the Gateway that gives its place to a new process (net/handover.h).
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/server/gateway.h"
#include "gateway/server/target_changes.h"

namespace sluice::server {

std::vector<net::HandedSockets> Gateway::hand_out() {
  std::map<std::string, std::vector<int>> by_listener;
  for (auto& w : workers_)
    for (auto& [listener, fd] : w->sockets().get()) by_listener[listener].push_back(fd);
  std::vector<net::HandedSockets> out;
  for (auto& [listener, fds] : by_listener)
    out.push_back({listener, listeners_.owns_file(listener), std::move(fds)});
  if (admin_) out.push_back(admin_->hand_out());
  stores_.let_go();
  return out;
}

namespace {

constexpr const char* kHandedLists = "lists of targets";
constexpr const char* kHandedChanges = "changes of targets";

}  // namespace

std::vector<net::HandedState> Gateway::hand_over() {
  handing_over_ = true;
  std::vector<net::HandedState> out;
  out.push_back({kHandedRevocations, kept_revocations_->hand_over(clock_.wall())});
  out.push_back({kHandedLists, said_targets_.text()});
  said_targets_.let_go();
  if (snapshot_) out.push_back({kHandedChanges, write_target_changes(targets_->said())});
  return out;
}

// The lists first: changes may be of their targets.
void Gateway::take_over_targets() {
  auto text = [this](std::string_view name) {
    auto at = std::ranges::find(taken_over_, name, &net::HandedState::name);
    return at == taken_over_.end() ? std::string_view() : std::string_view(at->text);
  };
  said_targets_.take_over(text(kHandedLists), snapshot_->upstreams, *targets_);
  apply_target_changes(text(kHandedChanges), snapshot_->upstreams, targets_->said());
  if (!taken_over_.empty()) watch_targets();
  taken_over_.clear();
}

void Gateway::take_back() {
  handing_over_ = false;
  said_targets_.take_back();
  if (auto kept = kept_revocations_->take_back(clock_.wall()); !kept)
    base::log(base::Level::error, "tokens that are taken back are not kept any more: " + kept.error().detail);
  if (auto kept = stores_.take_back(); !kept)
    base::log(base::Level::error, "quotas are not kept any more: " + kept.error().detail);
}

void Gateway::give_way(std::function<void(std::size_t)> done) {
  if (draining_) return;
  draining_ = true;
  metrics_->set_draining(true);
  listeners_.give_up_files();
  if (admin_) admin_->give_up_file();
  admin_.reset();  // the new process answers there
  stop_workers(std::move(done));
}

}  // namespace sluice::server
