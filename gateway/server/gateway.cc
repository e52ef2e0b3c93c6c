// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/gateway.h"

#include <openssl/opensslv.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/base/version.h"
#include "gateway/config/report.h"
#include "gateway/server/cpus.h"
#include "gateway/server/otlp_http.h"
#include "gateway/server/restart_only.h"

namespace sluice::server {

using base::Level;
using base::log;

namespace {

constexpr auto kResolvePatience = std::chrono::seconds(5);

// One series for a path, however many use it, and the soonest: not all of them may have been renewed.
observe::ScrapeRegistration expiries_at_scrape(observe::SeriesStore& store, const ListenerTls& listeners,
                                               const UpstreamCertificates& upstreams) {
  return store.at_scrape(observe::Family::sluice_tls_certificate_expiry_timestamp_seconds,
                         [&listeners, &upstreams](const observe::Emit& emit) {
                           std::map<std::string, std::time_t> by_path;
                           auto note = [&](const std::string& path, std::time_t expires) {
                             auto [known, fresh] = by_path.emplace(path, expires);
                             if (!fresh) known->second = std::min(known->second, expires);
                           };
                           listeners.expiries(note);
                           upstreams.expiries(note);
                           for (const auto& [path, expires] : by_path)
                             emit({path}, static_cast<double>(expires));
                         });
}

}  // namespace

Gateway::Gateway(boost::asio::io_context& control, const base::Clock& clock)
    : control_(control), clock_(clock), timer_(control), lists_(&control), closing_logs_(control) {
  // A client that leaves while bytes are spliced to it would end the process otherwise.
  std::signal(SIGPIPE, SIG_IGN);
}

Gateway::~Gateway() {
  admin_.reset();
  if (prober_) prober_->stop();
  for (auto& w : workers_) w->loop().stop();
  for (auto& w : workers_) w->join();
  if (targets_) targets_->drop_slots();  // while every loop is there
  gauges_.clear();
  overload_.reset();
  keys_.reset();
  upstream_certificates_.reset();
  tls_.reset();  // handshakes on other threads, while every loop is there
  filter_threads_.reset();
  prober_.reset();
  workers_.clear();
  if (log_) log_->stop();
  snapshot_.reset();
}

void Gateway::make_workers(const Config& config) {
  unsigned count = config.workers.value_or(usable_cpus());
  // Connections wait in each queue that was handed over: whoever serves fewer would lose some.
  if (auto queues = static_cast<unsigned>(listeners_.inherited_queues()); queues > count) {
    log(Level::warning, std::to_string(queues) + " workers, as many as before, until the next restart");
    count = queues;
  }
  metrics_ = std::make_unique<observe::MetricsRegistry>(config.metrics.options(count));
  upstream::WorkerLoops loops;
  for (unsigned i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(i, clock_, *metrics_));
    if (config.admin.enabled) workers_.back()->remember_failures(config.admin.failures);
    auto& loop = workers_.back()->loop();
    loops.push_back(&loop);
    gauges_.push_back(metrics_->loop_times_at_scrape(
        i, [&loop] { return observe::LoopTimes{loop.busy_nanoseconds(), loop.idle_nanoseconds()}; }));
  }
  gauges_.push_back(metrics_->generations_at_scrape([this] { return generations_alive(); }));
  gauges_.push_back(metrics_->log_drops_at_scrape("access_log", [this] {
    auto lost = closing_logs_.losses();
    if (log_) lost += log_->losses();
    return lost;
  }));
  gauges_.push_back(
      metrics_->store().at_scrape(observe::Family::sluice_store_keys, [this](const observe::Emit& emit) {
        for (const auto& t : stores_.tables(stores::instant(clock_.steady())))
          emit({t.store}, static_cast<double>(t.keys));
      }));
  gauges_.push_back(metrics_->store().at_scrape(
      observe::Family::sluice_store_evictions_total, [this](const observe::Emit& emit) {
        for (const auto& t : stores_.tables(stores::instant(clock_.steady())))
          emit({t.store}, static_cast<double>(t.evictions));
      }));
  overload_ = std::make_unique<Overload>(control_, workers_);
  if (read_memory_) overload_->read_by(read_memory_);
  for (auto& gauge : overload_->at_scrape(metrics_->store())) gauges_.push_back(std::move(gauge));
  discovery_ = std::make_unique<Discovery>(control_, clock_, *metrics_, config.resolver);
  revocations_ = std::make_unique<chain::Revocations>(loops);
  kept_revocations_ = std::make_unique<KeptRevocations>(*revocations_);
  for (const auto& state : taken_over_)
    if (state.name == kHandedRevocations) kept_revocations_->take_over(state.text, clock_.wall());
  targets_ = std::make_unique<upstream::TargetTable>(std::move(loops), &discovery_->resolver());
  discovery_->follow(*targets_, [this] { watch_targets(); });
  tls_ = std::make_unique<ListenerTls>(
      control_, discovery_->resolver(), *metrics_, (count + 1) / 2,
      [this](const std::string& listener) { listeners_.renew(listener, workers_, *tls_); });
  upstream_certificates_ = std::make_unique<UpstreamCertificates>(control_, *metrics_, tls_->threads());
  gauges_.push_back(expiries_at_scrape(metrics_->store(), *tls_, *upstream_certificates_));
  filter_threads_ = std::make_unique<net::CryptoThreads>((count + 1) / 2);
  keys_ = std::make_unique<KeySources>(KeySources::world(control_, discovery_->resolver(), clock_));
  for (auto& gauge : keys_->at_scrape(metrics_->store())) gauges_.push_back(std::move(gauge));
  prober_ = std::make_unique<ProberThread>(clock_);
  metrics_->set_build({base::kVersion, base::kRevision, __VERSION__, OPENSSL_VERSION_TEXT});
  metrics_->set_started(clock_.wall());
}

