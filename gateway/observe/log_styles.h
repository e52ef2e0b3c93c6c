// SPDX-License-Identifier: Apache-2.0
// How the formats that name their fields write a key, a value and the attempts. Only for log_line.cc and
// otlp_record.cc.
// Each function returns the end of what it wrote; the caller has made sure of the room.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/observe/escape.h"
#include "gateway/observe/log_line.h"
#include "gateway/observe/redaction.h"

namespace sluice::observe::line {

// Longest text that is logged of each field, in bytes as received.
inline constexpr std::size_t kName = 64;     // of lists, of which there may be several
inline constexpr std::size_t kShort = 128;   // addresses, names from the configuration, methods
inline constexpr std::size_t kMedium = 512;  // hosts, request ids, user agents
inline constexpr std::size_t kLong = 4096;   // path, referer

inline constexpr std::size_t kAttempts = 10;  // the last ones are logged
inline constexpr std::size_t kNames = 16;     // of a list; the first ones are logged

inline std::span<const AttemptRecord> shown(std::span<const AttemptRecord> attempts) noexcept {
  return attempts.size() > kAttempts ? attempts.last(kAttempts) : attempts;
}

inline std::span<const std::string_view> shown(std::span<const std::string_view> names) noexcept {
  return names.first(std::min(names.size(), kNames));
}

inline std::span<const ClaimRecord> shown(std::span<const ClaimRecord> claims) noexcept {
  return claims.first(std::min(claims.size(), AccessLogConfig::kClaims));
}

template <std::size_t N>
char* put(char* out, const char (&text)[N]) noexcept {
  std::memcpy(out, text, N - 1);
  return out + N - 1;
}

inline char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

inline char* put(char* out, std::uint64_t number) noexcept {
  return std::to_chars(out, out + 20, number).ptr;
}

inline std::uint64_t nanoseconds(base::Duration d) noexcept {
  return d.count() < 0 ? 0 : static_cast<std::uint64_t>(d.count());
}

// Milliseconds with three decimals.
inline char* put_ms(char* out, base::Duration d) noexcept {
  std::uint64_t us = (nanoseconds(d) + 500) / 1000;
  out = put(out, us / 1000);
  auto rest = static_cast<unsigned>(us % 1000);
  *out++ = '.';
  *out++ = static_cast<char>('0' + rest / 100);
  *out++ = static_cast<char>('0' + rest / 10 % 10);
  *out++ = static_cast<char>('0' + rest % 10);
  return out;
}

// Microseconds with one decimal.
inline char* put_us(char* out, base::Duration d) noexcept {
  std::uint64_t tenths = (nanoseconds(d) + 50) / 100;
  out = put(out, tenths / 10);
  *out++ = '.';
  *out++ = static_cast<char>('0' + tenths % 10);
  return out;
}

// Hands `text` on, cut if it is too long.
template <class F>
char* clipped(std::string_view text, std::size_t limit, char* out, F&& write) noexcept {
  if (text.size() <= limit) return write(text, out);
  out = write(text.substr(0, limit), out);
  return put(out, "...");
}

// Without the values of secret parameters, cut before the search so that a value that was cut is found too.
template <class Escape>
char* redacted(const QueryRedaction& redaction, std::string_view url, char* out, Escape&& escape) noexcept {
  return clipped(url, kLong, out, [&](std::string_view cut, char* o) {
    redaction.pieces(cut, [&](std::string_view piece) { o = escape(piece, o); });
    return o;
  });
}

struct Json {
  static char* begin(char* out) noexcept { return put(out, "{\"time\":\""); }
  static char* end_time(char* out) noexcept { return put(out, "\""); }
  static char* end(char* out) noexcept { return put(out, "}\n"); }
  template <std::size_t N>
  static char* key(char* out, const char (&name)[N]) noexcept {
    out = put(out, ",\"");
    out = put(out, name);
    return put(out, "\":");
  }
  // A text value: write(out) writes the inside of its quotes.
  template <class F>
  static char* value(char* out, std::string_view, F&& write) noexcept {
    *out++ = '"';
    out = write(out);
    *out++ = '"';
    return out;
  }
  static char* attempt(char* out, const AttemptRecord& a, bool first) noexcept {
    out = first ? put(out, ",\"attempts\":[{\"target\":\"") : put(out, ",{\"target\":\"");
    out = clipped(a.target, kShort, out, escape_json);
    out = put(out, "\",\"status\":");
    out = put(out, static_cast<std::uint64_t>(a.status));
    out = put(out, ",\"reason\":\"");
    out = put(out, base::row(a.reason).name);
    out = put(out, "\",\"duration_ms\":");
    return put(put_ms(out, a.duration), "}");
  }
  static char* end_attempts(char* out) noexcept { return put(out, "]"); }
  // Before each text of a list.
  static char* item(char* out, bool first) noexcept { return first ? put(out, "[\"") : put(out, "\",\""); }
  static char* end_list(char* out) noexcept { return put(out, "\"]"); }
  // "claims":{"tenant":"acme","region":"eu"}. Their names need no escapes.
  static char* claim(char* out, const ClaimRecord& c, bool first) noexcept {
    out = put(put(first ? put(out, ",\"claims\":{\"") : put(out, ",\""), c.name), "\":\"");
    return put(clipped(c.text, kShort, out, escape_json), "\"");
  }
  static char* end_claims(char* out) noexcept { return put(out, "}"); }
};

struct Logfmt {
  static char* begin(char* out) noexcept { return put(out, "time="); }
  static char* end_time(char* out) noexcept { return out; }
  static char* end(char* out) noexcept { return put(out, "\n"); }
  template <std::size_t N>
  static char* key(char* out, const char (&name)[N]) noexcept {
    out = put(out, " ");
    out = put(out, name);
    return put(out, "=");
  }
  template <class F>
  static char* value(char* out, std::string_view raw, F&& write) noexcept {
    // A plain text has no parameters either, so there is nothing to leave out of it.
    return raw.size() <= kShort && plain_logfmt(raw) ? put(out, raw) : Json::value(out, raw, write);
  }
  // attempts="target status reason milliseconds, ..."
  static char* attempt(char* out, const AttemptRecord& a, bool first) noexcept {
    return attempt_text(first ? put(out, " attempts=\"") : put(out, ", "), a, escape_json);
  }
  template <class Escape>
  static char* attempt_text(char* out, const AttemptRecord& a, Escape&& escape) noexcept {
    out = clipped(a.target, kShort, out, escape);
    out = put(out, " ");
    out = put(out, static_cast<std::uint64_t>(a.status));
    out = put(out, " ");
    out = a.reason == base::Reason::none ? put(out, "-") : put(out, base::row(a.reason).name);
    out = put(out, " ");
    return put_ms(out, a.duration);
  }
  static char* end_attempts(char* out) noexcept { return put(out, "\""); }
  // partial="orders,users"
  static char* item(char* out, bool first) noexcept { return first ? put(out, "\"") : put(out, ","); }
  static char* end_list(char* out) noexcept { return put(out, "\""); }
  // claims.tenant=acme claims.region=eu: a value cannot pass for another claim.
  static char* claim(char* out, const ClaimRecord& c, bool) noexcept {
    out = put(put(put(out, " claims."), c.name), "=");
    return value(out, c.text, [&](char* o) { return clipped(c.text, kShort, o, escape_json); });
  }
  static char* end_claims(char* out) noexcept { return out; }
  // tenant="acme", region="eu", for lines of one's own.
  template <class Escape>
  static char* claim_text(char* out, const ClaimRecord& c, Escape&& escape) noexcept {
    out = put(put(out, c.name), "=\"");
    return put(clipped(c.text, kShort, out, escape), "\"");
  }
};

}  // namespace sluice::observe::line
