// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/writer.h"

#include <algorithm>
#include <cstring>

namespace sluice::http::h1 {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kVersion = "HTTP/1.1";
constexpr std::size_t kLineExtra = 4;  // ": " and CRLF

char* append(char* out, std::string_view text) noexcept {
  if (text.empty()) return out;  // a null view must not reach memcpy
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// A value that the parser did not check: RFC 9110 section 5.5 has control bytes replaced by spaces.
char* append_checked(char* out, std::string_view text) noexcept {
  if (!has_control_but_tab(text)) [[likely]]
    return append(out, text);
  return std::transform(text.begin(), text.end(), out,
                        [](char c) { return is_control_but_tab(c) ? ' ' : c; });
}

// Targets have no spaces either. Paths and queries are clean by their contract; if one is not, it stays one
// target.
char* append_target(char* out, std::string_view text) noexcept {
  return std::transform(text.begin(), text.end(), out,
                        [](char c) { return base::is_control(c) || c == ' ' ? '_' : c; });
}

// A status that no parser or handler should produce still leaves as a valid status line.
int status_of(const ResponseHead& head) noexcept {
  return head.status < 100 || head.status > 999 ? 500 : head.status;
}

std::string_view phrase_of(const ResponseHead& head) noexcept {
  return head.reason.empty() ? status_phrase(status_of(head)) : head.reason;
}

// A line whose name is known to be one.
char* write_named(char* out, std::string_view name, std::string_view value) noexcept {
  out = append(out, name);
  out = append(out, ": ");
  out = append_checked(out, value);
  return append(out, kLineEnd);
}

const char* end_of(const Field& line) noexcept {
  return line.value.data() + line.value.size() + kLineEnd.size();
}

}  // namespace

std::size_t lines_size(const Fields& fields) noexcept {
  std::size_t n = 0;
  for (const Field& line : fields.lines())
    if (!line.dropped) n += line.name.size() + line.value.size() + kLineExtra;
  return n;
}

char* write_line(char* out, std::string_view name, std::string_view value) noexcept {
  return valid_field_name(name) ? write_named(out, name, value) : out;
}

char* write_lines(char* out, const Fields& fields) noexcept {
  const char* run = nullptr;  // received lines that lie side by side and are not written yet
  const char* run_end = nullptr;
  auto flush = [&] {
    auto n = static_cast<std::size_t>(run_end - run);
    if (n != 0) std::memcpy(out, run, n);
    out += n;
    run = run_end = nullptr;
  };
  for (const Field& line : fields.lines()) {
    if (line.dropped) continue;
    if (!line.received) {
      flush();
      bool named = line.named || line.id != FieldId::other;
      out = named ? write_named(out, line.name, line.value) : write_line(out, line.name, line.value);
      continue;
    }
    if (line.name.data() != run_end) {
      flush();
      run = line.name.data();
    }
    run_end = end_of(line);
  }
  flush();
  return out;
}

std::size_t request_head_size(const RequestHead& head, const TargetParts& target,
                              std::string_view extra) noexcept {
  return head.method_text.size() + target.path.size() + target.query.size() + extra.size() + kVersion.size() +
         2 * kLineEnd.size() + sizeof("  ?") + lines_size(head.fields);
}

char* write_request_head(char* out, const RequestHead& head, const TargetParts& target,
                         std::string_view extra) noexcept {
  out = append(out, head.method_text);
  *out++ = ' ';
  out = append_target(out, target.path);
  if (target.has_query) {
    *out++ = '?';
    out = append_target(out, target.query);
  }
  out = append(out, " HTTP/1.1\r\n");
  out = write_lines(out, head.fields);
  out = append(out, extra);
  return append(out, kLineEnd);
}

std::size_t response_head_size(const ResponseHead& head, std::string_view extra) noexcept {
  return kVersion.size() + sizeof(" 200 ") + phrase_of(head).size() + extra.size() + 2 * kLineEnd.size() +
         lines_size(head.fields);
}

char* write_response_head(char* out, const ResponseHead& head, std::string_view extra) noexcept {
  int status = status_of(head);
  out = append(out, "HTTP/1.1 ");
  *out++ = static_cast<char>('0' + status / 100);
  *out++ = static_cast<char>('0' + status / 10 % 10);
  *out++ = static_cast<char>('0' + status % 10);
  *out++ = ' ';
  out = append_checked(out, phrase_of(head));
  out = append(out, kLineEnd);
  out = write_lines(out, head.fields);
  out = append(out, extra);
  return append(out, kLineEnd);
}

}  // namespace sluice::http::h1
