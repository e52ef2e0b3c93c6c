// SPDX-License-Identifier: Apache-2.0
// Gateway: the running whole: workers, listeners, the snapshot in force, access log, metrics, admin server.
// Lives on the control thread, which runs the io_context that it is given; `sluice run` makes one per
// process, tests make many.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/admin/admin_server.h"
#include "gateway/admin/socket.h"
#include "gateway/base/clock.h"
#include "gateway/observe/access_log.h"
#include "gateway/server/closing_logs.h"
#include "gateway/server/discovery.h"
#include "gateway/server/kept_revocations.h"
#include "gateway/server/key_sources.h"
#include "gateway/server/listeners.h"
#include "gateway/server/overload.h"
#include "gateway/server/prober_thread.h"
#include "gateway/server/said_targets.h"
#include "gateway/server/snapshot_builder.h"
#include "gateway/server/upstream_certificates.h"
#include "gateway/server/worker_thread.h"

namespace sluice::server {

class Gateway {
 public:
  // Both must outlive the gateway. All member functions are for the thread that runs `control`.
  Gateway(boost::asio::io_context& control, const base::Clock& clock);
  Gateway(const Gateway&) = delete;
  // Cuts what is left.
  ~Gateway();

  // Sockets that a supervisor opened, for start() to take.
  void inherit(net::InheritedSockets sockets) {
    for_admin_ = sockets.split(admin::kHandedAs);
    listeners_.inherit(std::move(sockets));
  }
  // What was said to the process before this one while it ran, for start() to take.
  void take_over(std::vector<net::HandedState> states) { taken_over_ = std::move(states); }
  // What operators may ask the process for through the admin server: to read its configuration again and to
  // end. Before start().
  void operated_by(admin::ChangeSuppliers operations) { operations_ = std::move(operations); }
  // What is told of the process's memory, in place of what the system says. Before start().
  void read_memory_by(std::function<MemoryReading()> read) { read_memory_ = std::move(read); }
  // Begins to serve. False, with diagnostics in `loaded`, if that cannot be; then destroy the gateway. May
  // run `control` for a while, to resolve names.
  bool start(Loaded& loaded, std::string source);
  // start() is not worth its end any more: it ends soon, with false. From a handler of `control`, or before it.
  void give_up_start() noexcept { given_up_ = true; }
  // Puts another configuration in force, as a whole or, with diagnostics in `loaded` and false, not at all;
  // not while draining either. May run `control` for a while, to resolve names: the caller sees to it that no
  // other reload begins meanwhile.
  bool reload(Loaded& loaded, std::string source);
  // Puts the consumers of a configuration in force that says nothing else that is new; does nothing, and says
  // `other`, if it does, so that `loaded` is as good as new for reload(). Of what is in force only the
  // consumers are replaced.
  enum class Renewal : unsigned char { done, other, rejected };
  Renewal renew_consumers(Loaded& loaded, std::string source);
  // Opens log files again, after rotation.
  void reopen_logs();
  // Fails readiness, goes on for pre_stop, then ends connections as their exchanges end, at the latest after
  // grace. `done` is told how many connections had to be cut.
  void drain(std::function<void(std::size_t cut)> done);

  // For the process that takes the place of this one: other descriptors of all listening sockets, the
  // caller's to close. Waits for every worker. What is used up of quotas is written out, and counted in
  // memory alone from now on.
  std::vector<net::HandedSockets> hand_out();
  // What was said to this process while it ran, for the same one. Until take_back() nothing more is heard, as
  // it would be lost: tokens that are taken back, targets, their weights and drains.
  std::vector<net::HandedState> hand_over();
  // That process could not serve: this one keeps what was used up again.
  void take_back();
  // That process serves: as drain(), but at once, and what is in the file system belongs to that process.
  void give_way(std::function<void(std::size_t cut)> done);

