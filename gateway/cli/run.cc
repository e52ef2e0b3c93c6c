// SPDX-License-Identifier: Apache-2.0
// sluice run: serves until SIGTERM or SIGINT. SIGHUP reads the file again, SIGUSR1 opens the log files again.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/base/log.h"
#include "gateway/base/version.h"
#include "gateway/cli/upgrade.h"
#include "gateway/cli/verbs.h"
#include "gateway/net/inherited.h"
#include "gateway/net/supervisor.h"
#include "gateway/server/config_watch.h"
#include "gateway/server/consumer_files.h"
#include "gateway/server/gateway.h"
#include "gateway/server/load_thread.h"
#include "gateway/server/vault_secrets.h"
#include "gateway/server/vault_watch.h"
#include "gateway/server/watched_files.h"

namespace sluice::cli {
namespace {

// How often files of consumers are looked at.
constexpr auto kLookAgain = std::chrono::seconds(1);

using base::Level;
using base::log;
using net::ProcessState;

// As many descriptors as we may have: each exchange needs two.
void raise_descriptor_limit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Level level_of(std::string_view word) {
  for (Level level : {Level::debug, Level::warning, Level::error})
    if (word == base::name(level)) return level;
  return Level::info;
}

class Run {
 public:
  Run(std::string path, bool watch, net::InheritedSockets inherited,
      std::optional<net::Predecessor> predecessor)
      : path_(std::move(path)),
        predecessor_(std::move(predecessor)),
        signals_(control_, SIGHUP, SIGTERM, SIGINT),
        timer_(control_),
        loader_(control_),
        gateway_(control_, clock_),
        upgrade_(control_, gateway_, [this](pid_t successor) { give_way(successor); }) {
    signals_.add(SIGUSR1);
    signals_.add(SIGUSR2);
    if (watch)
      watch_.emplace(control_, [this] {
        if (!stopping_) want(Wish::changes);
      });
    admin::ChangeSuppliers operations;
    operations.reload = [this](auto done) { reload_for(std::move(done)); };
    operations.drain = [this] {
      boost::asio::post(control_, [this] {
        if (!stopping_) stop();
      });
    };
    gateway_.operated_by(std::move(operations));
    gateway_.inherit(std::move(inherited));
    if (predecessor_) gateway_.take_over(predecessor_->take_states());
  }

  int run() {
    if (watch_) watch_->watch({path_}, {});
    // Nothing has to be drained yet. What else is signalled is done when it serves.
    boost::asio::signal_set ending(control_, SIGTERM, SIGINT);
    ending.async_wait([this](boost::system::error_code error, int) {
      if (!error && !serving_) give_up_start();
    });
    auto loaded = first_load();
    if (stopping_ || !loaded) return ended_before_it_served();
    std::vector<Place> places;
    for (const auto& [name, listener] : loaded->config.listeners)
      places.push_back({name, listener.bind.path.empty() ? "" : listener.bind.text()});
    bool started = loaded->ok() && gateway_.start(*loaded, path_);
    if (stopping_) return ended_before_it_served();
    watch_files(*loaded);
    if (started) watch_secrets(*loaded);
    std::fputs(loaded->diagnostics.text().c_str(), stderr);
    if (!started) {
      log(Level::error, "not started: " + path_ + " cannot be put in force");
      return 1;
    }
    log(Level::info, "sluice " + std::string(base::kVersion) + " serves " + path_ + describe(places));
    // Of a process that takes the place of another one the supervisor hears from that one.
    if (predecessor_) {
      predecessor_->ready();
    } else {
      net::tell_supervisor(ProcessState::ready, "serves " + path_);
    }
    serving_ = true;
    wait_for_signal();
    look_again();
    meet_next_wish();
    control_.run();
    return exit_code_;
  }

 private:
  // --- the start, which may wait for Vault and for names; a signal ends that

  // Null if a signal came first.
  std::unique_ptr<server::Loaded> first_load() {
    std::unique_ptr<server::Loaded> loaded;
    loader_.load([this] { return server::load_file(path_, secrets_); },
                 [&](server::Loaded& read) {
                   loaded = std::make_unique<server::Loaded>(std::move(read));
                   control_.stop();
                 });
    control_.run();
    control_.restart();
    return loaded;
  }

  void give_up_start() {
    stopping_ = true;
    gateway_.give_up_start();
    secrets_.give_up();
    control_.stop();
  }

  int ended_before_it_served() {
    boost::system::error_code ignored;
    signals_.clear(ignored);  // another signal ends it at once, whatever the load waits for
    log(Level::info, "stopped before it served");
    return exit_code_;
  }

