// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/listeners.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/config/report.h"
#include "gateway/net/listen.h"

namespace sluice::server {

Listeners::Sockets::~Sockets() {
  for (int fd : fds)
    if (fd >= 0) ::close(fd);
}

// TCP sockets share an address, each with a queue of its own. A Unix socket has one queue, from which every
// worker takes.
base::Result<Listeners::Sockets> Listeners::open_sockets(const front::ListenerConfig& config,
                                                         std::size_t workers) {
  Sockets out;
  auto at = config.bind.address();
  auto backlog = static_cast<int>(config.backlog);
  if (!at.is_unix()) {
    auto fds = net::listen_shared(at, static_cast<unsigned>(workers), backlog);
    if (!fds) return std::move(fds).unexpected();
    out.fds = std::move(*fds);
    return out;
  }
  auto made = net::listen_unix(at, config.access(), backlog);
  if (!made) return std::move(made).unexpected();
  out.file = std::move(made->file);
  out.fds.push_back(made->fd);
  while (out.fds.size() < workers) {
    int fd = ::fcntl(made->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
      return base::fail(base::Reason::internal,
                        "cannot listen on " + at.text() + ": " + std::strerror(errno));
    out.fds.push_back(fd);
  }
  return out;
}

Listeners::Opened Listeners::open(Loaded& loaded, std::size_t workers) const {
  Opened out;
  config::Report report(loaded.document, loaded.diagnostics);
  for (const auto& [name, config] : loaded.config.listeners) {
    auto known = living_.find(name);
    if (known != living_.end() && known->second.config.bind == config.bind) continue;
    auto sockets = open_sockets(config, workers);
    if (sockets) {
      out.sockets[name] = std::move(*sockets);
    } else {
      report.error(config::path("listeners", name, "bind"), sockets.error().detail);
    }
  }
  return out;
}

void Listeners::apply(const Config& config, Opened opened, Workers& workers,
                      observe::MetricsRegistry& metrics) {
  for (const auto& [name, written] : config.listeners) {
    Living& living = living_[name];
    auto sockets = opened.sockets.find(name);
    bool fresh = sockets != opened.sockets.end();
    if (fresh && living.open)
      for (auto& w : workers) w->unlisten(name);  // it moves to another address
    if (fresh) {
      auto port = net::bound_to(sockets->second.fds.front()).port();
      living = {written, true, port, next_index_++, std::move(sockets->second.file)};
    } else if (living.config.socket != written.socket) {
      base::log(base::Level::warning, "listener " + name + ": `socket` changes with a restart only");
    }
    auto settings = std::make_shared<front::ListenerSettings>();
    settings->facts = {name, "http", living.index};
    settings->options = written.options();
    settings->metrics = metrics.listener(name);
    settings->proxy = written.proxy();
    living.config = written;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (fresh) {
        workers[i]->listen({name, std::exchange(sockets->second.fds[i], -1), settings});
      } else {
        workers[i]->use(name, settings);
      }
    }
  }
  std::erase_if(living_, [&](const auto& entry) {
    if (config.listeners.find(entry.first)) return false;
    for (auto& w : workers) w->unlisten(entry.first);
    return true;
  });
}

void Listeners::remove_files() noexcept {
  for (auto& [name, living] : living_) living.file.remove();
}

std::uint16_t Listeners::port(std::string_view listener) const noexcept {
  auto at = living_.find(listener);
  return at == living_.end() ? 0 : at->second.port;
}

}  // namespace sluice::server