  bool ready() const noexcept { return snapshot_ && !draining_; }
  // Downstream connections that are open. Waits for every worker: what they did before has been done and
  // counted.
  std::size_t connections();
  // The port that a listener is bound to (0 in the configuration lets the system choose); 0 if there is none
  // such.
  std::uint16_t port(std::string_view listener) const noexcept { return listeners_.port(listener); }
  std::string config_hash() const { return snapshot_ ? snapshot_->hash : ""; }
  // For what else is asked on the control thread, once start() was called.
  net::Resolver& resolver() noexcept { return discovery_->resolver(); }
  std::uint16_t admin_port() const noexcept { return admin_ ? admin_->port() : 0; }
  observe::MetricsRegistry& metrics() noexcept { return *metrics_; }

 private:
  bool start_admin(Loaded& loaded);
  void make_workers(const Config& config);
  std::shared_ptr<BuiltSnapshot> build(Loaded& loaded);
  bool open_log(Loaded& loaded, std::unique_ptr<observe::AccessLog>& out);
  void use_log(std::unique_ptr<observe::AccessLog> log);
  void put_in_force(Loaded& loaded, std::shared_ptr<BuiltSnapshot> snapshot, const std::string& source);
  void remember(Loaded& loaded, const std::string& source);
  void take_over_targets();
  std::vector<std::string> keep_in_force(Loaded& loaded, Config& fresh) const;
  bool keep_state(Loaded& loaded);
  void await_answers();
  void watch_targets();
  upstream::Upstream* find_upstream(std::string_view name) const;
  admin::Suppliers suppliers();
  std::size_t add_pools(const std::shared_ptr<const WorkerThread::Targets>& targets,
                        const std::vector<admin::TargetReport*>& reports);
  admin::UpstreamsReport report_upstreams();
  admin::FailureReport report_failures(const observe::FailureQuery& query);
  std::vector<admin::WorkerReport> report_workers();
  std::vector<admin::ListenerReport> report_listeners();
  admin::ConfigReport report_config() const;
  admin::TargetChanged change_target(const admin::TargetChange& change);
  void stop_workers(std::function<void(std::size_t cut)> done);
  void cut_when_idle(base::SteadyTime deadline, std::function<void(std::size_t)> done);
  std::size_t generations_alive();

  boost::asio::io_context& control_;
  const base::Clock& clock_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<observe::MetricsRegistry> metrics_;
  std::vector<observe::ScrapeRegistration> gauges_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::unique_ptr<Overload> overload_;
  std::unique_ptr<Discovery> discovery_;
  std::unique_ptr<upstream::TargetTable> targets_;
  SaidTargets said_targets_;
  stores::Stores stores_;
  ListFiles lists_;
  std::unique_ptr<KeySources> keys_;
  std::unique_ptr<observe::AccessLog> log_;
  ClosingLogs closing_logs_;  // those of before
  Listeners listeners_;
  std::unique_ptr<ListenerTls> tls_;
  std::unique_ptr<UpstreamCertificates> upstream_certificates_;
  std::unique_ptr<net::CryptoThreads> filter_threads_;
  std::unique_ptr<chain::Revocations> revocations_;
  std::unique_ptr<KeptRevocations> kept_revocations_;
  std::unique_ptr<ProberThread> prober_;
  std::unique_ptr<admin::AdminServer> admin_;
  net::InheritedSockets for_admin_;
  admin::ChangeSuppliers operations_;
  std::function<MemoryReading()> read_memory_;  // empty: the system
  Config config_;                               // in force
  std::optional<config::Document> document_;    // of it; only where there is an admin server to tell about it
  std::vector<std::string> wait_for_restart_;   // settings that the file says otherwise
  std::string source_;
  base::WallTime loaded_at_{};
  std::shared_ptr<BuiltSnapshot> snapshot_;
  std::vector<observe::BusyRatio> busy_;  // of the workers, for the admin server
  std::vector<std::weak_ptr<const BuiltSnapshot>> generations_;
  std::vector<net::HandedState> taken_over_;  // until start()
  bool handing_over_ = false;
  bool draining_ = false;
  bool given_up_ = false;
};

}  // namespace sluice::server
