// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/listeners.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
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

namespace {

// One queue, from which every worker takes, each by a descriptor of its own.
base::Result<std::vector<int>> shared_by(std::size_t workers, std::vector<int> fds, const net::Address& at) {
  while (fds.size() < workers) {
    int fd = ::fcntl(fds.front(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
      int error = errno;
      for (int opened : fds) ::close(opened);
      return base::fail(base::Reason::internal,
                        "cannot listen on " + at.text() + ": " + std::strerror(error));
    }
    fds.push_back(fd);
  }
  return fds;
}

}  // namespace

// Our own TCP sockets share an address, each with a queue of its own. Of Unix sockets, and of those that
// somebody else opened, there is one.
base::Result<Listeners::Sockets> Listeners::open_sockets(const std::string& name,
                                                         const front::ListenerConfig& config,
                                                         std::size_t workers, bool beside_own) {
  Sockets out;
  auto at = config.bind.address();
  auto backlog = static_cast<int>(config.backlog);
  base::Result<std::vector<int>> fds = std::vector<int>();
  if (auto inherited = inherited_.take(name, at)) {
    fds = shared_by(workers, std::move(inherited->fds), at);
    out.adopts_file = inherited->owns_file;
  } else if (at.is_unix()) {
    auto made = net::listen_unix(at, config.access(), backlog);
    if (!made) return std::move(made).unexpected();
    out.file = std::move(made->file);
    fds = shared_by(workers, {made->fd}, at);
  } else if (beside_own) {
    fds = net::bind_beside_own(at, static_cast<unsigned>(workers));
    out.bound_only = true;
  } else {
    fds = net::listen_shared(at, static_cast<unsigned>(workers), backlog);
  }
  if (!fds) return std::move(fds).unexpected();
  out.fds = std::move(*fds);
  return out;
}

// With the port that the system chose.
front::BindAddress Listeners::Living::bound() const {
  auto out = config.bind;
  if (out.path.empty()) out.port = port;
  return out;
}

bool Listeners::Living::stays(const front::ListenerConfig* written) const {
  return written && written->bind == config.bind;
}

// ":8080" and "127.0.0.1:8080", of a listener that is about to leave its address: where the kernel would
// refuse both to others, but not to one process. With one that stays the port is taken.
bool Listeners::overlaps_own(const Config& config, const front::BindAddress& bind) const {
  return std::ranges::any_of(living_, [&](const auto& l) {
    const auto& [name, living] = l;
    return !living.stays(config.listeners.find(name)) && living.bound().overlaps(bind);
  });
}

// The listener that is at that address, and is not to stay there under its own name.
const std::string* Listeners::gives_sockets(const Config& config, const front::BindAddress& bind) const {
  for (const auto& [name, living] : living_)
    if (!living.stays(config.listeners.find(name)) && living.bound() == bind) return &name;
  return nullptr;
}

void Listeners::drop_inherited() {
  for (const auto& socket : inherited_.drop_rest())
    base::log(base::Level::warning, "the inherited socket " + socket + " fits no listener and is closed");
}

Listeners::Opened Listeners::open(Loaded& loaded, std::size_t workers) {
  Opened out;
  config::Report report(loaded.document, loaded.diagnostics);
  for (const auto& [name, config] : loaded.config.listeners) {
    auto known = living_.find(name);
    if (known != living_.end() && known->second.stays(&config)) continue;
    if (const auto* from = gives_sockets(loaded.config, config.bind)) {
      out.from[name] = *from;
      continue;
    }
    auto sockets = open_sockets(name, config, workers, overlaps_own(loaded.config, config.bind));
    if (sockets) {
      out.sockets[name] = std::move(*sockets);
    } else {
      report.error(config::path("listeners", name, "bind"), sockets.error().detail);
    }
  }
  drop_inherited();
  return out;
}

namespace {

std::optional<front::PassthroughSettings> passthrough(const front::ListenerConfig& written,
                                                      const BuiltSnapshot& snapshot) {
  if (written.passthrough.empty()) return std::nullopt;
  front::PassthroughSettings out{{}, written.timeouts.head};
  for (const auto& rule : written.passthrough) {
    auto to = std::ranges::find(snapshot.upstreams, rule.to, [](const auto& u) { return u->name(); });
    if (to == snapshot.upstreams.end()) continue;  // the binder has complained
    for (const auto& name : rule.sni) out.names.add(name.pattern, *to);
  }
  return out;
}

}  // namespace

std::shared_ptr<front::ListenerSettings> Listeners::Living::make_settings(
    const std::string& name, const BuiltSnapshot& snapshot, observe::MetricsRegistry& metrics) const {
  auto out = std::make_shared<front::ListenerSettings>();
  out->facts = config.facts(name, index);
  out->options = config.options();
  out->protocols = front::protocols_of(config.protocols, config.tls.has_value());
  out->metrics = metrics.listener(name);
  out->proxy = config.proxy();
  out->passthrough = passthrough(config, snapshot);
  out->limits = config.connection_limits();
  out->life = config.life_limits();
  out->counts = counts;
  out->backlog = config.backlog;
  return out;
}

void Listeners::renew(const std::string& listener, Workers& workers, const ListenerTls& tls) {
  auto living = living_.find(listener);
  if (living == living_.end()) return;
  auto settings = std::make_shared<front::ListenerSettings>(*living->second.settings);
  settings->tls = tls.of(listener);
  living->second.settings = settings;
  for (auto& w : workers) w->use(listener, settings);
}

// All at once, here and in the workers: two may change places.
template <class UseSettings>
void Listeners::hand_over(const Opened& opened, const Config& config, Workers& workers,
                          UseSettings use_settings) {
  if (opened.from.empty()) return;
  std::map<std::string, Living> taken;
  for (const auto& [name, other] : opened.from) {
    auto at = living_.find(other);
    taken.emplace(name, std::move(at->second));
    living_.erase(at);
  }
  std::vector<ListenerMove> moves;
  std::vector<std::string> other_backlogs;
  for (auto& [name, living] : taken) {
    if (auto had = living_.find(name); had != living_.end())  // that goes to nobody
      unlisten(name, opened.overlaps(config, had->second.bound()), workers);
    living.index = next_index_++;
    Living& now = living_.insert_or_assign(name, std::move(living)).first->second;
    if (use_settings(name, *config.listeners.find(name))) other_backlogs.push_back(name);
    moves.push_back({opened.from.at(name), name, now.settings});
  }
  for (auto& w : workers) {
    w->move(moves);
    for (const auto& name : other_backlogs) w->set_backlog(name, living_.at(name).config.backlog);
  }
}

// Before those that they overlap with are closed, so that nobody is refused.
void Listeners::Opened::listen_where_bound_only(const Config& config) const {
  for (const auto& [name, opened] : sockets) {
    if (!opened.bound_only) continue;
    auto backlog = static_cast<int>(config.listeners.find(name)->backlog);
    for (int fd : opened.fds)
      if (auto done = net::listen_on(fd, backlog); !done)
        base::log(base::Level::error, "listener " + name + ": " + done.error().detail);
  }
}

// Does a listener come beside one that is at that address, and takes its place?
bool Listeners::Opened::overlaps(const Config& config, const front::BindAddress& bind) const {
  return std::ranges::any_of(sockets, [&](const auto& s) {
    return s.second.bound_only && config.listeners.find(s.first)->bind.overlaps(bind);
  });
}

void Listeners::unlisten(const std::string& name, bool gives_way, Workers& workers) {
  for (auto& w : workers) w->unlisten(name, gives_way);
}

// True: another number of connections may wait than before.
bool Listeners::use_settings(const std::string& name, const front::ListenerConfig& written, Living& living,
                             const BuiltSnapshot& snapshot, std::size_t workers,
                             observe::MetricsRegistry& metrics, const ListenerTls& tls) {
  bool other_backlog = living.config.backlog != written.backlog;
  living.config = written;
  auto settings = living.make_settings(name, snapshot, metrics);
  settings->tls = tls.of(name);
  if (written.max_accept_rate)
    settings->accepts_per_second = written.max_accept_rate->per_second() / static_cast<double>(workers);
  living.settings = settings;
  return other_backlog;
}

void Listeners::apply(const Config& config, const BuiltSnapshot& snapshot, Opened opened, Workers& workers,
                      observe::MetricsRegistry& metrics, const ListenerTls& tls) {
  opened.listen_where_bound_only(config);
  hand_over(opened, config, workers, [&](const std::string& name, const front::ListenerConfig& written) {
    return use_settings(name, written, living_.at(name), snapshot, workers.size(), metrics, tls);
  });
  for (const auto& [name, written] : config.listeners) {
    if (opened.from.contains(name)) continue;
    Living& living = living_[name];
    auto sockets = opened.sockets.find(name);
    bool fresh = sockets != opened.sockets.end();
    if (fresh && living.open)  // it moves to another address
      unlisten(name, opened.overlaps(config, living.bound()), workers);
    if (fresh) {
      auto port = net::bound_to(sockets->second.fds.front()).port();
      if (sockets->second.adopts_file) sockets->second.file = net::SocketFile(written.bind.path);
      living = {written, true, port, next_index_++, std::move(sockets->second.file), living.counts};
    }
    bool other_backlog = use_settings(name, written, living, snapshot, workers.size(), metrics, tls);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (fresh) {
        workers[i]->listen({name, std::exchange(sockets->second.fds[i], -1), living.settings});
      } else {
        workers[i]->use(name, living.settings);
        if (other_backlog) workers[i]->set_backlog(name, written.backlog);
      }
    }
  }
  std::erase_if(living_, [&](const auto& entry) {
    if (config.listeners.find(entry.first)) return false;
    unlisten(entry.first, opened.overlaps(config, entry.second.bound()), workers);
    return true;
  });
}

bool Listeners::owns_file(std::string_view listener) const noexcept {
  auto at = living_.find(listener);
  return at != living_.end() && at->second.file.owned();
}

void Listeners::give_up_files() noexcept {
  for (auto& [name, living] : living_) living.file.give_up();
}

void Listeners::remove_files() noexcept {
  for (auto& [name, living] : living_) living.file.remove();
}

std::vector<admin::ListenerReport> Listeners::report() const {
  std::vector<admin::ListenerReport> out;
  for (const auto& [name, living] : living_) {
    auto& l = out.emplace_back();
    l.name = name;
    l.bind = living.config.bind.text();
    l.port = living.port;
    l.tls = living.config.tls.has_value();
    if (!living.settings) continue;
    const auto& spoken = living.settings->protocols;
    if (spoken.h1) l.protocols.emplace_back("h1");
    if (spoken.h2) l.protocols.emplace_back("h2");
  }
  return out;
}

std::uint16_t Listeners::port(std::string_view listener) const noexcept {
  auto at = living_.find(listener);
  return at == living_.end() ? 0 : at->second.port;
}

}  // namespace sluice::server
