// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_line.h"

#include <time.h>

#include <algorithm>
#include <concepts>
#include <cstdio>

#include "gateway/observe/escape.h"
#include "gateway/observe/log_fields.h"
#include "gateway/observe/log_styles.h"
#include "gateway/observe/otlp_record.h"

namespace sluice::observe {
namespace {

using namespace line;

constexpr std::size_t kFixed = 1600;  // keys, numbers, our own words, punctuation
constexpr std::size_t kPerAttempt = 192;
constexpr std::size_t kPerClaim = AccessLogConfig::kClaimName + 64;
constexpr std::size_t kLongestSecond = 31;  // of its text

// The fields of json and logfmt: a function for each kind of log_fields.def.
template <class Style>
struct NamedFields {
  const QueryRedaction& redaction;

  // What a client or target sent.
  template <std::size_t N>
  char* text(char* out, const char (&name)[N], std::string_view value, std::size_t limit) const noexcept {
    return Style::value(Style::key(out, name), value,
                        [&](char* o) { return clipped(value, limit, o, escape_json); });
  }
  template <std::size_t N>
  char* optional_text(char* out, const char (&name)[N], std::string_view value,
                      std::size_t limit) const noexcept {
    return value.empty() ? out : text(out, name, value, limit);
  }
  template <std::size_t N>
  char* url(char* out, const char (&name)[N], std::string_view value, std::size_t) const noexcept {
    return Style::value(Style::key(out, name), value,
                        [&](char* o) { return redacted(redaction, value, o, escape_json); });
  }
  template <std::size_t N>
  char* optional_url(char* out, const char (&name)[N], std::string_view value,
                     std::size_t limit) const noexcept {
    return value.empty() ? out : url(out, name, value, limit);
  }
  // One of our own words.
  template <std::size_t N>
  char* word(char* out, const char (&name)[N], std::string_view value, std::size_t) const noexcept {
    return Style::value(Style::key(out, name), value, [&](char* o) { return put(o, value); });
  }
  template <std::size_t N>
  char* optional_word(char* out, const char (&name)[N], std::string_view value,
                      std::size_t limit) const noexcept {
    return value.empty() ? out : word(out, name, value, limit);
  }
  template <std::size_t N>
  char* number(char* out, const char (&name)[N], std::uint64_t value, std::size_t) const noexcept {
    return put(Style::key(out, name), value);
  }
  template <std::size_t N>
  char* optional_number(char* out, const char (&name)[N], std::optional<std::uint64_t> value,
                        std::size_t) const noexcept {
    return value ? put(Style::key(out, name), *value) : out;
  }
  template <std::size_t N>
  char* ms(char* out, const char (&name)[N], base::Duration value, std::size_t) const noexcept {
    return put_ms(Style::key(out, name), value);
  }
  template <std::size_t N>
  char* optional_ms(char* out, const char (&name)[N], std::optional<base::Duration> value,
                    std::size_t) const noexcept {
    return value ? put_ms(Style::key(out, name), *value) : out;
  }
  template <std::size_t N>
  char* us(char* out, const char (&name)[N], base::Duration value, std::size_t) const noexcept {
    return put_us(Style::key(out, name), value);
  }
  // The line has begun with it.
  template <std::size_t N>
  char* time(char* out, const char (&)[N], base::WallTime, std::size_t) const noexcept {
    return out;
  }
  template <std::size_t N>
  char* attempts(char* out, const char (&)[N], std::span<const AttemptRecord> list,
                 std::size_t) const noexcept {
    if (list.size() < 2) return out;
    list = shown(list);
    for (const auto& a : list) out = Style::attempt(out, a, &a == list.data());
    return Style::end_attempts(out);
  }
  template <std::size_t N>
  char* names(char* out, const char (&name)[N], std::span<const std::string_view> list,
              std::size_t) const noexcept {
    if (list.empty()) return out;
    list = shown(list);
    out = Style::key(out, name);
    for (const auto& n : list) out = clipped(n, kName, Style::item(out, &n == list.data()), escape_json);
    return Style::end_list(out);
  }
  template <std::size_t N>
  char* claims(char* out, const char (&)[N], std::span<const ClaimRecord> list, std::size_t) const noexcept {
    if (list.empty()) return out;
    list = shown(list);
    for (const auto& c : list) out = Style::claim(out, c, &c == list.data());
    return Style::end_claims(out);
  }
};

// The same for templates, without their names.
struct PlainFields {
  const QueryRedaction& redaction;
  std::string_view when;

