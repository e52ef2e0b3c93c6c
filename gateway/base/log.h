// SPDX-License-Identifier: Apache-2.0
// The gateway's own log: what an operator must know about the process, a line each on standard error. Not the
// access log (observe/access_log.h). Cold paths only: it formats, takes a lock and writes. Any thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace sluice::base {

enum class Level : unsigned char { debug, info, warning, error };

std::string_view name(Level level) noexcept;
// Lines below `level` are not written; info at the start.
void set_log_level(Level level) noexcept;
// Writes one line "2026-01-02T03:04:05.678Z warning text". Line breaks in text are written as \n so that
// input cannot forge a line.
void log(Level level, std::string_view text) noexcept;
// For tests: sends lines to `sink` instead of standard error; nullptr restores.
void set_log_sink(std::function<void(Level, std::string_view)> sink);

}  // namespace sluice::base