bool Gateway::start(Loaded& loaded, std::string source) {
  make_workers(loaded.config);
  auto snapshot = build(loaded);
  auto tls = tls_->build(loaded);
  auto opened = listeners_.open(loaded, workers_.size());
  std::unique_ptr<observe::AccessLog> access_log;
  bool good = open_log(loaded, access_log) && start_admin(loaded) && snapshot && loaded.ok();
  if (!good || !keep_state(loaded)) return false;
  said_targets_.restore(snapshot->upstreams, *targets_);
  await_answers();
  if (given_up_) return false;  // before anything is taken from a predecessor
  control_.restart();
  for (auto& w : workers_) w->start();
  use_log(std::move(access_log));
  put_in_force(loaded, std::move(snapshot), source);
  take_over_targets();
  tls_->use(std::move(tls));
  listeners_.apply(config_, *snapshot_, std::move(opened), workers_, *metrics_, *tls_);
  overload_->use(config_.overload);
  if (admin_) admin_->take_over();
  metrics_->loaded(clock_.wall());
  metrics_->set_ready(true);
  return true;
}

// What changes with a restart only, and is otherwise in `fresh`. A place for state is taken at any time, but
// not given up.
std::vector<std::string> Gateway::keep_in_force(Loaded& loaded, Config& fresh) const {
  auto waiting = keep_until_restart(fresh, config_);
  auto in_use = kept_revocations_->place();
  config::Report report(loaded.document, loaded.diagnostics);
  if (!in_use.empty() && state_directory_of(fresh, report) != in_use) {
    fresh.state_directory = config_.state_directory.empty() ? in_use : config_.state_directory;
    waiting.emplace_back("state_directory");
  }
  return waiting;
}

namespace {

// A collector is looked up at the nameservers of the time at which the log was opened.
bool logs_otherwise(const Config& fresh, const Config& now) {
  return fresh.access_log != now.access_log || (fresh.access_log.otlp && fresh.resolver != now.resolver);
}

}  // namespace

