// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/overload.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/base/log.h"

namespace sluice::server {

using base::Level;
using net::Strain;
using net::StrainCause;

namespace {

// What workers can give back is asked for so often, at the utmost more often. The C library walks over all
// that it has to give some back. Limits of cgroups change hardly ever.
constexpr Overload::Milliseconds kRelieve{1000}, kRelieveUtmost{200}, kTrim{2000}, kLimit{2000};

constexpr std::pair<StrainCause, const char*> kCauses[] = {{StrainCause::memory, "memory"},
                                                           {StrainCause::lag, "lag"}};

std::string_view what_is_refused(Strain strain) noexcept {
  switch (strain) {
    case Strain::some:
      return "requests of low importance are refused";
    case Strain::much:
      return "all but critical requests are refused";
    case Strain::utmost:
      return "no connections are accepted, and exchanges are cut";
    case Strain::none:
      break;
  }
  return "nothing is refused for it any more";
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

Overload::Overload(boost::asio::io_context& control, Workers& workers)
    : workers_(workers), timer_(control), read_([this] { return system_reading(); }) {}

MemoryReading Overload::system_reading() const {
  bool of_cgroup = setting_.kind == MemoryLimit::Kind::automatic;
  return {files_.resident().value_or(0), of_cgroup ? files_.sockets() : 0};
}

std::uint64_t Overload::limit_of(const MemoryLimit& limit) const {
  switch (limit.kind) {
    case MemoryLimit::Kind::automatic:
      return files_.limit().value_or(0);
    case MemoryLimit::Kind::bytes:
      return limit.size.bytes;
    case MemoryLimit::Kind::off:
      break;
  }
  return 0;
}

void Overload::use(const OverloadConfig& config) {
  for (auto& w : workers_) w->limit_lag(config.lag.after);
  setting_ = config.memory_limit;
  limit_ = limit_of(setting_);
  for (auto& w : workers_) w->watch_memory(limit_ != 0);
  timer_.cancel();
  look();
  if (limit_ != 0) wait();
}

void Overload::wait() {
  auto period = this->period();
  timer_.expires_after(period);
  timer_.async_wait([this, period](boost::system::error_code stopped) {
    if (stopped || limit_ == 0) return;
    for (auto* since : {&since_limit_, &since_relief_, &since_trim_}) *since += period;
    look();
    wait();
  });
}

Overload::Milliseconds Overload::period() const noexcept {
  if (used_ < limit_ / 2) return kPeriod;
  return used_ < limit_ / 4 * 3 ? kShortPeriod : kShortestPeriod;
}

void Overload::look() {
  // One that cannot be read, or is gone, stays in force until the next reload.
  if (limit_ != 0 && since_limit_ >= kLimit) {
    since_limit_ = {};
    if (auto limit = limit_of(setting_)) limit_ = limit;
  }
  auto reading = limit_ != 0 ? read_() : MemoryReading{};
  used_ = reading.resident + reading.sockets;
  Strain before = levels_.strain();
  Strain now = levels_.read(used_, limit_);
  if (now != before) tell(before, used_);
  if (now != Strain::none || before != Strain::none) relieve(before);
}

// What workers have given back since they were asked is given back to the system half a turn later.
void Overload::relieve(Strain before) {
  Strain now = levels_.strain();
  bool utmost = now == Strain::utmost;
  auto turn = utmost ? kRelieveUtmost : kRelieve;
  if (now != before || since_relief_ >= turn) {
    since_relief_ = {};
    for (auto& w : workers_) w->relieve();
  }
  if (now < before || (since_relief_ >= turn / 2 && since_trim_ >= (utmost ? turn : kTrim))) {
    since_trim_ = {};
    ::malloc_trim(0);
  }
}

void Overload::tell(Strain before, std::uint64_t used) {
  Strain now = levels_.strain();
  for (auto& w : workers_) w->loop().pressure().set(StrainCause::memory, now);
  base::log(
      now > before ? Level::warning : Level::info,
      fmt::format("memory: {} of {} in use: {}", mebibytes(used), mebibytes(limit_), what_is_refused(now)));
}

std::vector<observe::ScrapeRegistration> Overload::at_scrape(observe::SeriesStore& store) {
  using observe::Emit;
  using observe::Family;
  std::vector<observe::ScrapeRegistration> out;
  out.push_back(store.at_scrape(Family::sluice_memory_bytes, [this](const Emit& emit) {
    auto reading = read_();
    emit({"resident"}, static_cast<double>(reading.resident));
    if (reading.sockets != 0) emit({"sockets"}, static_cast<double>(reading.sockets));
    std::size_t buffers = 0;
    for (auto& w : workers_) buffers += w->loop().buffers().held();
    emit({"buffers"}, static_cast<double>(buffers));
  }));
  out.push_back(store.at_scrape(Family::sluice_memory_limit_bytes, [this](const Emit& emit) {
    if (limit_ != 0) emit({}, static_cast<double>(limit_));
  }));
  out.push_back(store.at_scrape(Family::sluice_overload_level, [this](const Emit& emit) {
    for (auto [cause, name] : kCauses) {
      Strain most = Strain::none;
      for (auto& w : workers_) most = std::max(most, w->loop().pressure().of(cause));
      emit({name}, static_cast<double>(most));
    }
  }));
  out.push_back(store.at_scrape(Family::sluice_overload_shed_total, [this](const Emit& emit) {
    for (auto [cause, name] : kCauses) {
      std::uint64_t all = 0;
      for (auto& w : workers_) all += w->loop().pressure().refused(cause);
      emit({name}, static_cast<double>(all));
    }
  }));
  return out;
}

}  // namespace sluice::server
