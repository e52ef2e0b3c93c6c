// SPDX-License-Identifier: Apache-2.0
// The part of the Gateway that answers the admin server. What workers know they are asked for through the
// inboxes of their loops; one that does not answer in time is left out, so that the control thread is held up
// for no longer than kWorkersPatience.
#include <algorithm>
#include <optional>

#include "gateway/server/gateway.h"
#include "gateway/server/quota_report.h"
#include "gateway/server/reports.h"

namespace sluice::server {
namespace {

constexpr auto kWorkersPatience = std::chrono::milliseconds(500);

// What each worker says; nothing of those that are too slow.
template <class T, class Ask>
std::vector<std::optional<T>> gather(Workers& workers, Ask ask) {
  std::vector<std::future<T>> asked;
  for (auto& w : workers) asked.push_back(ask(*w));
  auto until = std::chrono::steady_clock::now() + kWorkersPatience;
  std::vector<std::optional<T>> out;
  for (auto& answer : asked) {
    bool there = answer.wait_until(until) == std::future_status::ready;
    out.push_back(there ? std::optional<T>(answer.get()) : std::nullopt);
  }
  return out;
}

}  // namespace

admin::Suppliers Gateway::suppliers() {
  admin::Suppliers s;
  s.metrics = [this](std::size_t family, std::string& out) { return metrics_->write_text(family, out); };
  s.readiness = [this] {
    admin::Readiness r;
    if (!snapshot_) r.reasons.push_back("no configuration is in force");
    if (draining_) r.reasons.push_back("draining");
    r.notes = stores_.troubles();
    return r;
  };
  s.upstreams = [this] { return report_upstreams(); };
  s.revoke = [this](const chain::Revocation& r) { return kept_revocations_->revoke(r, clock_.wall()); };
  s.handing_over = [this] { return handing_over_; };
  s.revocations = [this] { return revocations_->size(); };
  s.now = [this] { return clock_.wall(); };
  s.quotas = [this](const admin::QuotaQuery& query) {
    return report_quotas(stores_, workers_.front()->loop(), clock_.wall(), query);
  };
  s.targets.put = [this](std::string_view name, std::string list, bool persist) {
    auto* upstream = find_upstream(name);
    if (!upstream) return admin::TargetsTold{admin::TargetsTold::Kind::no_upstream};
    auto told = said_targets_.put(*upstream, *targets_, std::move(list), persist);
    if (told.kind == admin::TargetsTold::Kind::done) watch_targets();
    return told;
  };
  s.targets.forget = [this](std::string_view name) {
    auto* upstream = find_upstream(name);
    if (!upstream) return admin::TargetsTold{admin::TargetsTold::Kind::nothing};
    auto told = said_targets_.forget(*upstream);
    if (told.kind == admin::TargetsTold::Kind::done) watch_targets();
    return told;
  };
  s.failures = [this](const observe::FailureQuery& query) { return report_failures(query); };
  s.routes = [this](std::string_view name) {
    if (!document_ || !snapshot_) return std::vector<admin::RouteReport>();
    return report_routes({config_, *document_, *snapshot_}, name);
  };
  s.config = [this] { return report_config(); };
  s.config_hash = [this] { return config_hash(); };
  s.workers = [this] { return report_workers(); };
  s.listeners = [this] { return report_listeners(); };
  s.changes = operations_;
  s.changes.change_target = [this](const admin::TargetChange& change) { return change_target(change); };
  return s;
}

// Adds what the workers know of their connections to the reports of these targets; how many workers did not
// say.
std::size_t Gateway::add_pools(const std::shared_ptr<const WorkerThread::Targets>& targets,
                               const std::vector<admin::TargetReport*>& reports) {
  std::size_t silent = 0;
  auto told = gather<std::vector<upstream::PoolCount>>(workers_, [&](auto& w) { return w.pools(targets); });
  for (const auto& one : told) {
    silent += !one;
    for (std::size_t i = 0; one && i < reports.size(); ++i) reports[i]->pools += (*one)[i];
  }
  return silent;
}

admin::UpstreamsReport Gateway::report_upstreams() {
  admin::UpstreamsReport out;
  if (!snapshot_) return out;
  auto targets = std::make_shared<WorkerThread::Targets>();
  out.upstreams = server::report_upstreams(config_, *snapshot_, *targets);
  std::vector<admin::TargetReport*> reports;
  for (auto& u : out.upstreams) {
    auto told = said_targets_.told(u.name);
    if (told.said) u.from = admin::TargetsFrom::admin;
    u.persisted = told.persisted;
    u.others_persisted = told.others;
    for (auto& t : u.targets) reports.push_back(&t);
  }
  out.silent = add_pools(targets, reports);
  return out;
}

admin::FailureReport Gateway::report_failures(const observe::FailureQuery& query) {
  admin::FailureReport out;
  auto told = gather<std::vector<observe::Failure>>(workers_, [&](auto& w) { return w.failures(query); });
  for (auto& one : told) {
    out.silent += !one;
    if (one) std::move(one->begin(), one->end(), std::back_inserter(out.failures));
  }
  std::stable_sort(out.failures.begin(), out.failures.end(),
                   [](const auto& a, const auto& b) { return a.time > b.time; });
  if (out.failures.size() > query.limit) out.failures.resize(query.limit);
  return out;
}

std::vector<admin::WorkerReport> Gateway::report_workers() {
  std::vector<admin::WorkerReport> out;
  auto told = gather<WorkerState>(workers_, [](auto& w) { return w.state(); });
  busy_.resize(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto& r = out.emplace_back();
    auto& loop = workers_[i]->loop();
    r.worker = static_cast<unsigned>(i);
    r.busy = busy_[i].read({loop.busy_nanoseconds(), loop.idle_nanoseconds()});
    r.silent = !told[i];
    if (r.silent) continue;
    r.lag = told[i]->lag;
    r.worst_lag = told[i]->worst_lag;
    r.exchanges = told[i]->exchanges;
    for (const auto& [listener, n] : told[i]->connections) r.connections += n;
  }
  return out;
}

std::vector<admin::ListenerReport> Gateway::report_listeners() {
  auto out = listeners_.report();
  auto told = gather<WorkerState>(workers_, [](auto& w) { return w.state(); });
  for (auto& l : out)
    for (auto& one : told) {
      l.complete = l.complete && one.has_value();
      auto at = one ? one->connections.find(l.name) : decltype(one->connections.end()){};
      if (one && at != one->connections.end()) l.connections += at->second;
    }
  return out;
}

admin::ConfigReport Gateway::report_config() const {
  if (!document_ || !snapshot_) {
    admin::ConfigReport none;
    none.config = "null";
    return none;
  }
  auto out = server::report_config({config_, *document_, *snapshot_});
  out.source = source_;
  out.loaded = loaded_at_;
  out.wait_for_restart = wait_for_restart_;
  return out;
}

admin::TargetChanged Gateway::change_target(const admin::TargetChange& change) {
  using Kind = admin::TargetChanged::Kind;
  const auto* upstream = find_upstream(change.upstream);
  if (!upstream) return {Kind::no_upstream, {}};
  for (const auto& shown : upstream->shown()) {
    if (!shown.target || shown.draining || shown.text != change.target) continue;
    auto& target = *shown.target;
    targets_->said().say(shown.target, {change.has_weight ? change.weight : target.weight(),
                                        change.drain.value_or(target.drained())});
    if (change.drain) upstream->look_soon();
    if (change.reset_health) {
      target.reset_health(clock_.wall());
      target.bring_back(clock_.steady(), "reset by an operator");
    }
    auto report = report_target(*upstream, shown);
    add_pools(std::make_shared<const WorkerThread::Targets>(1, shown.target), {&report});
    return {Kind::done, admin::target_json(report)};
  }
  return {Kind::no_target, {}};
}

}  // namespace sluice::server