  struct Place {
    std::string listener, socket;  // without `socket`: on a port that is known once it is bound
  };
  std::string describe(const std::vector<Place>& places) const {
    std::string out;
    for (const auto& [listener, socket] : places) {
      out += (out.empty() ? ": " : ", ") + listener + " on ";
      out += socket.empty() ? "port " + std::to_string(gateway_.port(listener)) : socket;
    }
    if (gateway_.admin_port()) out += ", admin on port " + std::to_string(gateway_.admin_port());
    return out;
  }

  void wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      wait_for_signal();
      on_signal(signal);
    });
  }

  void on_signal(int signal) {
    switch (signal) {
      case SIGHUP:
        upgrade_.pass_on(signal);
        want(Wish::reload);
        break;
      case SIGUSR1:
        upgrade_.pass_on(signal);
        gateway_.reopen_logs();
        break;
      case SIGUSR2:
        if (!stopping_) upgrade_.begin();
        break;
      default:
        stop();
        break;
    }
  }

  void reload_for(std::function<void(admin::Reloaded)> done) {
    waiting_.push_back(std::move(done));
    upgrade_.pass_on(SIGHUP);
    want(Wish::reload);
  }

  // What a configuration is read for; of two wishes the later one here includes the other.
  enum class Wish : unsigned char { none, consumers, changes, reload };
  using Waiting = std::vector<std::function<void(admin::Reloaded)>>;

  // A wish that comes while another one is met is met afterwards: what was read may be old by then.
  void want(Wish wish) {
    wanted_ = std::max(wanted_, wish);
    if (!std::exchange(loading_, true)) load();
  }

  void load() {
    auto wish = std::exchange(wanted_, Wish::none);
    auto waiting = wish == Wish::reload ? std::exchange(waiting_, {}) : Waiting();
    if (wish == Wish::reload && !stopping_) net::tell_supervisor(ProcessState::reloading);
    loader_.load([this] { return server::load_file(path_, secrets_); },
                 [this, wish, waiting](server::Loaded& loaded) {
                   meet(wish, loaded, waiting);
                   meet_next_wish();
                 });
  }

  void meet_next_wish() {
    loading_ = wanted_ != Wish::none;
    if (loading_) load();
  }

  void meet(Wish wish, server::Loaded& loaded, const Waiting& waiting) {
    if (stopping_) {
      for (auto& done : waiting) done({false, gateway_.config_hash(), loaded.diagnostics.json()});
      return;
    }
    if (wish == Wish::reload) return reload(loaded, waiting);
    if (wish == Wish::changes) return take_changes(loaded);
    renew_consumers(loaded);
  }

  void reload(server::Loaded& loaded, const Waiting& waiting) {
    bool good = gateway_.reload(loaded, path_);
    watch_files(loaded);
    if (good) watch_secrets(loaded);
    std::fputs(loaded.diagnostics.text().c_str(), stderr);
    for (auto& done : waiting) done({good, gateway_.config_hash(), loaded.diagnostics.json()});
    if (good) {
      log(Level::info, path_ + " reloaded");
    } else {
      log(Level::error, path_ + " not reloaded: the configuration in force stays");
    }
    if (stopping_) return;
    net::tell_supervisor(ProcessState::ready,
                         good ? "serves " + path_ : "the last reload failed: serves what was in force");
  }

  // --- files that take effect without a signal: all of them, or those that hold consumers alone

  void watch_files(const server::Loaded& loaded) {
    if (watch_) {
      watch_->watch(loaded.document, loaded.read);
    } else {
      watch_consumers(loaded);
    }
  }

  void take_changes(server::Loaded& loaded) {
    using Renewal = server::Gateway::Renewal;
    auto renewal = loaded.ok() ? gateway_.renew_consumers(loaded, path_) : Renewal::other;
    if (renewal == Renewal::other) return reload(loaded, {});
    watch_files(loaded);
    if (renewal == Renewal::done) watch_secrets(loaded);
    std::fputs(loaded.diagnostics.text().c_str(), stderr);
    if (renewal == Renewal::done) {
      log(Level::info, path_ + " has changed: its consumers are in force, all else is as it was");
    } else {
      log(Level::error, path_ + " not reloaded: the configuration in force stays");
    }
  }

  void watch_consumers(const server::Loaded& loaded) {
    if (!loaded.document.complete()) return;  // those of before are still the ones to look at
    consumer_files_ = {};
    consumer_files_.only(server::consumer_files(loaded.document), loaded.read);
  }

  void look_again() {
    timer_.expires_after(kLookAgain);
    timer_.async_wait([this](boost::system::error_code stopped) {
      if (stopped || stopping_) return;
      look_again();
      if (!loading_ && consumer_files_.changed()) want(Wish::consumers);
    });
  }

  void renew_consumers(server::Loaded& loaded) {
    using Renewal = server::Gateway::Renewal;
    switch (gateway_.renew_consumers(loaded, path_)) {
      case Renewal::done:
        watch_secrets(loaded);
        log(Level::info, "consumers of " + path_ + " reloaded");
        break;
      case Renewal::other:
        log(Level::warning,
            "consumers of " + path_ + " not reloaded: more has changed, which SIGHUP takes over");
        break;
      case Renewal::rejected:
        log(Level::error, "consumers of " + path_ + " not reloaded: those in force stay");
        break;
    }
    std::fputs(loaded.diagnostics.text().c_str(), stderr);
  }

  // --- secrets of Vault that take effect without a signal

  void watch_secrets(const server::Loaded& loaded) {
    if (!vault_) {
      vault_.emplace(server::VaultWatch::world(control_, gateway_.resolver()), [this] { secrets_changed(); });
      vault_up_ = vault_->at_scrape(gateway_.metrics().store());
    }
    vault_->watch(loaded.vault.config, loaded.vault.secrets);
    files_ = {};
    if (!loaded.vault.secrets.empty()) files_.only(loaded.document.files(), loaded.read);
    files_moved_ = false;
  }

  // Only the secrets: what somebody is writing into the files has to wait for him, unless they are watched
  // too.
  void secrets_changed() {
    if (stopping_ || loading_) return;
    files_moved_ = files_.moved() || files_moved_;
    if (files_moved_ && !watch_) {
      log(Level::warning, "a secret in Vault has changed, and so has " + path_ + ", which SIGHUP takes over");
      return;
    }
    log(Level::info, "a secret in Vault has changed");
    want(Wish::reload);
  }

  void give_way(pid_t successor) {
    stopping_ = true;
    secrets_.give_up();
    net::tell_supervisor_of(successor);
    gateway_.give_way([this](std::size_t cut) { end(cut); });
  }

  void end(std::size_t cut) {
    if (cut > 0) log(Level::warning, std::to_string(cut) + " connections were cut");
    log(Level::info, "stopped");
    control_.stop();
  }

  // The first signal drains, the second one ends at once.
  void stop() {
    if (stopping_) {
      log(Level::warning, "second signal: ending at once");
      exit_code_ = 1;
      control_.stop();
      return;
    }
    stopping_ = true;
    secrets_.give_up();
    if (upgrade_.running()) upgrade_.give_up();
    net::tell_supervisor(ProcessState::stopping, "draining");
    log(Level::info, "draining; a second signal ends it at once");
    gateway_.drain([this](std::size_t cut) { end(cut); });
  }

  std::string path_;
  std::optional<net::Predecessor> predecessor_;
  base::RealClock clock_;
  // Without the hint of one thread: with it, what a handler has posted waits for that handler's end, and a load, which
  // is one, runs the context itself until issuers have answered.
  boost::asio::io_context control_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  server::VaultSecrets secrets_;
  server::LoadThread loader_;
  server::WatchedFiles consumer_files_;
  server::WatchedFiles files_;  // all of the configuration in force, if there are secrets of Vault in it
  bool files_moved_ = false;
  std::optional<server::ConfigWatch> watch_;  // of all files, if that is wanted
  Waiting waiting_;                           // for the next reload's end
  server::Gateway gateway_;
  Upgrade upgrade_;
  std::optional<server::VaultWatch> vault_;
  observe::ScrapeRegistration vault_up_;
  Wish wanted_ = Wish::none;
  bool loading_ = true;  // until what was read is in force, or refused
  bool serving_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("run", "Serves a configuration until SIGTERM or SIGINT");
  struct Arguments {
    std::string path;
    bool watch = false;
    Level level = Level::info;
  };
  auto args = std::make_shared<Arguments>();
  verb->add_option("config", args->path, "The configuration file")->required()->type_name("FILE");
  verb->add_option_function<std::string>(
          "--log-level", [args](const std::string& word) { args->level = level_of(word); },
          "The least that the gateway's own log tells: debug, info (the default), warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL");
  verb->add_flag("--watch", args->watch, "Read the configuration again when one of its files has changed");
  verb->footer(
      "SIGHUP reads the file again; a bad one is reported and the old one stays in force.\n"
      "Included files that hold consumers alone are read again when they change.\n"
      "SIGUSR1 opens the access log again, after rotation.\n"
      "SIGUSR2 starts the program anew, gives it the sockets, and drains once it serves.");
  verb->callback([args, &exit_code] {
    base::set_log_level(args->level);
    raise_descriptor_limit();
    // Before anything of our own is opened, which the numbers of missing ones could then belong to.
    auto predecessor = net::Predecessor::from_environment();
    auto inherited = predecessor ? net::InheritedSockets(predecessor->take_sockets())
                                 : net::InheritedSockets::from_environment();
    Run run(args->path, args->watch, std::move(inherited), std::move(predecessor));
    exit_code = run.run();
  });
}

}  // namespace sluice::cli
