// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/restart_only.h"

#include <utility>

namespace sluice::server {
namespace {

class Keeper {
 public:
  template <class T>
  void keep(T& fresh, const T& in_force, std::string name) {
    if (fresh == in_force) return;
    fresh = in_force;
    differ.push_back(std::move(name));
  }
  std::vector<std::string> differ;
};

// A token may be exchanged for another one. Whether there is one decides who may be let in at all: the
// address was allowed for that.
void keep_admin(admin::AdminConfig& fresh, const admin::AdminConfig& in_force, Keeper& keeper) {
  auto kept = in_force;
  if (fresh.token && in_force.token) kept.token = fresh.token;
  keeper.keep(fresh, kept, "admin");
}

// The file of a Unix socket is made once, whatever the listener is called.
void keep_socket_files(Config& fresh, const Config& in_force, Keeper& keeper) {
  for (std::size_t i = 0; i < fresh.listeners.size(); ++i) {
    auto& [name, listener] = fresh.listeners[i];
    for (const auto& [other, living] : in_force.listeners)
      if (!listener.bind.path.empty() && living.bind == listener.bind)
        keeper.keep(listener.socket, living.socket, "listeners." + name + ".socket");
  }
}

}  // namespace

std::vector<std::string> keep_until_restart(Config& fresh, const Config& in_force) {
  Keeper keeper;
  keeper.keep(fresh.workers, in_force.workers, "workers");
  keeper.keep(fresh.metrics, in_force.metrics, "metrics");
  keep_admin(fresh.admin, in_force.admin, keeper);
  keep_socket_files(fresh, in_force, keeper);
  return std::move(keeper.differ);
}

}  // namespace sluice::server
