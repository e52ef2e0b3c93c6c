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
struct NameWatcher {
  std::uint16_t port;
  Resolver::OnChange on_change;
  std::atomic<bool> wanted{true};
  std::atomic<bool> answered{false};

  NameWatcher(std::uint16_t p, Resolver::OnChange fn) : port(p), on_change(std::move(fn)) {}
  void tell(const Answer& answer) {
    if (!wanted.load(std::memory_order_acquire)) return;
    Answer mine = answer;
    if (mine.good())
      for (Address& a : *mine.addresses) a = a.with_port(port);
    on_change(mine);
    answered.store(true, std::memory_order_release);
  }
};

class WatchHandle final : public Watch {
 public:
  explicit WatchHandle(std::shared_ptr<NameWatcher> watcher) : watcher_(std::move(watcher)) {}
  ~WatchHandle() override { watcher_->wanted.store(false, std::memory_order_release); }
  bool answered() const noexcept override { return watcher_->answered.load(std::memory_order_acquire); }

 private:
  std::shared_ptr<NameWatcher> watcher_;
};

struct Name {
  std::string host;
  Asked what = Asked::addresses;
  std::vector<std::shared_ptr<NameWatcher>> watchers;
  std::vector<Address> addresses;    // the last good answer
  std::vector<ServicePlace> places;  // likewise
  std::string error;                 // of the last lookup; empty when it succeeded
  bool none = false;                 // by the last lookup that did not fail
  unsigned failures = 0;             // in a row
  bool asking = false;
  SteadyTime due{}, asked{}, good{};

  bool known() const noexcept { return !addresses.empty() || !places.empty(); }
  const char* kind() const noexcept { return what == Asked::service ? "service " : "host "; }
  Answer last_good() const { return {addresses, places}; }

  bool wanted() const {
    return std::any_of(watchers.begin(), watchers.end(), [](auto& w) { return w->wanted.load(); });
  }
  void tell(const Answer& answer) {
    for (auto& w : std::vector(watchers)) w->tell(answer);  // a copy: a callback may add a watch
  }
};

// Of so many there is no list in a line of the log.
constexpr std::size_t kListed = 16;

std::string list(const std::vector<Address>& addresses, const std::vector<ServicePlace>& places) {
  std::string out;
  auto add = [&out](const std::string& one) { out += (out.empty() ? "" : ", ") + one; };
  for (std::size_t i = 0; i < std::min(kListed, addresses.size()); ++i) add(addresses[i].ip());
  for (std::size_t i = 0; i < std::min(kListed, places.size()); ++i)
    add(places[i].host + ":" + std::to_string(places[i].port));
  auto count = addresses.size() + places.size();
  if (count > kListed) out += " and " + std::to_string(count - kListed) + " more";
  return out;
}
std::string list(const Name& name) { return list(name.addresses, name.places); }

