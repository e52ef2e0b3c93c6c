// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "gateway/observe/escape.h"

namespace sluice::admin {

std::string json_text(std::string_view text) {
  std::string out(text.size() * observe::kEscapedMax + 2, '"');
  char* end = observe::escape_json(text, out.data() + 1);
  *end++ = '"';
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

std::string plain(std::string_view text) {
  std::string quoted = json_text(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& t : texts) out += (out.empty() ? "" : ",") + json_text(t);
  return "[" + out + "]";
}

std::string json_time(base::WallTime time) {
  if (time == base::WallTime{}) return "null";
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time - seconds);
  return fmt::format("\"{:%FT%T}.{:03}Z\"",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())),
                     milliseconds.count());
}

std::string json_milliseconds(base::Duration span) {
  auto us = std::max<std::int64_t>(0, std::chrono::round<std::chrono::microseconds>(span).count());
  return fmt::format("{}.{:03}", us / 1000, us % 1000);
}

}  // namespace sluice::admin
