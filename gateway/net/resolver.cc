// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/resolver.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "gateway/base/log.h"

namespace sluice::net {
namespace {

using base::Level;
using base::SteadyTime;

// What the control thread keeps of one watch. The watch itself only clears `wanted`, so that it can be
// destroyed on any thread without a lock.
struct Watcher {
  std::uint16_t port;
  Resolver::OnChange on_change;
  std::atomic<bool> wanted{true};
  std::atomic<bool> answered{false};

  Watcher(std::uint16_t p, Resolver::OnChange fn) : port(p), on_change(std::move(fn)) {}
  void tell(const Addresses& answer) {
    if (!wanted.load(std::memory_order_acquire)) return;
    Addresses mine = answer;
    if (mine)
      for (Address& a : *mine) a = a.with_port(port);
    on_change(mine);
    answered.store(true, std::memory_order_release);
  }
};

class WatchHandle final : public Watch {
 public:
  explicit WatchHandle(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
  ~WatchHandle() override { watcher_->wanted.store(false, std::memory_order_release); }
  bool answered() const noexcept override { return watcher_->answered.load(std::memory_order_acquire); }

 private:
  std::shared_ptr<Watcher> watcher_;
};

struct Name {
  std::string host;
  std::vector<std::shared_ptr<Watcher>> watchers;
  std::vector<Address> addresses;  // the last good answer
  std::string error;               // of the last lookup; empty when it succeeded
  unsigned failures = 0;           // in a row
  bool asking = false;
  SteadyTime due{};

  bool wanted() const {
    return std::any_of(watchers.begin(), watchers.end(), [](auto& w) { return w->wanted.load(); });
  }
  void tell(const Addresses& answer) {
    for (auto& w : std::vector(watchers)) w->tell(answer);  // a copy: a callback may add a watch
  }
};

std::string list(const std::vector<Address>& addresses) {
  if (addresses.empty()) return "no address";
  std::string out;
  for (const Address& a : addresses) out += (out.empty() ? "" : ", ") + a.ip();
  return out;
}

bool same_set(const std::vector<Address>& a, const std::vector<Address>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

// Lookups and the timer refer to it weakly: what comes after the resolver's end finds nobody.
class Resolver::Names : public std::enable_shared_from_this<Names> {
 public:
  Names(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup)
      : clock_(clock), lookup_(std::move(lookup)), timer_(control), random_(std::random_device{}()) {}

  std::shared_ptr<Watcher> watch(const std::string& host, std::uint16_t port, OnChange on_change) {
    auto watcher = std::make_shared<Watcher>(port, std::move(on_change));
    if (auto number = Address::parse(host, port)) {
      watcher->tell(std::vector{*number});
      return watcher;
    }
    auto [at, fresh] = names_.try_emplace(host);
    Name& name = at->second;
    name.watchers.push_back(watcher);
    if (fresh) {
      name.host = host;
      name.due = clock_.steady();
    } else if (!name.addresses.empty()) {
      watcher->tell(name.addresses);
    } else if (!name.error.empty()) {
      watcher->tell(base::fail(base::Reason::upstream_resolve_failed, name.error));
    }
    if (!name.asking && name.due <= clock_.steady()) ask(name);
    return watcher;
  }

  void tick() {
    auto now = clock_.steady();
    armed_ = SteadyTime::max();
    std::erase_if(names_, [](auto& entry) { return !entry.second.asking && !entry.second.wanted(); });
    for (auto& [host, name] : names_) {
      std::erase_if(name.watchers, [](auto& w) { return !w->wanted.load(); });
      if (name.asking) continue;
      if (name.due <= now) {
        ask(name);
      } else {
        arm(name.due);
      }
    }
  }

 private:
  void ask(Name& name) {
    name.asking = true;
    lookup_->start(name.host, [weak = weak_from_this(), host = name.host](Addresses answer) {
      auto self = weak.lock();
      if (self) self->take(self->names_.at(host), answer);
    });
  }

  void take(Name& name, const Addresses& answer) {
    name.asking = false;
    if (!answer) {
      failed(name, answer);
      return;
    }
    bool recovered = !std::exchange(name.error, {}).empty();
    bool changed = !same_set(name.addresses, *answer);
    name.failures = 0;
    name.due = clock_.steady() + about(kInterval);
    arm(name.due);
    if (!changed && !recovered) return;
    log_answer(name, *answer, recovered);
    if (changed) name.addresses = *answer;
    name.tell(name.addresses);
  }

  void failed(Name& name, const Addresses& answer) {
    name.due = clock_.steady() + about(std::min(kInterval, kRetry * (1u << std::min(name.failures, 10u))));
    ++name.failures;
    arm(name.due);
    bool first = name.error.empty();
    name.error = answer.error().detail.empty() ? "lookup failed" : answer.error().detail;
    if (!first) return;
    base::log(Level::warning,
              "host " + name.host + ": cannot be resolved: " + name.error +
                  (name.addresses.empty() ? std::string() : ", keeping " + list(name.addresses)));
    name.tell(answer);
  }

  void log_answer(const Name& name, const std::vector<Address>& fresh, bool recovered) const {
    if (recovered) {
      base::log(Level::info, "host " + name.host + ": resolves again: " + list(fresh));
    } else if (!name.addresses.empty()) {
      base::log(Level::info, "host " + name.host + ": " + list(name.addresses) + " -> " + list(fresh));
    } else {
      base::log(Level::debug, "host " + name.host + ": " + list(fresh));
    }
  }

  // Give or take a tenth, so that many names, and many gateways, do not ask in step.
  base::Duration about(base::Duration d) {
    std::uniform_int_distribution<base::Duration::rep> spread(-d.count() / 10, d.count() / 10);
    return d + base::Duration(spread(random_));
  }

  // Makes sure that tick() is called at `due`, or shortly after: names that are due together go together.
  void arm(SteadyTime due) {
    if (due >= armed_) return;
    armed_ = due;
    timer_.expires_after(std::max<base::Duration>(due - clock_.steady(), std::chrono::milliseconds(100)));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      auto self = error ? nullptr : weak.lock();
      if (self) self->tick();
    });
  }

  const base::Clock& clock_;
  std::unique_ptr<Lookup> lookup_;
  boost::asio::steady_timer timer_;
  std::map<std::string, Name, std::less<>> names_;
  std::minstd_rand random_;
  SteadyTime armed_ = SteadyTime::max();
};

Resolver::Resolver(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup)
    : names_(std::make_shared<Names>(control, clock, std::move(lookup))) {}

Resolver::~Resolver() = default;

std::unique_ptr<Watch> Resolver::watch(const std::string& host, std::uint16_t port, OnChange on_change) {
  return std::make_unique<WatchHandle>(names_->watch(host, port, std::move(on_change)));
}

void Resolver::tick() { names_->tick(); }

}  // namespace sluice::net