bool Gateway::reload(Loaded& loaded, std::string source) {
  auto waiting = loaded.ok() ? keep_in_force(loaded, loaded.config) : std::vector<std::string>();
  auto snapshot = loaded.ok() ? build(loaded) : nullptr;
  auto tls = loaded.ok() ? tls_->build(loaded) : TlsOfListeners{};
  auto opened = loaded.ok() ? listeners_.open(loaded, workers_.size()) : Listeners::Opened{};
  std::unique_ptr<observe::AccessLog> access_log;
  bool new_log = loaded.ok() && logs_otherwise(loaded.config, config_);
  if (new_log) open_log(loaded, access_log);
  if (loaded.ok() && snapshot) await_answers();
  if (!loaded.ok() || !snapshot || draining_ || !keep_state(loaded)) {
    metrics_->reloaded(observe::ReloadResult::rejected, clock_.wall());
    discovery_->use(config_.resolver);
    return false;
  }
  for (const auto& name : waiting)
    log(Level::warning, "`" + name + "` changes with a restart only: what was in force stays");
  wait_for_restart_ = std::move(waiting);
  if (admin_ && loaded.config.admin.token) admin_->use_token(loaded.config.admin.token->value);
  if (new_log) use_log(std::move(access_log));
  said_targets_.restore(snapshot->upstreams, *targets_);
  put_in_force(loaded, std::move(snapshot), source);
  tls_->use(std::move(tls));
  listeners_.apply(config_, *snapshot_, std::move(opened), workers_, *metrics_, *tls_);
  overload_->use(config_.overload);
  metrics_->reloaded(observe::ReloadResult::ok, clock_.wall());
  return true;
}

namespace {

bool same_but_for_consumers(Config& a, Config& b) {
  auto as = std::exchange(a.consumers, {}), bs = std::exchange(b.consumers, {});
  bool same = a == b;
  a.consumers = std::move(as);
  b.consumers = std::move(bs);
  return same;
}

}  // namespace

Gateway::Renewal Gateway::renew_consumers(Loaded& loaded, std::string source) {
  if (loaded.ok()) {
    Config fresh = loaded.config;
    keep_in_force(loaded, fresh);
    if (!same_but_for_consumers(fresh, config_)) return Renewal::other;
    loaded.config = std::move(fresh);
  }
  auto snapshot =
      loaded.ok() && snapshot_ && !draining_ ? server::renew_consumers(loaded, *snapshot_) : nullptr;
  if (!snapshot) {
    metrics_->reloaded(observe::ReloadResult::rejected, clock_.wall());
    return Renewal::rejected;
  }
  std::erase_if(generations_, [](const auto& g) { return g.expired(); });
  generations_.push_back(snapshot);
  for (auto& w : workers_) w->install(snapshot);
  snapshot_ = std::move(snapshot);
  remember(loaded, source);
  metrics_->reloaded(observe::ReloadResult::ok, clock_.wall());
  return Renewal::done;
}

std::shared_ptr<BuiltSnapshot> Gateway::build(Loaded& loaded) {
  discovery_->use(loaded.config.resolver);
  return build_snapshot(
      loaded, {*metrics_, *targets_, stores_, lists_, discovery_->files(), &tls_->threads(),
               filter_threads_.get(), revocations_.get(), keys_.get(), snapshot_ && snapshot_->by_listener});
}

// Once nothing but this can keep the configuration from being put in force, as the place that is taken is not
// given up. It is that of the revocations, which come first.
bool Gateway::keep_state(Loaded& loaded) {
  config::Report report(loaded.document, loaded.diagnostics);
  auto directory = kept_revocations_->place();
  if (directory.empty()) directory = state_directory_of(loaded.config, report);
  auto kept = kept_revocations_->keep_in(directory, clock_.wall());
  if (kept) kept = stores_.keep(directory);
  if (!kept) {
    report.error("state_directory", kept.error().detail);
    return false;
  }
  said_targets_.keep_in(directory);
  return true;
}

void Gateway::put_in_force(Loaded& loaded, std::shared_ptr<BuiltSnapshot> snapshot,
                           const std::string& source) {
  std::erase_if(generations_, [](const auto& g) { return g.expired(); });
  generations_.push_back(snapshot);
  said_targets_.apply(snapshot->upstreams, [&](std::string_view upstream) {
    return loaded.config.upstreams.find(upstream) != nullptr;
  });
  for (const auto& upstream : snapshot->upstreams) upstream->put_in_force(clock_.wall());
  upstream_certificates_->use(std::move(snapshot->tls));
  for (auto& w : workers_) w->install(snapshot);
  snapshot_ = std::move(snapshot);
  watch_targets();
  remember(loaded, source);
}

void Gateway::remember(Loaded& loaded, const std::string& source) {
  config_ = std::move(loaded.config);
  if (admin_) document_ = loaded.document;
  source_ = source;
  loaded_at_ = clock_.wall();
  metrics_->set_config(snapshot_->hash, source);
}

