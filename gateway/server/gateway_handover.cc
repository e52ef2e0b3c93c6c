// SPDX-License-Identifier: Apache-2.0
// The part of the Gateway that gives its place to a new process (net/handover.h).
#include <map>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/server/gateway.h"

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

void Gateway::take_back() {
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