  static char* none(char* out) noexcept { return put(out, "-"); }
  char* text(char* out, std::string_view value, std::size_t limit) const noexcept {
    return value.empty() ? none(out) : clipped(value, limit, out, escape_hex);
  }
  char* optional_text(char* out, std::string_view value, std::size_t limit) const noexcept {
    return text(out, value, limit);
  }
  char* url(char* out, std::string_view value, std::size_t) const noexcept {
    return value.empty() ? none(out) : redacted(redaction, value, out, escape_hex);
  }
  char* optional_url(char* out, std::string_view value, std::size_t limit) const noexcept {
    return url(out, value, limit);
  }
  char* word(char* out, std::string_view value, std::size_t) const noexcept {
    return value.empty() ? none(out) : put(out, value);
  }
  char* optional_word(char* out, std::string_view value, std::size_t limit) const noexcept {
    return word(out, value, limit);
  }
  char* number(char* out, std::uint64_t value, std::size_t) const noexcept { return put(out, value); }
  char* optional_number(char* out, std::optional<std::uint64_t> value, std::size_t) const noexcept {
    return value ? put(out, *value) : none(out);
  }
  char* ms(char* out, base::Duration value, std::size_t) const noexcept { return put_ms(out, value); }
  char* optional_ms(char* out, std::optional<base::Duration> value, std::size_t) const noexcept {
    return value ? put_ms(out, *value) : none(out);
  }
  char* us(char* out, base::Duration value, std::size_t) const noexcept { return put_us(out, value); }
  char* time(char* out, base::WallTime, std::size_t) const noexcept { return put(out, when); }
  char* attempts(char* out, std::span<const AttemptRecord> list, std::size_t) const noexcept {
    if (list.size() < 2) return none(out);
    list = shown(list);
    for (const auto& a : list)
      out = Logfmt::attempt_text(&a == list.data() ? out : put(out, ", "), a, escape_hex);
    return out;
  }
  char* names(char* out, std::span<const std::string_view> list, std::size_t) const noexcept {
    if (list.empty()) return none(out);
    list = shown(list);
    for (const auto& n : list) out = clipped(n, kName, &n == list.data() ? out : put(out, ","), escape_hex);
    return out;
  }
  char* claims(char* out, std::span<const ClaimRecord> list, std::size_t) const noexcept {
    if (list.empty()) return none(out);
    list = shown(list);
    for (const auto& c : list)
      out = Logfmt::claim_text(&c == list.data() ? out : put(out, ", "), c, escape_hex);
    return out;
  }

