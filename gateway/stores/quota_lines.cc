// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_lines.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "gateway/base/key_hash.h"

namespace sluice::stores {
namespace {

std::string checksum(std::string_view text) { return fmt::format("{:016x}", base::KeyHash(0, 0)(text)); }

void append_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    if (c == '\\' || c == '\t' || c == '\n') {
      to.push_back('\\');
      to.push_back(c == '\t' ? 't' : c == '\n' ? 'n' : '\\');
    } else {
      to.push_back(c);
    }
  }
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    char c = text[++i];
    out.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c);
  }
  return out;
}

// Takes off what stands before the next `end`, or all.
std::string_view take(std::string_view& text, char end) {
  auto at = text.find(end);
  std::string_view out = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return out;
}

template <class T>
bool number(std::string_view& text, T& out) {
  std::string_view word = take(text, ' ');
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

std::optional<QuotaBook::Entry> read_line(std::string_view line) {
  std::string_view rest = line;
  std::string_view written = take(rest, ' ');
  if (written != checksum(rest)) return std::nullopt;
  QuotaBook::Entry out;
  out.owner = unescaped(take(rest, '\t'));
  out.key = unescaped(take(rest, '\t'));
  for (QuotaState& state : out.states)
    if (!read_state(take(rest, '\t'), state)) return std::nullopt;
  return out;
}

}  // namespace

void write_quota(std::string& to, const QuotaBook::Entry& entry) {
  std::string line;
  append_escaped(line, entry.owner);
  line.push_back('\t');
  append_escaped(line, entry.key);
  for (const QuotaState& s : entry.states)
    line += fmt::format("\t{} {} {} {}", period_text(s.last.period), s.last.used, period_text(s.other.period),
                        s.other.used);
  to.append(checksum(line)).append(" ").append(line).append("\n");
}

QuotaLines read_quotas(std::string_view text) {
  QuotaLines out;
  if (text.empty()) return out;
  std::size_t number = 0;
  if (text.starts_with(kQuotaHeader)) {
    text.remove_prefix(kQuotaHeader.size());
    number = 1;
  } else {
    out.damaged.push_back(1);
  }
  while (!text.empty()) {
    bool whole = text.find('\n') != std::string_view::npos;
    auto entry = read_line(take(text, '\n'));
    ++number;
    if (entry) {
      out.entries.push_back(std::move(*entry));
    } else if (whole && (out.damaged.empty() || out.damaged.back() != number)) {
      out.damaged.push_back(number);
    }
  }
  return out;
}

}  // namespace sluice::stores