bool same_set(const std::vector<Address>& a, const std::vector<Address>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

// Lookups and the timer refer to it weakly: what comes after the resolver's end finds nobody.
class Resolver::Names : public std::enable_shared_from_this<Names> {
 public:
  Names(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup)
      : clock_(clock), lookup_(std::move(lookup)), timer_(control), random_(std::random_device{}()) {}

  std::shared_ptr<NameWatcher> watch(const std::string& host, std::uint16_t port, OnChange on_change) {
    auto watcher = std::make_shared<NameWatcher>(port, std::move(on_change));
    if (auto number = Address::parse(host, port)) {
      watcher->tell({std::vector{*number}});
    } else {
      watch(host, Asked::addresses, watcher);
    }
    return watcher;
  }
  void watch(const std::string& host, Asked what, const std::shared_ptr<NameWatcher>& watcher) {
    auto [at, fresh] = names_.try_emplace({what, host});
    Name& name = at->second;
    name.watchers.push_back(watcher);
    if (fresh) {
      name.host = host;
      name.what = what;
      name.due = clock_.steady();
    }
    bool remembered = !name.none || clock_.steady() - name.good < kRemembered;
    if (name.known() && remembered) watcher->tell(name.last_good());
    if (name.none) {
      watcher->tell(no_answer(name.error));
    } else if (!name.known() && !name.error.empty()) {
      watcher->tell(failed_answer(name.error));
    }
    if (!name.asking && name.due <= clock_.steady()) ask(name);
  }
  std::shared_ptr<NameWatcher> watch_service(const std::string& name, OnChange on_change) {
    auto watcher = std::make_shared<NameWatcher>(0, std::move(on_change));
    watch(name, Asked::service, watcher);
    return watcher;
  }
  void on_lookup(OnLookup on_lookup) { on_lookup_ = std::move(on_lookup); }
  const base::Clock& clock() const noexcept { return clock_; }

  void tick() {
    auto now = clock_.steady();
    armed_ = SteadyTime::max();
    std::erase_if(names_, [](auto& entry) { return !entry.second.asking && !entry.second.wanted(); });
    for (auto& [key, name] : names_) {
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
    name.asked = clock_.steady();
    lookup_->start(name.host, name.what,
                   [weak = weak_from_this(), key = Key{name.what, name.host}](Answer a) {
                     auto self = weak.lock();
                     if (self) self->take(self->names_.at(key), std::move(a));
                   });
  }

  void take(Name& name, Answer answer) {
    name.asking = false;
    if (on_lookup_) on_lookup_(answer, clock_.steady() - name.asked);
    if (!answer.good()) {
      failed(name, answer);
      return;
    }
    if (answer.unknown_family)
      for (const Address& a : name.addresses)
        if (a.family() == answer.unknown_family) answer.addresses->push_back(a);
    bool recovered = !std::exchange(name.error, {}).empty();
    bool changed = !same_set(name.addresses, *answer.addresses) || name.places != answer.places;
    name.none = false;
    name.failures = 0;
    auto good_for = answer.ttl < base::Duration::zero() ? kInterval : answer.ttl;
    name.good = clock_.steady();
    name.due = name.good + std::max<base::Duration>(
                               kShortest, about(std::clamp<base::Duration>(good_for, kShortest, kInterval)));
    arm(name.due);
    if (changed || recovered) log_answer(name, answer, recovered);
    if (changed) {
      name.addresses = *answer.addresses;
      name.places = answer.places;
    }
    name.tell(name.last_good());
  }

  void failed(Name& name, const Answer& answer) {
    name.due = clock_.steady() + about(std::min(kInterval, kRetry * (1u << std::min(name.failures, 10u))));
    ++name.failures;
    arm(name.due);
    bool first = name.error.empty() || (answer.none && !name.none);
    name.none = name.none || answer.none;
    name.error = answer.addresses.error().detail.empty() ? "lookup failed" : answer.addresses.error().detail;
    if (first)
      base::log(Level::warning, name.kind() + name.host + ": cannot be resolved: " + name.error +
                                    (name.known() ? ", keeping " + list(name) : std::string()));
    name.tell(answer);
  }

  void log_answer(const Name& name, const Answer& fresh, bool recovered) const {
    auto what = name.kind() + name.host + ": ";
    auto now = list(*fresh.addresses, fresh.places);
    if (recovered) {
      base::log(Level::info, what + "resolves again: " + now);
    } else if (name.known()) {
      base::log(Level::info, what + list(name) + " -> " + now);
    } else {
      base::log(Level::debug, what + now);
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

  using Key = std::pair<Asked, std::string>;
  const base::Clock& clock_;
  OnLookup on_lookup_;
  std::unique_ptr<Lookup> lookup_;
  boost::asio::steady_timer timer_;
  std::map<Key, Name> names_;
  std::minstd_rand random_;
  SteadyTime armed_ = SteadyTime::max();
};

Resolver::Resolver(boost::asio::io_context& control, const base::Clock& clock, std::unique_ptr<Lookup> lookup)
    : names_(std::make_shared<Names>(control, clock, std::move(lookup))) {}

Resolver::~Resolver() = default;

std::unique_ptr<Watch> Resolver::watch(const std::string& host, std::uint16_t port, OnChange on_change) {
  return std::make_unique<WatchHandle>(names_->watch(host, port, std::move(on_change)));
}

std::unique_ptr<Watch> Resolver::watch_service(const std::string& name, OnChange on_change) {
  return std::make_unique<WatchHandle>(names_->watch_service(name, std::move(on_change)));
}

void Resolver::on_lookup(OnLookup on_lookup) { names_->on_lookup(std::move(on_lookup)); }

const base::Clock& Resolver::clock() const noexcept { return names_->clock(); }

void Resolver::tick() { names_->tick(); }

}  // namespace sluice::net
