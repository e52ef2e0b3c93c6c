// SPDX-License-Identifier: Apache-2.0
#include "tests/support/message.h"

#include <algorithm>
#include <charconv>
#include <ostream>

namespace sluice::test {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// tchar of RFC 9110 section 5.6.2.
bool token(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    bool alnum = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
    return alnum || kMarks.find(c) != kMarks.npos;
  });
}

bool clean(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

// Of all digits and no other characters.
template <class T>
bool number(std::string_view text, T& out, int base = 10) noexcept {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && text[0] != '-';
}

// Cuts off what stands before the next `by`; everything if there is none.
std::string cut(std::string_view& text, char by) {
  auto at = text.find(by);
  std::string out(text.substr(0, at));
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return out;
}

void accuse(Message& m, std::string fault) {
  if (m.fault.empty()) m.fault = std::move(fault);
}

bool read_field(Message& m, std::string_view line, std::vector<Line>& to) {
  auto colon = line.find(':');
  auto name = line.substr(0, colon);
  if (colon == line.npos || !token(name)) {
    accuse(m, "not a field line: " + std::string(line));
    return false;
  }
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (!clean(value)) accuse(m, "a control character in " + std::string(name));
  to.push_back({std::string(name), std::string(value)});
  return true;
}

bool known_version(std::string_view version) noexcept {
  return version == "HTTP/1.1" || version == "HTTP/1.0";
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool Message::has(std::string_view name) const noexcept { return count(name) > 0; }

std::size_t Message::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Line& f) { return same_name(f.name, name); }));
}

std::string Message::value(std::string_view name) const {
  for (const Line& f : fields)
    if (same_name(f.name, name)) return f.value;
  return {};
}

std::ostream& operator<<(std::ostream& out, const Message& m) {
  out << '\n' << m.head;
  constexpr std::size_t kShown = 600;
  out << m.body.substr(0, kShown);
  if (m.body.size() > kShown) out << "... (" << m.body.size() << " bytes)";
  if (!m.complete) out << "\n(incomplete)";
  if (!m.fault.empty()) out << "\n(malformed: " << m.fault << ")";
  return out << '\n';
}

bool MessageReader::fill() {
  if (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
  }
  std::size_t before = buffer_.size();
  if (!from_->receive(buffer_)) return false;
  if (on_bytes_) on_bytes_(std::string_view(buffer_).substr(before));
  return true;
}

bool MessageReader::more() { return used_ < buffer_.size() || fill(); }

std::string MessageReader::take(std::size_t n) {
  std::string out;
  while (out.size() < n && more()) {
    auto piece = std::string_view(buffer_).substr(used_, n - out.size());
    out += piece;
    used_ += piece.size();
  }
  return out;
}

std::string MessageReader::rest() {
  while (fill()) {
  }
  return take(buffer_.size());
}

// One line up to CRLF, which is taken as well.
bool MessageReader::line(Message& out, std::string& to) {
  std::size_t at;
  while ((at = buffer_.find('\n', used_)) == std::string::npos)
    if (!fill()) return false;
  to = buffer_.substr(used_, at - used_);
  out.raw.append(buffer_, used_, at + 1 - used_);
  used_ = at + 1;
  if (to.empty() || to.back() != '\r') {
    accuse(out, "a line feed without a carriage return");
  } else {
    to.pop_back();
  }
  if (!clean(to)) accuse(out, "a control character in a line");
  return true;
}

bool MessageReader::field_lines(Message& out, std::vector<Line>& to) {
  std::string text;
  while (line(out, text)) {
    if (text.empty()) return true;
    if (!read_field(out, text, to)) return false;
  }
  return false;
}

bool MessageReader::lines(Message& out) {
  if (!line(out, out.start)) return false;
  bool whole = field_lines(out, out.fields);
  out.head = out.raw;
  return whole;
}

bool MessageReader::head(Request& out) {
  bool whole = lines(out);
  std::string_view rest = out.start;
  out.method = cut(rest, ' ');
  out.target = cut(rest, ' ');
  out.version = rest;
  if (whole && (!token(out.method) || out.target.empty() || !known_version(out.version)))
    accuse(out, "not a request line: " + out.start);
  if (whole && out.version == "HTTP/1.1" && out.count("Host") != 1) accuse(out, "not exactly one Host");
  return whole;
}

bool MessageReader::head(Response& out) {
  bool whole = lines(out);
  std::string_view rest = out.start;
  out.version = cut(rest, ' ');
  auto status = cut(rest, ' ');
  out.phrase = rest;
  if (whole && (!known_version(out.version) || status.size() != 3 || !number(status, out.status)))
    accuse(out, "not a status line: " + out.start);
  return whole;
}

void MessageReader::body(Request& out) {
  frame(out, !out.has("Transfer-Encoding") && !out.has("Content-Length"));
}

void MessageReader::body(Response& out, std::string_view method) {
  bool none = method == "HEAD" || out.status < 200 || out.status == 204 || out.status == 304;
  bool framed = out.has("Transfer-Encoding") || out.has("Content-Length");
  if ((out.status < 200 || out.status == 204) && framed) accuse(out, "a framing field in a " + out.start);
  if (out.version == "HTTP/1.0" && out.has("Transfer-Encoding")) accuse(out, "Transfer-Encoding in HTTP/1.0");
  if (none || framed) return frame(out, none);
  out.until_close = true;
  out.body = rest();
  out.raw += out.body;
  out.complete = from_->end() == End::closed;
}

// RFC 9112 section 6.3, without the leniencies.
void MessageReader::frame(Message& out, bool none) {
  bool coded = out.has("Transfer-Encoding");
  std::size_t length = 0;
  if (coded && out.has("Content-Length")) accuse(out, "Transfer-Encoding and Content-Length");
  if (out.count("Transfer-Encoding") > 1 || out.count("Content-Length") > 1)
    accuse(out, "a framing field twice");
  if (coded && out.value("Transfer-Encoding") != "chunked") accuse(out, "a coding other than chunked");
  if (out.has("Content-Length") && !number(out.value("Content-Length"), length))
    accuse(out, "Content-Length is no number");
  if (none) {
    out.complete = true;
  } else if (coded) {
    out.chunked = true;
    chunks(out);
  } else {
    take_into(out, length);
    out.complete = out.body.size() == length;
  }
}

void MessageReader::take_into(Message& out, std::size_t n) {
  std::string piece = take(n);
  out.raw += piece;
  out.body += piece;
}

void MessageReader::chunks(Message& out) {
  std::string text;
  while (line(out, text)) {
    std::size_t size = 0;
    if (!number(text, size, 16)) return accuse(out, "not a chunk size: " + text);
    if (size == 0) {
      out.complete = field_lines(out, out.trailers);
      return;
    }
    std::size_t wanted = out.body.size() + size;
    take_into(out, size);
    if (out.body.size() < wanted || !line(out, text)) return;
    if (!text.empty()) return accuse(out, "a chunk is longer than its size says");
  }
}

}  // namespace sluice::test
