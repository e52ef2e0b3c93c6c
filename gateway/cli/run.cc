// SPDX-License-Identifier: Apache-2.0
// sluice run: serves until SIGTERM or SIGINT. SIGHUP reads the file again, SIGUSR1 opens the log files again.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <functional>
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
        control_(1),
        signals_(control_, SIGHUP, SIGTERM, SIGINT),
        timer_(control_),
        vault_(server::VaultWatch::world(control_, clock_), [this] { secrets_changed(); }),
        gateway_(control_, clock_),
        upgrade_(control_, gateway_, [this](pid_t successor) { give_way(successor); }) {
    signals_.add(SIGUSR1);
    signals_.add(SIGUSR2);
    if (watch) watch_.emplace(control_, [this] { files_changed(); });
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
    auto loaded = server::load_file(path_);
    std::vector<Place> places;
    for (const auto& [name, listener] : loaded->config.listeners)
      places.push_back({name, listener.bind.path.empty() ? "" : listener.bind.text()});
    auto vault = loaded->config.vault;
    bool started = loaded->ok() && gateway_.start(*loaded, path_);
    watch_files(loaded->document);
    if (started) watch_secrets(vault, *loaded);
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
    wait_for_signal();
    look_again();
    control_.run();
    return exit_code_;
  }

 private:
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
        reload();
        break;
      case SIGUSR1:
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

  // Not from inside the admin server: a reload may run `control_`.
  void reload_for(std::function<void(admin::Reloaded)> done) {
    waiting_.push_back(std::move(done));
    boost::asio::post(control_, [this] { reload(); });
  }

  // A signal that comes while a reload waits for names asks for another one afterwards.
  void reload() {
    reload_wanted_ = true;
    if (std::exchange(reloading_, true)) return;
    while (std::exchange(reload_wanted_, false)) reload_now();
    reloading_ = false;
  }

  void reload_now() {
    if (!stopping_) net::tell_supervisor(ProcessState::reloading);
    auto waiting = std::exchange(waiting_, {});
    auto loaded = server::load_file(path_);
    auto vault = loaded->config.vault;
    bool good = gateway_.reload(*loaded, path_);
    watch_files(loaded->document);
    if (good) watch_secrets(vault, *loaded);
    std::fputs(loaded->diagnostics.text().c_str(), stderr);
    for (auto& done : waiting) done({good, gateway_.config_hash(), loaded->diagnostics.json()});
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

  void watch_files(const config::Document& document) {
    if (watch_) {
      watch_->watch(document);
    } else {
      watch_consumers(document);
    }
  }

  void files_changed() {
    if (stopping_) return;
    if (reloading_) return reload();  // once more
    using Renewal = server::Gateway::Renewal;
    auto loaded = server::load_file(path_);
    auto vault = loaded->config.vault;
    auto renewal = loaded->ok() ? gateway_.renew_consumers(*loaded, path_) : Renewal::other;
    if (renewal == Renewal::other) return reload();
    watch_files(loaded->document);
    if (renewal == Renewal::done) watch_secrets(vault, *loaded);
    std::fputs(loaded->diagnostics.text().c_str(), stderr);
    if (renewal == Renewal::done) {
      log(Level::info, path_ + " has changed: its consumers are in force, all else is as it was");
    } else {
      log(Level::error, path_ + " not reloaded: the configuration in force stays");
    }
  }

  void watch_consumers(const config::Document& document) {
    if (!document.complete()) return;  // those of before are still the ones to look at
    consumer_files_ = {};
    for (const auto& file : server::consumer_files(document)) consumer_files_.add(file);
  }

  void look_again() {
    timer_.expires_after(kLookAgain);
    timer_.async_wait([this](boost::system::error_code stopped) {
      if (stopped || stopping_) return;
      look_again();
      if (!reloading_ && consumer_files_.changed()) renew_consumers();
    });
  }

  void renew_consumers() {
    using Renewal = server::Gateway::Renewal;
    auto loaded = server::load_file(path_);
    auto vault = loaded->config.vault;
    switch (gateway_.renew_consumers(*loaded, path_)) {
      case Renewal::done:
        watch_secrets(vault, *loaded);
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
    std::fputs(loaded->diagnostics.text().c_str(), stderr);
  }

  // --- secrets of Vault that take effect without a signal

  void watch_secrets(const config::VaultConfig& vault, const server::Loaded& loaded) {
    vault_.watch(vault, loaded.vaulted);
    files_ = {};
    if (!loaded.vaulted.empty()) files_.only(loaded.document.files());
    files_moved_ = false;
  }

  // Only the secrets: what somebody is writing into the files has to wait for him, unless they are watched
  // too.
  void secrets_changed() {
    if (stopping_ || reloading_) return;
    files_moved_ = files_.moved() || files_moved_;
    if (files_moved_ && !watch_) {
      log(Level::warning, "a secret in Vault has changed, and so has " + path_ + ", which SIGHUP takes over");
      return;
    }
    log(Level::info, "a secret in Vault has changed");
    boost::asio::post(control_, [this] { reload(); });  // not from inside the answer
  }

  void give_way(pid_t successor) {
    stopping_ = true;
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
    if (upgrade_.running()) upgrade_.give_up();
    net::tell_supervisor(ProcessState::stopping, "draining");
    log(Level::info, "draining; a second signal ends it at once");
    gateway_.drain([this](std::size_t cut) { end(cut); });
  }

  std::string path_;
  std::optional<net::Predecessor> predecessor_;
  base::RealClock clock_;
  boost::asio::io_context control_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  server::WatchedFiles consumer_files_;
  server::VaultWatch vault_;
  server::WatchedFiles files_;  // all of the configuration in force, if there are secrets of Vault in it
  bool files_moved_ = false;
  std::optional<server::ConfigWatch> watch_;                   // of all files, if that is wanted
  std::vector<std::function<void(admin::Reloaded)>> waiting_;  // for the next reload's end
  server::Gateway gateway_;
  Upgrade upgrade_;
  bool reloading_ = false;
  bool reload_wanted_ = false;
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
