// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/json.h"

#include <fmt/format.h>

#include "gateway/base/utf8.h"

namespace sluice::config {

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      std::size_t n = base::utf8_sequence(text.substr(i));
      out += n ? text.substr(i, n) : std::string_view("\\ufffd");
      i += n ? n : 1;
      continue;
    }
    ++i;
    if (c == '"' || c == '\\')
      out += {'\\', static_cast<char>(c)};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (c < 0x20 || c == 0x7F)
      out += fmt::format("\\u{:04x}", c);
    else
      out += static_cast<char>(c);
  }
  return out + '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  out_ += json_quoted(name);
  out_ += indent_ ? ": " : ":";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) { return raw(json_quoted(value)); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  has_members_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  bool had_members = has_members_.back();
  has_members_.pop_back();
  if (had_members) new_line();
  out_ += bracket;
  return *this;
}

void JsonWriter::separate() {
  if (after_key_ || has_members_.empty()) {
    after_key_ = false;
    return;
  }
  if (has_members_.back()) out_ += ',';
  has_members_.back() = true;
  new_line();
}

void JsonWriter::new_line() {
  if (!indent_) return;
  out_ += '\n';
  out_.append(has_members_.size() * static_cast<std::size_t>(indent_), ' ');
}

}  // namespace sluice::config
