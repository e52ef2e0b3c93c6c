// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

#include "gateway/base/strings.h"

namespace sluice::base {
namespace {

std::atomic<Level> g_level{Level::info};
std::mutex g_mutex;
std::function<void(Level, std::string_view)> g_sink;

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (is_control(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string_view name(Level level) noexcept {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "";
}

void set_log_level(Level level) noexcept { g_level.store(level, std::memory_order_relaxed); }

void log(Level level, std::string_view text) noexcept try {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  auto line =
      fmt::format("{:%FT%T}.{:03}Z {} {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                  (now - seconds).count(), name(level), one_line(text));
  std::lock_guard lock(g_mutex);
  if (g_sink) {
    g_sink(level, text);
  } else {
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
} catch (...) {
  std::fputs("a log line could not be made\n", stderr);
}

void set_log_sink(std::function<void(Level, std::string_view)> sink) {
  std::lock_guard lock(g_mutex);
  g_sink = std::move(sink);
}

}  // namespace sluice::base
