// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/metrics.h"

#include <prometheus/text_serializer.h>

#include <chrono>
#include <sstream>

#include "gateway/observe/process_metrics.h"

namespace sluice::observe {
namespace {

constexpr std::size_t kTargetsShown = 200;

double seconds(base::WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

bool usable(TargetState state) { return state == TargetState::healthy || state == TargetState::draining; }

}  // namespace

std::string_view name(TargetState state) noexcept {
  switch (state) {
    case TargetState::healthy:
      return "healthy";
    case TargetState::unhealthy:
      return "unhealthy";
    case TargetState::ejected:
      return "ejected";
    case TargetState::draining:
      return "draining";
  }
  return "";
}

std::string_view name(ReloadResult result) noexcept {
  switch (result) {
    case ReloadResult::ok:
      return "ok";
    case ReloadResult::rejected:
      return "rejected";
    case ReloadResult::rolled_back:
      return "rolled_back";
  }
  return "";
}

MetricsRegistry::MetricsRegistry(MetricsOptions options) : store_(std::move(options)) {
  if (store_.top_consumers() > 0)
    consumers_ = std::make_unique<ConsumerMetrics>(store_, store_.top_consumers());
  unmatched_ = std::make_unique<RouteMetrics>(store_, "-");
  unmatched_->expect(http::Method::get, 404, Source::gateway, base::Reason::no_route);
  for (unsigned w = 0; w < store_.workers(); ++w)
    workers_.push_back(std::make_unique<WorkerMetrics>(store_, w));
  set_ready(false);
  set_draining(false);
  for (auto result : {ReloadResult::ok, ReloadResult::rejected, ReloadResult::rolled_back})
    store_.add(Family::sluice_config_reloads_total, {observe::name(result)}, 0);
  own_sources_ = process_metrics_at_scrape(store_);
  own_sources_.push_back(store_.at_scrape(Family::sluice_metrics_series, [this](const Emit& emit) {
    for (const auto& r : family_rows())
      if (auto used = store_.usage(r.family).series) emit({r.name}, static_cast<double>(used));
  }));
  own_sources_.push_back(
      store_.at_scrape(Family::sluice_metrics_series_dropped_total, [this](const Emit& emit) {
        for (const auto& r : family_rows()) {
          auto usage = store_.usage(r.family);
          if (usage.series) emit({r.name}, static_cast<double>(usage.refused));
        }
      }));
}

template <class Subject, class... Labels>
std::shared_ptr<Subject> MetricsRegistry::find_or_make(ByName<Subject>& living, std::string_view key,
                                                       Labels... labels) {
  std::lock_guard lock(mutex_);
  auto found = living.find(key);
  if (found != living.end()) {
    if (auto subject = found->second.lock()) return subject;
  } else {
    // Names that went are swept out now and then, so that endless reloads with new names do not add up.
    if (living.size() % 1024 == 1023)
      std::erase_if(living, [](const auto& item) { return item.second.expired(); });
    found = living.emplace(std::string(key), std::weak_ptr<Subject>{}).first;
  }
  auto subject = std::make_shared<Subject>(store_, labels...);
  found->second = subject;
  return subject;
}

std::shared_ptr<RouteMetrics> MetricsRegistry::route(std::string_view name) {
  return find_or_make(routes_, name, name);
}

std::shared_ptr<UpstreamMetrics> MetricsRegistry::upstream(std::string_view name) {
  return find_or_make(upstreams_, name, name);
}

std::shared_ptr<ListenerMetrics> MetricsRegistry::listener(std::string_view name) {
  return find_or_make(listeners_, name, name);
}

std::shared_ptr<PolicyMetrics> MetricsRegistry::policy(std::string_view name, std::string_view type) {
  return find_or_make(policies_, std::string(name) + '\n' + std::string(type), name, type);
}

std::shared_ptr<PolicyTimes> MetricsRegistry::policy_times(std::string_view name, std::string_view type) {
  if (store_.off(Family::sluice_policy_seconds)) return nullptr;
  return find_or_make(times_, std::string(name) + '\n' + std::string(type), name, type);
}

void MetricsRegistry::set_build(const BuildLabels& labels) {
  store_.set(Family::sluice_build_info, {labels.version, labels.revision, labels.compiler, labels.tls}, 1);
}

void MetricsRegistry::set_started(base::WallTime when) {
  store_.set(Family::sluice_start_time_seconds, {}, seconds(when));
}

void MetricsRegistry::set_ready(bool ready) { store_.set(Family::sluice_ready, {}, ready ? 1 : 0); }

void MetricsRegistry::set_draining(bool draining) {
  store_.set(Family::sluice_draining, {}, draining ? 1 : 0);
}

void MetricsRegistry::loaded(base::WallTime when) {
  store_.set(Family::sluice_config_last_reload_success, {}, 1);
  store_.set(Family::sluice_config_last_success_timestamp_seconds, {}, seconds(when));
}

void MetricsRegistry::reloaded(ReloadResult result, base::WallTime when) {
  store_.add(Family::sluice_config_reloads_total, {observe::name(result)}, 1);
  if (result == ReloadResult::ok) return loaded(when);
  store_.set(Family::sluice_config_last_reload_success, {}, 0);
}

void MetricsRegistry::set_config(std::string_view hash, std::string_view source) {
  store_.replace(Family::sluice_config_info, {hash, source}, 1);
}

ScrapeRegistration MetricsRegistry::generations_at_scrape(std::function<std::size_t()> alive) {
  return store_.at_scrape(
      Family::sluice_config_generations_alive,
      [alive = std::move(alive)](const Emit& emit) { emit({}, static_cast<double>(alive())); });
}

ScrapeRegistration MetricsRegistry::log_drops_at_scrape(std::string sink, std::function<LogLosses()> losses) {
  return store_.at_scrape(Family::sluice_log_dropped_total,
                          [sink = std::move(sink), losses = std::move(losses)](const Emit& emit) {
                            LogLosses lost = losses();
                            emit({sink, "full"}, static_cast<double>(lost.full));
                            emit({sink, "unwritten"}, static_cast<double>(lost.unwritten));
                            emit({sink, "refused"}, static_cast<double>(lost.refused));
                            emit({sink, "unreachable"}, static_cast<double>(lost.unreachable));
                          });
}

ScrapeRegistration MetricsRegistry::loop_times_at_scrape(unsigned worker, std::function<LoopTimes()> times) {
  return store_.at_scrape(Family::sluice_worker_busy_ratio,
                          [label = std::to_string(worker), times = std::move(times), ratio = BusyRatio{}](
                              const Emit& emit) mutable { emit({label}, ratio.read(times())); });
}

std::vector<ScrapeRegistration> MetricsRegistry::targets_at_scrape(
    std::string upstream, std::function<std::vector<TargetReport>()> targets) {
  std::vector<ScrapeRegistration> registrations;
  registrations.push_back(
      store_.at_scrape(Family::sluice_upstream_targets, [upstream, targets](const Emit& emit) {
        for (auto state :
             {TargetState::healthy, TargetState::unhealthy, TargetState::ejected, TargetState::draining})
          emit({upstream, observe::name(state)}, 0);
        for (const auto& report : targets()) emit({upstream, observe::name(report.state)}, 1);
      }));
  registrations.push_back(
      store_.at_scrape(Family::sluice_upstream_target_up, [upstream, targets](const Emit& emit) {
        auto reports = targets();
        if (reports.size() > kTargetsShown) return;
        for (const auto& report : reports) emit({upstream, report.target}, usable(report.state) ? 1 : 0);
      }));
  return registrations;
}

std::size_t MetricsRegistry::write_text(std::size_t family, std::string& out) {
  auto rows = family_rows();
  for (; family < rows.size(); ++family) {
    auto gathered = store_.gather(rows[family].family);
    if (gathered.metric.empty()) continue;
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, {std::move(gathered)});
    out += text.view();
    ++family;
    break;
  }
  return family < rows.size() ? family : 0;
}

std::string MetricsRegistry::text() {
  std::string out;
  std::size_t family = 0;
  do family = write_text(family, out);
  while (family != 0);
  return out;
}

}  // namespace sluice::observe
