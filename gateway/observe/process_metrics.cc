// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace sluice::observe {
namespace {

double ticks_per_second() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

// Field `number` of /proc/self/stat, counted from 1 as proc(5) does.
std::optional<double> stat_field(int number) {
  std::ifstream file("/proc/self/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  // The second field, the name in parentheses, may hold blanks and parentheses.
  auto at = text.rfind(')');
  if (at == std::string::npos) return std::nullopt;
  for (int field = 2; field < number; ++field) {
    at = text.find(' ', at + 1);
    if (at == std::string::npos) return std::nullopt;
  }
  double value = 0;
  auto [end, error] = std::from_chars(text.data() + at + 1, text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

// Not from stat, which counts in hundredths of a second.
std::optional<double> cpu_seconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<double> resident_bytes() {
  auto pages = stat_field(24);
  if (!pages) return std::nullopt;
  return *pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::optional<double> virtual_bytes() { return stat_field(23); }

std::optional<double> open_descriptors() {
  std::error_code error;
  double count = 0;
  std::filesystem::directory_iterator it("/proc/self/fd", error), end;
  for (; !error && it != end; it.increment(error)) ++count;
  if (error || count == 0) return std::nullopt;
  return count - 1;  // without the one that reads the directory
}

std::optional<double> descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

std::optional<double> start_time() {
  std::ifstream file("/proc/stat");
  auto since_boot = stat_field(22);
  for (std::string word; file >> word;) {
    double boot = 0;
    if (word == "btime" && file >> boot && since_boot) return boot + *since_boot / ticks_per_second();
  }
  return std::nullopt;
}

}  // namespace

std::vector<ScrapeRegistration> process_metrics_at_scrape(SeriesStore& store) {
  struct Reader {
    Family family;
    std::optional<double> (*read)();
  };
  constexpr Reader kReaders[] = {
      {Family::process_cpu_seconds_total, cpu_seconds},
      {Family::process_resident_memory_bytes, resident_bytes},
      {Family::process_virtual_memory_bytes, virtual_bytes},
      {Family::process_open_fds, open_descriptors},
      {Family::process_max_fds, descriptor_limit},
      {Family::process_start_time_seconds, start_time},
  };
  std::vector<ScrapeRegistration> registrations;
  for (const auto& reader : kReaders)
    registrations.push_back(store.at_scrape(reader.family, [read = reader.read](const Emit& emit) {
      if (auto value = read()) emit({}, *value);
    }));
  return registrations;
}

}  // namespace sluice::observe
