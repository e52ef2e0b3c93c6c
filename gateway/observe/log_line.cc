// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_line.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

#include "gateway/observe/escape.h"
#include "gateway/observe/log_styles.h"

namespace sluice::observe {
namespace {

using namespace line;

constexpr std::size_t kAttempts = 10;  // the last ones are logged
constexpr std::size_t kFixed = 1280;   // keys, numbers, punctuation
constexpr std::size_t kPerAttempt = 192;

std::span<const AttemptRecord> shown(std::span<const AttemptRecord> attempts) noexcept {
  return attempts.size() > kAttempts ? attempts.last(kAttempts) : attempts;
}

// What a client or target sent.
template <class Style, std::size_t N>
char* text(char* out, const char (&name)[N], std::string_view value, std::size_t limit) noexcept {
  return Style::value(Style::key(out, name), value,
                      [&](char* o) { return clipped(value, limit, o, escape_json); });
}

template <class Style, std::size_t N>
char* text_if_any(char* out, const char (&name)[N], std::string_view value, std::size_t limit) noexcept {
  return value.empty() ? out : text<Style>(out, name, value, limit);
}

// One of our own words.
template <class Style, std::size_t N>
char* word(char* out, const char (&name)[N], std::string_view value) noexcept {
  return Style::value(Style::key(out, name), value, [&](char* o) { return put(o, value); });
}

template <class Style, std::size_t N>
char* number(char* out, const char (&name)[N], std::uint64_t value) noexcept {
  return put(Style::key(out, name), value);
}

template <class Style, std::size_t N>
char* ms(char* out, const char (&name)[N], std::optional<base::Duration> value) noexcept {
  return value ? put_ms(Style::key(out, name), *value) : out;
}

// Without the values of secret parameters, cut before the search so that a value that was cut is found too.
template <class Escape>
char* redacted(const QueryRedaction& redaction, std::string_view url, char* out, Escape&& escape) noexcept {
  return clipped(url, kLong, out, [&](std::string_view cut, char* o) {
    redaction.pieces(cut, [&](std::string_view piece) { o = escape(piece, o); });
    return o;
  });
}

template <class Style, std::size_t N>
char* url(char* out, const char (&name)[N], std::string_view value,
          const QueryRedaction& redaction) noexcept {
  return Style::value(Style::key(out, name), value,
                      [&](char* o) { return redacted(redaction, value, o, escape_json); });
}

template <class Style>
char* attempts(char* out, std::span<const AttemptRecord> list) noexcept {
  if (list.size() < 2) return out;
  list = shown(list);
  for (const auto& a : list) out = Style::attempt(out, a, &a == list.data());
  return Style::end_attempts(out);
}

std::size_t weight(std::string_view text, std::size_t limit) noexcept {
  return std::min(text.size(), limit) * kEscapedMax + 8;
}

}  // namespace

LineFormatter::LineFormatter(const AccessLogConfig& config)
    : format_(config.format), redaction_(config.redact_query) {}

std::size_t LineFormatter::bound(const AccessRecord& r) noexcept {
  std::size_t n = kFixed + weight(r.path, kLong) + weight(r.referer, kLong);
  for (auto t : {r.request_id, r.host, r.sni, r.user_agent}) n += weight(t, kMedium);
  for (auto t : {r.listener, r.client_ip, r.method, r.protocol, r.tls_version, r.detail, r.route, r.consumer,
                 r.auth_method, r.credential, r.policy_denied, r.upstream, r.target, r.config_hash})
    n += weight(t, kShort);
  if (r.attempts.size() > 1)
    for (const auto& a : shown(r.attempts)) n += kPerAttempt + weight(a.target, kShort);
  return n;
}

// The limits above must keep the longest line within kMaxLine.
static_assert(kFixed + kEscapedMax * (2 * kLong + 4 * kMedium + 14 * kShort) + 20 * 8 +
                  kAttempts * (kPerAttempt + kEscapedMax * kShort + 8) <=
              LineFormatter::kMaxLine);

std::size_t LineFormatter::format(const AccessRecord& record, char* out) noexcept {
  auto since = record.time.time_since_epoch();
  auto second = std::chrono::floor<std::chrono::seconds>(since);
  if (second.count() != second_) refresh_time(second.count());
  char* end = out;
  switch (format_) {
    case LogFormat::json:
      end = fields<Json>(record, out);
      break;
    case LogFormat::logfmt:
      end = fields<Logfmt>(record, out);
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
  out = text_if_any<Style>(out, "tls_version", r.tls_version, kShort);
  out = text_if_any<Style>(out, "sni", r.sni, kMedium);
  out = number<Style>(out, "status", static_cast<std::uint64_t>(r.status));
  out = word<Style>(out, "reason", base::row(r.reason).name);
  out = text_if_any<Style>(out, "detail", r.detail, kShort);
  out = word<Style>(out, "source", name(r.source));
  out = text<Style>(out, "route", r.route, kShort);
  if (!r.importance.empty()) out = word<Style>(out, "importance", r.importance);
  out = text_if_any<Style>(out, "consumer", r.consumer, kShort);
  out = text_if_any<Style>(out, "auth_method", r.auth_method, kShort);
  out = text_if_any<Style>(out, "credential", r.credential, kShort);
  out = text_if_any<Style>(out, "policy_denied", r.policy_denied, kShort);
  out = text_if_any<Style>(out, "upstream", r.upstream, kShort);
  out = text_if_any<Style>(out, "target", r.target, kShort);
  out = attempts<Style>(out, r.attempts);
  out = number<Style>(out, "bytes_in", r.bytes_in);
  out = number<Style>(out, "bytes_out", r.bytes_out);
  out = ms<Style>(out, "duration_ms", r.duration);
  out = ms<Style>(out, "queue_ms", r.queue);
  out = ms<Style>(out, "auth_ms", r.auth);
  out = ms<Style>(out, "filters_ms", r.filters);
  out = ms<Style>(out, "connect_ms", r.connect);
  out = ms<Style>(out, "first_byte_ms", r.first_byte);
  out = ms<Style>(out, "upstream_ms", r.upstream_time);
  out = ms<Style>(out, "client_write_ms", r.client_write);
  out = put_us(Style::key(out, "overhead_us"), r.overhead);
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
  out = put(out, " - ");
  // A name with a blank in it would move all that follows.
  std::string_view user = r.consumer.empty() ? r.credential : r.consumer;
  or_dash(user.find(' ') == std::string_view::npos ? user : std::string_view(), kShort);
  out = put(out, " [");
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
