// SPDX-License-Identifier: Apache-2.0
// AccessRecord: all that is known about one exchange when it has ended. LineFormatter: writes it as one line
// of the chosen preset or template. Whatever clients and targets sent is escaped, so that no byte of it can
// end the line, forge a field, or steer a terminal.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/observe/access_log_config.h"
#include "gateway/observe/redaction.h"
#include "gateway/observe/source.h"
#include "gateway/observe/trace_context.h"

namespace sluice::observe {

// One try at a target.
struct AttemptRecord {
  std::string_view target;
  int status = 0;  // 0: no response began
  base::Reason reason = base::Reason::none;
  base::Duration duration{};
};

// What a credential says of its bearer.
struct ClaimRecord {
  std::string_view name;  // as the configuration writes it
  std::string_view text;
};

// Views are read during AccessLogLane::write() only. Optional fields and empty texts that do not apply are
// left out of the line; the others are always there.
struct AccessRecord {
  base::WallTime time{};  // when the request began
  std::string_view request_id;
  std::string_view listener;
  std::string_view client_ip;
  std::uint16_t client_port = 0;
  std::string_view method;
  std::string_view host;
  std::string_view path;         // the request target as received, query included
  std::string_view protocol;     // "HTTP/1.1"
  std::string_view tls_version;  // "TLSv1.3"; empty: none
  std::string_view sni;          // the host that the client named in its handshake
  int status = 0;
  base::Reason reason = base::Reason::none;
  std::string_view detail;  // what the system or the other side said about it
  Source source = Source::gateway;
  std::string_view route = "-";
  std::string_view importance;               // empty: normal
  std::string_view consumer;                 // who called, of those listed
  std::string_view auth_method;              // kind of filter that found out who calls; empty: none did
  std::string_view credential;               // which one of the caller's
  std::span<const std::string_view> groups;  // the caller's
  std::span<const std::string_view> scopes;
  std::span<const ClaimRecord> claims;          // those of them that AccessLogConfig::claims names
  std::string_view policy_denied;               // the policy of the filter that refused
  std::string_view upstream;                    // empty: none was asked
  std::string_view target;                      // the last one asked
  std::span<const AttemptRecord> attempts;      // written when there was more than one
  std::uint64_t bytes_in = 0;                   // from the client, head and body
  std::uint64_t bytes_out = 0;                  // to the client, head and body
  base::Duration duration{};                    // first byte in to last byte out
  std::optional<base::Duration> queue;          // waited for a free connection
  std::optional<base::Duration> auth;           // filters that find out who calls
  std::optional<base::Duration> filters;        // all filters, these too
  std::optional<base::Duration> connect;        // a connection was opened for it
  std::optional<base::Duration> first_byte;     // from the last attempt's begin to the response's first byte
  std::optional<base::Duration> upstream_time;  // all attempts together
  std::optional<base::Duration> client_write;   // waited for the client to take the response
  base::Duration overhead{};                    // duration without the waits for upstream and client
  std::string_view user_agent;
  std::string_view referer;
  std::span<const std::string_view> partial;          // calls of a composition that failed
  std::optional<std::uint64_t> rate_limit_remaining;  // what the tightest limit still allows
  std::string_view config_hash;
  std::optional<TraceContext> trace;  // that the client says it belongs to

  std::string_view trace_id() const noexcept { return trace ? trace->trace_id : std::string_view(); }
};

// Not thread-safe: one per lane. Keeps the text of the last second's time.
class LineFormatter {
 public:
  // No line is longer: long texts are cut, and then end in "...".
  static constexpr std::size_t kMaxLine = 128 * 1024;

  explicit LineFormatter(const AccessLogConfig& config);

  // Upper bound of the length of this record's line, at most kMaxLine.
  std::size_t bound(const AccessRecord& record) const noexcept;
  // Writes the line with its "\n" to `out`, which has room for bound(record); returns the length.
  std::size_t format(const AccessRecord& record, char* out) noexcept;

 private:
  void refresh_time(std::int64_t second) noexcept;
  template <class Style>
  char* fields(const AccessRecord& record, char* out) noexcept;
  char* combined(const AccessRecord& record, char* out) noexcept;
  char* own(const AccessRecord& record, char* out) noexcept;
  // Of the record, in ISO 8601 with milliseconds.
  std::string_view iso_time(const AccessRecord& record) noexcept;

  LogFormat format_;
  std::optional<LogTemplate> template_;  // in place of the format
  bool otlp_;                            // likewise
  QueryRedaction redaction_;
  std::int64_t second_ = -1;          // of the text below
  std::array<char, 40> time_text_{};  // "2026-01-02T03:04:05" or "02/Jan/2026:03:04:05 +0000"
  std::size_t time_length_ = 0;
};

}  // namespace sluice::observe
