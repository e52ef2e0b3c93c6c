// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/state_lines.h"

#include <fmt/format.h>

#include "gateway/base/key_hash.h"

namespace sluice::stores {
namespace {

std::string checksum(std::string_view text) { return fmt::format("{:016x}", base::KeyHash(0, 0)(text)); }

}  // namespace

void append_part(std::string& to, std::string_view text) {
  for (char c : text) {
    if (c == '\\' || c == '\t' || c == '\n') {
      to.push_back('\\');
      to.push_back(c == '\t' ? 't' : c == '\n' ? 'n' : '\\');
    } else {
      to.push_back(c);
    }
  }
}

std::string part_text(std::string_view written) {
  std::string out;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '\\' || i + 1 == written.size()) {
      out.push_back(written[i]);
      continue;
    }
    char c = written[++i];
    out.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c);
  }
  return out;
}

std::string_view take_until(std::string_view& text, char end) {
  auto at = text.find(end);
  std::string_view out = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return out;
}

void append_line(std::string& to, std::string_view line) {
  to.append(checksum(line)).append(" ").append(line).append("\n");
}

std::vector<std::size_t> read_lines(std::string_view text, std::string_view header,
                                    const std::function<bool(std::string_view line)>& read) {
  std::vector<std::size_t> damaged;
  if (text.empty()) return damaged;
  std::size_t number = 0;
  if (text.starts_with(header)) {
    text.remove_prefix(header.size());
    number = 1;
  } else {
    damaged.push_back(1);
  }
  while (!text.empty()) {
    bool whole = text.find('\n') != std::string_view::npos;
    std::string_view rest = take_until(text, '\n');
    std::string_view written = take_until(rest, ' ');
    bool good = written == checksum(rest) && read(rest);
    ++number;
    if (!good && whole && (damaged.empty() || damaged.back() != number)) damaged.push_back(number);
  }
  return damaged;
}

}  // namespace sluice::stores
