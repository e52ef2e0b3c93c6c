// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/listeners.h"

#include <sys/socket.h>
#include <unistd.h>

#include "gateway/config/report.h"
#include "gateway/net/listen.h"

namespace sluice::server {
namespace {

std::uint16_t port_of(int fd) {
  sockaddr_storage at;
  socklen_t size = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return 0;
  return net::Address::from(reinterpret_cast<sockaddr*>(&at), size).port();
}

}  // namespace

Listeners::Opened::~Opened() {
  for (auto& [name, fds] : sockets)
    for (int fd : fds) ::close(fd);
}

Listeners::Opened Listeners::open(Loaded& loaded, std::size_t workers) const {
  Opened out;
  config::Report report(loaded.document, loaded.diagnostics);
  for (const auto& [name, config] : loaded.config.listeners) {
    auto known = living_.find(name);
    if (known != living_.end() && known->second.config.bind == config.bind) continue;
    auto fds = net::listen_shared(config.bind.address(), static_cast<unsigned>(workers),
                                  static_cast<int>(config.backlog));
    if (fds) {
      out.sockets[name] = std::move(*fds);
    } else {
      report.error(config::path("listeners", name, "bind"), fds.error().detail);
    }
  }
  return out;
}

void Listeners::apply(const Config& config, Opened opened, Workers& workers,
                      observe::MetricsRegistry& metrics) {
  for (const auto& [name, written] : config.listeners) {
    Living& living = living_[name];
    auto fds = opened.sockets.find(name);
    bool fresh = fds != opened.sockets.end();
    if (fresh && living.port != 0)
      for (auto& w : workers) w->unlisten(name);  // it moves to another address
    if (fresh) living = {written, port_of(fds->second.front()), next_index_++};
    auto settings = std::make_shared<front::ListenerSettings>();
    settings->facts = {name, "http", living.index};
    settings->options = written.options();
    settings->metrics = metrics.listener(name);
    living.config = written;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (fresh) {
        workers[i]->listen({name, fds->second[i], settings});
      } else {
        workers[i]->use(name, settings);
      }
    }
    if (fresh) opened.sockets.erase(fds);
  }
  std::erase_if(living_, [&](const auto& entry) {
    if (config.listeners.find(entry.first)) return false;
    for (auto& w : workers) w->unlisten(entry.first);
    return true;
  });
}

std::uint16_t Listeners::port(std::string_view listener) const noexcept {
  auto at = living_.find(listener);
  return at == living_.end() ? 0 : at->second.port;
}

}  // namespace sluice::server
