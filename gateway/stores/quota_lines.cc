// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_lines.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "gateway/stores/state_lines.h"

namespace sluice::stores {
namespace {

template <class T>
bool number(std::string_view& text, T& out) {
  std::string_view word = take_until(text, ' ');
  if (word == "-") return true;  // never
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

std::string period_text(std::int64_t period) {
  return period == QuotaState::kNever ? "-" : std::to_string(period);
}

bool read_state(std::string_view text, QuotaState& out) {
  return number(text, out.last.period) && number(text, out.last.used) && number(text, out.other.period) &&
         number(text, out.other.used) && text.empty();
}

std::optional<QuotaBook::Entry> read_line(std::string_view rest) {
  QuotaBook::Entry out;
  out.owner = part_text(take_until(rest, '\t'));
  out.key = part_text(take_until(rest, '\t'));
  for (QuotaState& state : out.states)
    if (!read_state(take_until(rest, '\t'), state)) return std::nullopt;
  return out;
}

}  // namespace

void write_quota(std::string& to, const QuotaBook::Entry& entry) {
  std::string line;
  append_part(line, entry.owner);
  line.push_back('\t');
  append_part(line, entry.key);
  for (const QuotaState& s : entry.states)
    line += fmt::format("\t{} {} {} {}", period_text(s.last.period), s.last.used, period_text(s.other.period),
                        s.other.used);
  append_line(to, line);
}

QuotaLines read_quotas(std::string_view text) {
  QuotaLines out;
  out.damaged = read_lines(text, kQuotaHeader, [&out](std::string_view line) {
    auto entry = read_line(line);
    if (entry) out.entries.push_back(std::move(*entry));
    return entry.has_value();
  });
  return out;
}

}  // namespace sluice::stores
