// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "gateway/base/log.h"

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

// A line waits at most this long unless its ring fills up before: instead of a wake-up per request.
constexpr auto kRound = 100ms;
// How long to wait for a pipe's reader before looking after other things.
constexpr auto kPatience = 100ms;
// The same for a collector's answer: meanwhile nobody can wake the writer.
constexpr auto kAnswerPatience = 20ms;
constexpr auto kReportAtMostEvery = 60s;

LogSink sink_of(const AccessLogConfig& config, std::unique_ptr<OtlpWire> wire) {
  if (!config.otlp) return LogSink(config.to);
  return LogSink(std::make_unique<OtlpQueue>(*config.otlp, std::move(wire)));
}

}  // namespace

LogWriter::LogWriter(const AccessLogConfig& config, std::vector<std::unique_ptr<AccessLogLane>>& lanes,
                     WriterBell& bell, std::unique_ptr<OtlpWire> wire)
    : lanes_(lanes), bell_(bell), sink_(sink_of(config, std::move(wire))) {}

void LogWriter::reopen() noexcept {
  reopening_.store(true, std::memory_order_relaxed);
  bell_.ring();
}

void LogWriter::stop(std::chrono::milliseconds patience) noexcept {
  patience_ms_.store(patience.count(), std::memory_order_relaxed);
  stopping_.store(true, std::memory_order_release);
  bell_.ring();
}

void LogWriter::run() noexcept {
  while (!stopping_.load(std::memory_order_acquire)) {
    rest();
    if (reopening_.exchange(false, std::memory_order_relaxed)) reopen_now();
    drain();
    report();
  }
  drain_until(Clock::now() + std::chrono::milliseconds(patience_ms_.load(std::memory_order_relaxed)));
  for (auto& lane : lanes_) abandon(*lane);
  lost_.store(lost() + sink_.abandon(), std::memory_order_relaxed);
  last_report_ = {};
  report();
}

// Until there is something to do, or for a round.
void LogWriter::rest() noexcept {
  if (sink_.tick()) {
    sink_.wait(kAnswerPatience);
    sink_.tick();
  } else {
    bell_.wait(kRound);
  }
}

bool LogWriter::drain() noexcept {
  if (unfinished_ && !drain(*unfinished_)) return false;
  // Another lane is first each time, so that a slow sink treats them alike.
  std::size_t from = next_++;
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (!drain(*lanes_[(from + i) % lanes_.size()])) return false;
  return true;
}

bool LogWriter::drain(AccessLogLane& lane) noexcept {
  auto [first, second] = lane.ring_.readable();
  std::size_t size = first.size() + second.size();
  if (size == 0) return true;
  std::size_t written = sink_.write(first, second, kPatience);
  if (written > 0) {
    char last = written <= first.size() ? first[written - 1] : second[written - first.size() - 1];
    unfinished_ = last == '\n' ? nullptr : &lane;
    lane.ring_.consume(written);
  }
  if (written == size && failing_) {
    failing_ = false;
    base::log(base::Level::info,
              fmt::format("access log: writing to {} works again; {} lines were lost in all", sink_.to(),
                          all_dropped()));
    reported_ = all_dropped();
  }
  if (written < size && sink_.error() != 0 && !failing_) {
    failing_ = true;
    base::log(base::Level::warning,
              fmt::format("access log: cannot write to {}: {}; lines are dropped until it works again",
                          sink_.to(), std::strerror(sink_.error())));
  }
  return written == size;
}

void LogWriter::reopen_now() noexcept {
  if (sink_.collects()) return;  // there is nothing to open
  // What is queued belongs to the file that was there when it was queued.
  drain();
  if (auto opened = sink_.open(); !opened) {
    base::log(base::Level::warning,
              fmt::format("access log: {}; keeps writing to the file opened before", opened.error().detail));
    return;
  }
  base::log(base::Level::info, fmt::format("access log: opened {} again", sink_.to()));
  if (!unfinished_) return;
  // The begin of this line is in the old file; its rest must not stand alone in the new one.
  auto [first, second] = unfinished_->ring_.readable();
  std::size_t rest = first.find('\n');
  if (rest == std::string_view::npos) rest = first.size() + second.find('\n');
  unfinished_->ring_.consume(rest + 1);
  unfinished_ = nullptr;
  lost_.store(lost() + 1, std::memory_order_relaxed);
}

void LogWriter::drain_until(Clock::time_point deadline) noexcept {
  while (!drain()) {
    if (Clock::now() >= deadline) return;
    // A pipe was waited for already; a full disk is asked again after a pause, a collector too.
    if (sink_.collects()) {
      rest();
    } else if (sink_.error() != 0) {
      bell_.wait(std::min<std::chrono::milliseconds>(
          kRound, std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now())));
    }
  }
  while (!sink_.finish() && Clock::now() < deadline) rest();
}

void LogWriter::abandon(AccessLogLane& lane) noexcept {
  auto [first, second] = lane.ring_.readable();
  auto lines = std::count(first.begin(), first.end(), '\n') + std::count(second.begin(), second.end(), '\n');
  lost_.store(lost() + static_cast<std::uint64_t>(lines), std::memory_order_relaxed);
  lane.ring_.consume(first.size() + second.size());
}

void LogWriter::report() noexcept {
  auto dropped = all_dropped();
  if (dropped == reported_ || failing_ || Clock::now() - last_report_ < kReportAtMostEvery) return;
  base::log(base::Level::warning, fmt::format("access log: {} does not keep up; {} lines were dropped so far",
                                              sink_.to(), dropped));
  reported_ = dropped;
  last_report_ = Clock::now();
}

// But for those of a collector, which speaks of them itself.
std::uint64_t LogWriter::all_dropped() const noexcept {
  std::uint64_t n = lost();
  for (const auto& lane : lanes_) n += lane->dropped();
  return n;
}

LogLosses LogWriter::losses() const noexcept {
  LogLosses out;
  out.unwritten = lost();
  for (const auto& lane : lanes_) out.full += lane->dropped();
  sink_.add_losses(out);
  return out;
}

}  // namespace sluice::observe
