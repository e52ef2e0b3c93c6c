// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/upstream_metrics.h"

#include "gateway/observe/codes.h"

namespace sluice::observe {
namespace {

constexpr PoolState kOpen[] = {PoolState::active, PoolState::idle};

}  // namespace

std::string_view name(RetryResult result) noexcept {
  switch (result) {
    case RetryResult::success:
      return "success";
    case RetryResult::failed:
      return "failed";
    case RetryResult::over_budget:
      return "over_budget";
  }
  return "";
}

std::string_view name(CheckResult result) noexcept {
  switch (result) {
    case CheckResult::passed:
      return "passed";
    case CheckResult::failed:
      return "failed";
    case CheckResult::timeout:
      return "timeout";
  }
  return "";
}

std::string_view name(EjectionCause cause) noexcept {
  switch (cause) {
    case EjectionCause::failures:
      return "failures";
    case EjectionCause::failure_rate:
      return "failure_rate";
  }
  return "";
}

std::string_view name(PoolState state) noexcept {
  switch (state) {
    case PoolState::none:
      return "";
    case PoolState::active:
      return "active";
    case PoolState::idle:
      return "idle";
  }
  return "";
}

UpstreamCells::UpstreamCells(SeriesStore& store, const std::string& upstream, unsigned worker)
    : store_(store),
      upstream_(upstream),
      worker_(worker),
      full_codes_(store.full_codes(Family::sluice_upstream_requests_total)) {
  duration_ = DurationCells(cells(Family::sluice_upstream_request_duration_seconds, {upstream_}));
  first_byte_ = DurationCells(cells(Family::sluice_upstream_first_byte_seconds, {upstream_}));
  connect_ = DurationCells(cells(Family::sluice_upstream_connect_seconds, {upstream_}));
  received_ = cells(Family::sluice_received_bytes_total, {"upstream", "", upstream_});
  sent_ = cells(Family::sluice_sent_bytes_total, {"upstream", "", upstream_});
  connections_total_ = cells(Family::sluice_upstream_connections_total, {upstream_});
  reuses_ = cells(Family::sluice_upstream_connection_reuses_total, {upstream_});
  add_protocol(Protocol::h1);
}

void UpstreamCells::add_protocol(Protocol protocol) {
  for (auto state : kOpen)
    open_[static_cast<std::size_t>(protocol)][static_cast<std::size_t>(state) - 1] = cells(
        Family::sluice_upstream_connections, {upstream_, observe::name(state), observe::name(protocol)});
}

Cell* UpstreamCells::cells(Family family, LabelValues values) {
  return series_.emplace_back(store_.series(family, values)).cells(worker_);
}

void UpstreamCells::attempt_ended(const AttemptOutcome& outcome) {
  std::uint32_t key = static_cast<std::uint32_t>(outcome.reason) | code_key(outcome.status, full_codes_) << 8;
  Cell* requests = requests_.find(key);
  if (!requests) {
    CodeLabel code(outcome.status, full_codes_);
    requests = cells(Family::sluice_upstream_requests_total, {upstream_, code, row(outcome.reason).name});
    requests_.insert(key, requests);
  }
  requests->add(1);
  duration_.observe(outcome.duration);
  if (outcome.first_byte) first_byte_.observe(*outcome.first_byte);
  received_->add(outcome.received);
  sent_->add(outcome.sent);
}

void UpstreamCells::retried(base::Reason cause, RetryResult result) {
  auto key = static_cast<std::uint32_t>(cause) | static_cast<std::uint32_t>(result) << 8;
  Cell* retries = retries_.find(key);
  if (!retries) {
    retries =
        cells(Family::sluice_upstream_retries_total, {upstream_, row(cause).name, observe::name(result)});
    retries_.insert(key, retries);
  }
  retries->add(1);
}

void UpstreamCells::ejected(EjectionCause cause) {
  auto& ejections = ejections_[static_cast<std::size_t>(cause)];
  if (!ejections)
    ejections = cells(Family::sluice_upstream_ejections_total, {upstream_, observe::name(cause)});
  ejections->add(1);
}

void UpstreamCells::queued(base::Duration waited) {
  if (!queue_) queue_ = DurationCells(cells(Family::sluice_upstream_queue_seconds, {upstream_}));
  queue_.observe(waited);
}

UpstreamMetrics::UpstreamMetrics(SeriesStore& store, std::string_view name)
    : store_(store), name_(name), workers_(store.workers()) {
  CodeLabel ok(200, store.full_codes(Family::sluice_upstream_requests_total));
  auto expect = [&](Family family, LabelValues values) {
    expected_.push_back(store_.series(family, values));
  };
  expect(Family::sluice_upstream_requests_total, {name_, ok, ""});
  for (auto result : {RetryResult::success, RetryResult::failed})
    expect(Family::sluice_upstream_retries_total,
           {name_, row(base::Reason::stale_connection).name, observe::name(result)});
  for (auto family :
       {Family::sluice_upstream_request_duration_seconds, Family::sluice_upstream_first_byte_seconds,
        Family::sluice_upstream_connect_seconds, Family::sluice_upstream_connections_total,
        Family::sluice_upstream_connection_reuses_total})
    expect(family, {name_});
  for (auto family : {Family::sluice_received_bytes_total, Family::sluice_sent_bytes_total})
    expect(family, {"upstream", "", name_});
  for (auto state : kOpen)
    expect(Family::sluice_upstream_connections, {name_, observe::name(state), observe::name(Protocol::h1)});
}

UpstreamCells& UpstreamMetrics::make(unsigned worker) {
  workers_[worker] = std::make_unique<UpstreamCells>(store_, name_, worker);
  return *workers_[worker];
}

void UpstreamMetrics::show(Family family, std::optional<ScrapeRegistration>& shown, Gauge gauge) {
  shown.reset();
  if (!gauge) return;
  shown = store_.at_scrape(family, [this, gauge = std::move(gauge)](const Emit& emit) {
    if (auto value = gauge()) emit({name_}, *value);
  });
}

void UpstreamMetrics::show_circuit(Gauge state) {
  show(Family::sluice_upstream_circuit_state, circuit_shown_, std::move(state));
}

void UpstreamMetrics::show_pending(Gauge waiting) {
  show(Family::sluice_upstream_pending_requests, pending_shown_, std::move(waiting));
}

void UpstreamMetrics::show_limit(Gauge limit) {
  show(Family::sluice_upstream_concurrency_limit, limit_shown_, std::move(limit));
}

// Computed at scrape: the prober is no worker, and only workers have cells in a series.
void UpstreamMetrics::expect_health_checks() {
  if (checks_shown_) return;
  checks_shown_ = store_.at_scrape(Family::sluice_upstream_health_checks_total, [this](const Emit& emit) {
    for (std::size_t i = 0; i < kCheckResults; ++i)
      emit({name_, observe::name(static_cast<CheckResult>(i))}, static_cast<double>(checks_[i].value()));
  });
}

}  // namespace sluice::observe