// Those that are checked are checked from now on, and no others.
void Gateway::watch_targets() {
  if (!snapshot_) return;
  std::vector<upstream::Watched> checked;
  for (const auto& upstream : snapshot_->upstreams) upstream->add_checks(checked);
  prober_->watch(std::move(checked));
}

upstream::Upstream* Gateway::find_upstream(std::string_view name) const {
  if (!snapshot_) return nullptr;
  for (const auto& upstream : snapshot_->upstreams)
    if (upstream->name() == name) return upstream.get();
  return nullptr;
}

std::size_t Gateway::generations_alive() {
  std::size_t n = 0;
  for (const auto& g : generations_) n += !g.expired();
  return n;
}

bool Gateway::open_log(Loaded& loaded, std::unique_ptr<observe::AccessLog>& out) {
  if (!loaded.config.access_log.enabled) return true;
  base::Result<void> started;
  try {
    std::unique_ptr<observe::OtlpWire> wire;
    if (const auto& otlp = loaded.config.access_log.otlp)
      wire = std::make_unique<OtlpHttp>(*otlp, loaded.config.resolver.options());
    out = std::make_unique<observe::AccessLog>(loaded.config.access_log,
                                               static_cast<unsigned>(workers_.size()), std::move(wire));
    started = out->start();
  } catch (const std::exception& e) {  // a writer needs descriptors, and there may be none
    out.reset();
    started = base::fail(base::Reason::internal, std::string("cannot be begun: ") + e.what());
  }
  if (started) return true;
  config::Report(loaded.document, loaded.diagnostics).error("access_log.to", started.error().detail);
  return false;
}

// The old log is closed when no worker can be writing to it; its sink is not waited for.
void Gateway::use_log(std::unique_ptr<observe::AccessLog> access_log) {
  for (unsigned i = 0; i < workers_.size(); ++i)
    workers_[i]->log_to(access_log ? &access_log->lane(i) : nullptr);
  if (log_) {
    connections();
    closing_logs_.add(std::move(log_));
  }
  log_ = std::move(access_log);
}

void Gateway::reopen_logs() {
  if (log_) log_->reopen();
}

// Gives the names of the targets time to be resolved, and the keys of issuers time to be fetched, so that the
// first requests do not fail.
void Gateway::await_answers() {
  auto until = std::chrono::steady_clock::now() + kResolvePatience;
  while ((targets_->unresolved() > 0 || keys_->unanswered() > 0) &&
         std::chrono::steady_clock::now() < until && !draining_ && !given_up_ && !control_.stopped())
    control_.run_one_for(std::chrono::milliseconds(50));
}

std::size_t Gateway::connections() {
  std::size_t n = 0;
  for (auto& w : workers_) n += w->connections().get();
  return n;
}

bool Gateway::start_admin(Loaded& loaded) {
  auto started = admin::AdminServer::start(control_, loaded.config.admin, suppliers(), {},
                                           std::exchange(for_admin_, {}));
  if (started) {
    admin_ = std::move(*started);
    return true;
  }
  config::Report(loaded.document, loaded.diagnostics)
      .error("admin.bind", "the admin server: " + started.error().detail,
             "`admin.bind` may be another address; `admin: {enabled: false}` does without");
  return false;
}

void Gateway::drain(std::function<void(std::size_t)> done) {
  if (draining_) return;
  draining_ = true;
  metrics_->set_ready(false);
  metrics_->set_draining(true);
  timer_.expires_after(config_.shutdown.pre_stop);
  timer_.async_wait([this, done = std::move(done)](boost::system::error_code stopped) mutable {
    if (!stopped) stop_workers(std::move(done));
  });
}

void Gateway::stop_workers(std::function<void(std::size_t)> done) {
  for (auto& w : workers_) w->drain();
  listeners_.remove_files();  // the next process may have the place
  cut_when_idle(std::chrono::steady_clock::now() + config_.shutdown.grace, std::move(done));
}

void Gateway::cut_when_idle(base::SteadyTime deadline, std::function<void(std::size_t)> done) {
  auto left = connections();
  if (left == 0 || std::chrono::steady_clock::now() >= deadline) {
    done(left);
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(50));
  timer_.async_wait([this, deadline, done = std::move(done)](boost::system::error_code stopped) mutable {
    if (!stopped) cut_when_idle(deadline, std::move(done));
  });
}

}  // namespace sluice::server
