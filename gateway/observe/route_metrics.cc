// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/route_metrics.h"

#include <algorithm>

#include "gateway/observe/codes.h"

namespace sluice::observe {
namespace {

// All that tells one requests_total series of a route from another, packed.
std::uint32_t request_key(const RequestOutcome& o, bool full_codes) noexcept {
  return static_cast<std::uint32_t>(o.method) | static_cast<std::uint32_t>(o.source) << 4 |
         static_cast<std::uint32_t>(o.reason) << 5 | code_key(o.status, full_codes) << 13;
}

}  // namespace

std::string_view name(AbortStage stage) noexcept {
  switch (stage) {
    case AbortStage::none:
      return "";
    case AbortStage::request:
      return "request";
    case AbortStage::waiting:
      return "waiting";
    case AbortStage::response:
      return "response";
  }
  return "";
}

std::string_view name(StreamKind kind) noexcept {
  constexpr std::string_view kTunnelNames[] = {"websocket", "upgrade", "sse", "grpc"};
  return kTunnelNames[static_cast<std::size_t>(kind)];
}

RouteCells::RouteCells(SeriesStore& store, const std::string& route, unsigned worker)
    : store_(store),
      route_(route),
      worker_(worker),
      full_codes_(store.full_codes(Family::sluice_requests_total)) {
  auto cells = [&](Family family, LabelValues values) {
    return series_.emplace_back(store_.series(family, values)).cells(worker_);
  };
  in_flight_ = cells(Family::sluice_requests_in_flight, {route_});
  received_ = cells(Family::sluice_received_bytes_total, {"downstream", route_, ""});
  sent_ = cells(Family::sluice_sent_bytes_total, {"downstream", route_, ""});
  for (auto stage : {AbortStage::request, AbortStage::waiting, AbortStage::response})
    aborts_[static_cast<std::size_t>(stage) - 1] =
        cells(Family::sluice_client_aborts_total, {route_, observe::name(stage)});
  overhead_ = OverheadCells(cells(Family::sluice_overhead_seconds, {route_}));
  if (!store_.off(Family::sluice_request_size_bytes))
    request_size_ = SizeCells(cells(Family::sluice_request_size_bytes, {route_}));
  if (!store_.off(Family::sluice_response_size_bytes))
    response_size_ = SizeCells(cells(Family::sluice_response_size_bytes, {route_}));
}

void RouteCells::trailers_dropped(Side to) {
  Cell*& cell = dropped_trailers_[static_cast<std::size_t>(to)];
  if (!cell)
    cell = series_
               .emplace_back(store_.series(Family::sluice_trailers_dropped_total,
                                           {to == Side::downstream ? "downstream" : "upstream", route_}))
               .cells(worker_);
  cell->add(1);
}

void RouteCells::end(const RequestOutcome& outcome) {
  in_flight_->subtract(1);
  received_->add(outcome.received);
  sent_->add(outcome.sent);
  if (outcome.aborted == AbortStage::none) {
    count(outcome);
  } else {
    aborts_[static_cast<std::size_t>(outcome.aborted) - 1]->add(1);
  }
}

void RouteCells::count(const RequestOutcome& outcome) {
  auto key = request_key(outcome, full_codes_);
  Cell* requests = requests_.find(key);
  if (!requests) requests = add_request_series(key, outcome);
  requests->add(1);
  auto code = code_class(outcome.status);
  if (!duration_[code]) add_duration_series(code);
  duration_[code].observe(outcome.duration);
  overhead_.observe(outcome.overhead);
  if (request_size_) request_size_.observe(outcome.received);
  if (response_size_) response_size_.observe(outcome.sent);
}

Cell* RouteCells::add_request_series(std::uint32_t key, const RequestOutcome& o) {
  CodeLabel code(o.status, full_codes_);
  series_.push_back(
      store_.series(Family::sluice_requests_total,
                    {route_, http::name(o.method), code, observe::name(o.source), row(o.reason).name}));
  Cell* cell = series_.back().cells(worker_);
  requests_.insert(key, cell);
  return cell;
}

void RouteCells::add_duration_series(std::size_t code_class) {
  series_.push_back(
      store_.series(Family::sluice_request_duration_seconds, {route_, class_label(code_class)}));
  duration_[code_class] = DurationCells(series_.back().cells(worker_));
}

void RouteCells::stream_began(StreamKind kind) {
  auto cells = [&](Family family, LabelValues values) {
    return series_.emplace_back(store_.series(family, values)).cells(worker_);
  };
  auto& streams = streams_[static_cast<std::size_t>(kind)];
  if (!streams.open) {
    streams.open = cells(Family::sluice_streams, {route_, observe::name(kind)});
    streams.duration =
        StreamCells(cells(Family::sluice_stream_duration_seconds, {route_, observe::name(kind)}));
    if (kind == StreamKind::websocket) websockets_ = cells(Family::sluice_websockets, {route_});
  }
  streams.open->add(1);
  if (kind == StreamKind::websocket) websockets_->add(1);
}

void RouteCells::stream_ended(StreamKind kind, base::Duration took, std::uint64_t received,
                              std::uint64_t sent) noexcept {
  auto& streams = streams_[static_cast<std::size_t>(kind)];
  streams.open->subtract(1);
  if (kind == StreamKind::websocket) websockets_->subtract(1);
  streams.duration.observe(took);
  received_->add(received);
  sent_->add(sent);
}

RouteMetrics::RouteMetrics(SeriesStore& store, std::string_view name)
    : store_(store), name_(name), workers_(store.workers()) {}

RouteCells& RouteMetrics::make(unsigned worker) {
  workers_[worker] = std::make_unique<RouteCells>(store_, name_, worker);
  return *workers_[worker];
}

void RouteMetrics::expect(http::Method method, int status, Source source, base::Reason reason) {
  CodeLabel code(status, store_.full_codes(Family::sluice_requests_total));
  auto series = store_.series(Family::sluice_requests_total,
                              {name_, http::name(method), code, observe::name(source), row(reason).name});
  std::lock_guard lock(mutex_);
  if (std::find(expected_.begin(), expected_.end(), series) != expected_.end())
    return;  // a reload says it again
  expected_.push_back(std::move(series));
}

}  // namespace sluice::observe
