// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_line.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "gateway/observe/escape.h"

namespace sluice::observe {
namespace {

// Longest text that is logged of each field, in bytes as received.
constexpr std::size_t kShort = 128;   // addresses, names from the configuration, methods
constexpr std::size_t kMedium = 512;  // hosts, request ids, user agents
constexpr std::size_t kLong = 4096;   // path, referer
constexpr std::size_t kAttempts = 8;  // the last ones
constexpr std::size_t kFixed = 1024;  // keys, numbers, punctuation
constexpr std::size_t kPerAttempt = 192;

template <std::size_t N>
char* put(char* out, const char (&text)[N]) noexcept {
  std::memcpy(out, text, N - 1);
  return out + N - 1;
}

char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put(char* out, std::uint64_t number) noexcept { return std::to_chars(out, out + 20, number).ptr; }

// `value` in units of 1/10^digits, as a decimal fraction.
char* put_fraction(char* out, std::uint64_t value, int digits) noexcept {
  std::uint64_t scale = digits == 3 ? 1000 : 10;
  out = put(out, value / scale);
  *out++ = '.';
  std::uint64_t rest = value % scale;
  for (scale /= 10; scale != 0; scale /= 10) *out++ = static_cast<char>('0' + rest / scale % 10);
  return out;
}

std::uint64_t nanoseconds(base::Duration d) noexcept {
  return d.count() < 0 ? 0 : static_cast<std::uint64_t>(d.count());
}

char* put_ms(char* out, base::Duration d) noexcept {
  return put_fraction(out, (nanoseconds(d) + 500) / 1000, 3);
}

// The label of an attempt or a line: the reason's name, "" for none.
std::string_view reason_name(base::Reason reason) noexcept { return base::row(reason).name; }

std::span<const AttemptRecord> shown(std::span<const AttemptRecord> attempts) noexcept {
  return attempts.size() > kAttempts ? attempts.last(kAttempts) : attempts;
}

// Hands `text` on, cut if it is too long.
template <class F>
char* clipped(std::string_view text, std::size_t limit, char* out, F&& write) noexcept {
  if (text.size() <= limit) return write(text, out);
  out = write(text.substr(0, limit), out);
  return put(out, "...");
}

struct JsonStyle {
  static char* begin(char* out) noexcept { return put(out, "{\"time\":\""); }
  static char* end_time(char* out) noexcept { return put(out, "\""); }
  static char* end(char* out) noexcept { return put(out, "}\n"); }
  template <std::size_t N>
  static char* key(char* out, const char (&name)[N]) noexcept {
    out = put(out, ",\"");
    out = put(out, name);
    return put(out, "\":");
  }
  // A text between its quotes; `plain` says whether it could do without.
  template <class F>
  static char* quoted(char* out, bool, F&& write) noexcept {
    *out++ = '"';
    out = write(out);
    *out++ = '"';
    return out;
  }
  static bool plain(std::string_view) noexcept { return false; }
  static char* attempts(char* out, std::span<const AttemptRecord> attempts) noexcept {
    out = put(out, ",\"attempts\":[");
    const char* separator = "";
    for (const auto& a : attempts) {
      out = put(out, std::string_view(separator));
      out = put(out, "{\"target\":\"");
      out = clipped(a.target, kShort, out, escape_json);
      out = put(out, "\",\"status\":");
      out = put(out, static_cast<std::uint64_t>(a.status));
      out = put(out, ",\"reason\":\"");
      out = put(out, reason_name(a.reason));
      out = put(out, "\",\"duration_ms\":");
      out = put_ms(out, a.duration);
      out = put(out, "}");
      separator = ",";
    }
    return put(out, "]");
  }
};

struct LogfmtStyle {
  static char* begin(char* out) noexcept { return put(out, "time="); }
  static char* end_time(char* out) noexcept { return out; }
  static char* end(char* out) noexcept { return put(out, "\n"); }
  template <std::size_t N>
  static char* key(char* out, const char (&name)[N]) noexcept {
    *out++ = ' ';
    out = put(out, name);
    *out++ = '=';
    return out;
  }
  template <class F>
  static char* quoted(char* out, bool plain, F&& write) noexcept {
    if (plain) return write(out);
    return JsonStyle::quoted(out, plain, write);
  }
  static bool plain(std::string_view text) noexcept { return plain_logfmt(text); }
  // attempts="target status reason milliseconds, ..."
  static char* attempts(char* out, std::span<const AttemptRecord> attempts) noexcept {
    out = put(out, " attempts=\"");
    const char* separator = "";
    for (const auto& a : attempts) {
      out = put(out, std::string_view(separator));
      out = clipped(a.target, kShort, out, escape_json);
      *out++ = ' ';
      out = put(out, static_cast<std::uint64_t>(a.status));
      *out++ = ' ';
      out = put(out, a.reason == base::Reason::none ? std::string_view("-") : reason_name(a.reason));
      *out++ = ' ';
      out = put_ms(out, a.duration);
      separator = ", ";
    }
    return put(out, "\"");
  }
};

template <class Style, std::size_t N>
char* text(char* out, const char (&name)[N], std::string_view value, std::size_t limit) noexcept {
  out = Style::key(out, name);
  return Style::quoted(out, Style::plain(value),
                       [&](char* o) { return clipped(value, limit, o, escape_json); });
}

template <class Style, std::size_t N>
char* text_if_any(char* out, const char (&name)[N], std::string_view value, std::size_t limit) noexcept {
  return value.empty() ? out : text<Style>(out, name, value, limit);
}

template <class Style, std::size_t N>
char* number(char* out, const char (&name)[N], std::uint64_t value) noexcept {
  return put(Style::key(out, name), value);
}

template <class Style, std::size_t N>
char* ms(char* out, const char (&name)[N], std::optional<base::Duration> value) noexcept {
  return value ? put_ms(Style::key(out, name), *value) : out;
}

// A target or URL whose secrets are left out; the secret may not show because the text was cut, either.
char* redacted(const QueryRedaction& redaction, std::string_view url, char* out,
               char* (*escape)(std::string_view, char*) noexcept) noexcept {
  return clipped(url, kLong, out, [&](std::string_view cut, char* o) {
    redaction.pieces(cut, [&](std::string_view piece) { o = escape(piece, o); });
    return o;
  });
}

template <class Style, std::size_t N>
char* url(char* out, const char (&name)[N], std::string_view value,
          const QueryRedaction& redaction) noexcept {
  out = Style::key(out, name);
  return Style::quoted(out, Style::plain(value),
                       [&](char* o) { return redacted(redaction, value, o, escape_json); });
}

std::size_t weight(std::string_view text, std::size_t limit) noexcept {
  return std::min(text.size(), limit) * kEscapedMax + 8;
}

}  // namespace

LineFormatter::LineFormatter(const AccessLogConfig& config)
    : format_(config.format), redaction_(config.redact_query) {}

std::size_t LineFormatter::bound(const AccessRecord& r) noexcept {
  std::size_t n = kFixed + weight(r.path, kLong) + weight(r.referer, kLong);
  for (auto t : {r.request_id, r.host, r.user_agent}) n += weight(t, kMedium);
  for (auto t : {r.listener, r.client_ip, r.method, r.protocol, r.route, r.upstream, r.target, r.config_hash})
    n += weight(t, kShort);
  if (r.attempts.size() > 1)
    for (const auto& a : shown(r.attempts)) n += kPerAttempt + weight(a.target, kShort);
  return n;
}

// The limits above must keep the longest line within kMaxLine.
static_assert(kFixed + kEscapedMax * (2 * kLong + 3 * kMedium + 8 * kShort) + 13 * 8 +
                  kAttempts * (kPerAttempt + kEscapedMax * kShort + 8) <=
              LineFormatter::kMaxLine);

std::size_t LineFormatter::format(const AccessRecord& record, char* out) noexcept {
  auto since = record.time.time_since_epoch();
  auto second = std::chrono::floor<std::chrono::seconds>(since);
  if (second.count() != second_) refresh_time(second.count());
  char* end = out;
  switch (format_) {
    case LogFormat::json:
      end = fields<JsonStyle>(record, out);
      break;
    case LogFormat::logfmt:
      end = fields<LogfmtStyle>(record, out);
      break;
    case LogFormat::combined:
      end = combined(record, out);
      break;
  }
  return static_cast<std::size_t>(end - out);
}

void LineFormatter::refresh_time(std::int64_t second) noexcept {
  // Not strftime's %b: the line must not depend on the locale.
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  second_ = second;
  time_t seconds = second;
  tm t{};
  gmtime_r(&seconds, &t);
  int n = format_ == LogFormat::combined
              ? std::snprintf(time_text_.data(), time_text_.size(), "%02d/%s/%04d:%02d:%02d:%02d +0000",
                              t.tm_mday, kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec)
              : std::snprintf(time_text_.data(), time_text_.size(), "%04d-%02d-%02dT%02d:%02d:%02d",
                              t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
  time_length_ = std::min<std::size_t>(static_cast<std::size_t>(std::max(n, 0)), time_text_.size() - 1);
}

template <class Style>
char* LineFormatter::fields(const AccessRecord& r, char* out) noexcept {
  auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(r.time.time_since_epoch()).count() - second_ * 1000;
  out = Style::begin(out);
  out = put(out, std::string_view(time_text_.data(), time_length_));
  *out++ = '.';
  for (std::int64_t scale : {100, 10, 1}) *out++ = static_cast<char>('0' + milliseconds / scale % 10);
  *out++ = 'Z';
  out = Style::end_time(out);
  out = text<Style>(out, "request_id", r.request_id, kMedium);
  out = text<Style>(out, "listener", r.listener, kShort);
  out = text<Style>(out, "client_ip", r.client_ip, kShort);
  out = number<Style>(out, "client_port", r.client_port);
  out = text<Style>(out, "method", r.method, kShort);
  out = text<Style>(out, "host", r.host, kMedium);
  out = url<Style>(out, "path", r.path, redaction_);
  out = text<Style>(out, "protocol", r.protocol, kShort);
  out = number<Style>(out, "status", static_cast<std::uint64_t>(r.status));
  out = text<Style>(out, "reason", reason_name(r.reason), kShort);
  out = text<Style>(out, "source", name(r.source), kShort);
  out = text<Style>(out, "route", r.route, kShort);
  out = text_if_any<Style>(out, "upstream", r.upstream, kShort);
  out = text_if_any<Style>(out, "target", r.target, kShort);
  if (r.attempts.size() > 1) out = Style::attempts(out, shown(r.attempts));
  out = number<Style>(out, "bytes_in", r.bytes_in);
  out = number<Style>(out, "bytes_out", r.bytes_out);
  out = ms<Style>(out, "duration_ms", r.duration);
  out = ms<Style>(out, "queue_ms", r.queue);
  out = ms<Style>(out, "connect_ms", r.connect);
  out = ms<Style>(out, "first_byte_ms", r.first_byte);
  out = ms<Style>(out, "upstream_ms", r.upstream_time);
  out = put_fraction(Style::key(out, "overhead_us"), (nanoseconds(r.overhead) + 50) / 100, 1);
  out = text_if_any<Style>(out, "user_agent", r.user_agent, kMedium);
  if (!r.referer.empty()) out = url<Style>(out, "referer", r.referer, redaction_);
  out = text<Style>(out, "config_hash", r.config_hash, kShort);
  return Style::end(out);
}

// host ident user [time] "request line" status bytes "referer" "user agent", as the NCSA servers began it.
char* LineFormatter::combined(const AccessRecord& r, char* out) noexcept {
  auto or_dash = [&](std::string_view value, std::size_t limit) {
    out = value.empty() ? put(out, "-") : clipped(value, limit, out, escape_hex);
  };
  or_dash(r.client_ip, kShort);
  out = put(out, " - - [");
  out = put(out, std::string_view(time_text_.data(), time_length_));
  out = put(out, "] \"");
  or_dash(r.method, kShort);
  out = put(out, " ");
  out = r.path.empty() ? put(out, "-") : redacted(redaction_, r.path, out, escape_hex);
  out = put(out, " ");
  or_dash(r.protocol, kShort);
  out = put(out, "\" ");
  out = put(out, static_cast<std::uint64_t>(r.status));
  out = put(out, " ");
  out = put(out, r.bytes_out);
  out = put(out, " \"");
  out = r.referer.empty() ? put(out, "-") : redacted(redaction_, r.referer, out, escape_hex);
  out = put(out, "\" \"");
  or_dash(r.user_agent, kMedium);
  return put(out, "\"\n");
}

}  // namespace sluice::observe