  char* write(LogField field, const AccessRecord& r, char* out) const noexcept {
    switch (field) {
#define FIELD(name, kind, limit, value) \
  case LogField::name:                  \
    return kind(out, value, limit);
#include "gateway/observe/log_fields.def"
    }
    return out;
  }
};

// Room for a value of each kind, beyond what kFixed has for its key and for numbers and our own words.
std::size_t room(std::string_view text, std::size_t limit) noexcept {
  return limit == 0 ? 0 : std::min(text.size(), limit) * kEscapedMax + 8;
}
std::size_t room(std::span<const AttemptRecord> list, std::size_t) noexcept {
  std::size_t n = 0;
  if (list.size() > 1)
    for (const auto& a : shown(list)) n += kPerAttempt + room(a.target, kShort);
  return n;
}
std::size_t room(std::span<const std::string_view> list, std::size_t) noexcept {
  std::size_t n = 0;
  for (std::string_view name : shown(list)) n += room(name, kName);
  return n;
}
std::size_t room(std::span<const ClaimRecord> list, std::size_t) noexcept {
  std::size_t n = 0;
  for (const auto& c : shown(list)) n += kPerClaim + room(c.text, kShort);
  return n;
}
template <class T>
  requires(!std::convertible_to<T, std::string_view> &&
           !std::convertible_to<T, std::span<const AttemptRecord>> &&
           !std::convertible_to<T, std::span<const std::string_view>> &&
           !std::convertible_to<T, std::span<const ClaimRecord>>)
constexpr std::size_t room(const T&, std::size_t) noexcept {
  return 0;
}

constexpr std::size_t lists() noexcept {
  std::size_t n = 0;
#define FIELD(name, kind, limit, value) n += LogKind::kind == LogKind::names;
#include "gateway/observe/log_fields.def"
  return n;
}
constexpr std::size_t longest_texts() noexcept {
  std::size_t n = 0;
#define FIELD(name, kind, limit, value) n += (limit) == 0 ? 0 : (limit) * kEscapedMax + 8;
#include "gateway/observe/log_fields.def"
  return n;
}
// The limits must keep the longest line within kMaxLine.
static_assert(kFixed + longest_texts() + kAttempts * (kPerAttempt + kEscapedMax * kShort + 8) +
                  lists() * kNames * (kEscapedMax * kName + 8) +
                  AccessLogConfig::kClaims * (kPerClaim + kEscapedMax * kShort + 8) +
                  std::max(LogTemplate::kLongest, otlp::kMore) <=
              LineFormatter::kMaxLine);

}  // namespace

LineFormatter::LineFormatter(const AccessLogConfig& config)
    : format_(config.format),
      template_(config.line),
      otlp_(config.otlp.has_value()),
      redaction_(config.redact_query) {
  if (template_) format_ = LogFormat::json;  // whose time it has
}

std::size_t LineFormatter::bound(const AccessRecord& r) const noexcept {
  std::size_t n = kFixed + (template_ ? template_->text().size() : 0) + (otlp_ ? otlp::kMore : 0);
#define FIELD(name, kind, limit, value) n += room(value, limit);
#include "gateway/observe/log_fields.def"
  return n;
}

std::size_t LineFormatter::format(const AccessRecord& record, char* out) noexcept {
  if (otlp_) return static_cast<std::size_t>(otlp::write(record, redaction_, out) - out);
  auto since = record.time.time_since_epoch();
  auto second = std::chrono::floor<std::chrono::seconds>(since);
  if (second.count() != second_) refresh_time(second.count());
  if (template_) return static_cast<std::size_t>(own(record, out) - out);
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
  time_length_ = std::min<std::size_t>(static_cast<std::size_t>(std::max(n, 0)), kLongestSecond);
}

// Milliseconds go behind the text of the second.
std::string_view LineFormatter::iso_time(const AccessRecord& r) noexcept {
  auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(r.time.time_since_epoch()).count() - second_ * 1000;
  char* out = time_text_.data() + time_length_;
  *out++ = '.';
  for (std::int64_t scale : {100, 10, 1}) *out++ = static_cast<char>('0' + milliseconds / scale % 10);
  *out++ = 'Z';
  return {time_text_.data(), static_cast<std::size_t>(out - time_text_.data())};
}

template <class Style>
char* LineFormatter::fields(const AccessRecord& r, char* out) noexcept {
  const NamedFields<Style> write{redaction_};
  out = Style::end_time(put(Style::begin(out), iso_time(r)));
#define FIELD(name, kind, limit, value) out = write.kind(out, #name, value, limit);
#include "gateway/observe/log_fields.def"
  return Style::end(out);
}

char* LineFormatter::own(const AccessRecord& r, char* out) noexcept {
  const PlainFields plain{redaction_, iso_time(r)};
  for (const LogTemplate::Piece& piece : template_->pieces()) {
    out = put(out, std::string_view(piece.text));
    if (piece.field) out = plain.write(*piece.field, r, out);
  }
  return put(out, "\n");
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
