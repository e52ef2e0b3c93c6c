// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/otlp_record.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "gateway/observe/escape.h"
#include "gateway/observe/log_styles.h"

namespace sluice::observe::otlp {
namespace {

using namespace line;

// Numbers of severity: OpenTelemetry's logs data model.
constexpr std::string_view kInfo = R"("severityNumber":9,"severityText":"INFO")";
constexpr std::string_view kWarn = R"("severityNumber":13,"severityText":"WARN")";
constexpr std::string_view kError = R"("severityNumber":17,"severityText":"ERROR")";

std::string_view severity(const AccessRecord& r) noexcept {
  if (r.status >= 500) return kError;
  // A response that began well and did not end is one too.
  return r.status >= 400 || r.reason != base::Reason::none ? kWarn : kInfo;
}

// One attribute after the other.
class Attributes {
 public:
  Attributes(const QueryRedaction& redaction, char* out) noexcept : redaction_(redaction), out_(out) {}
  char* end() const noexcept { return out_; }

  void text(std::string_view name, std::string_view value, std::size_t limit) noexcept {
    begin(name, R"({"stringValue":")");
    out_ = clipped(value, limit, out_, escape_json);
    out_ = put(out_, "\"}}");
  }
  void url(std::string_view name, std::string_view value, std::size_t) noexcept {
    begin(name, R"({"stringValue":")");
    out_ = redacted(redaction_, value, out_, escape_json);
    out_ = put(out_, "\"}}");
  }
  // Of a field that may be there more than once.
  void url_list(std::string_view name, std::string_view value) noexcept {
    begin(name, R"({"arrayValue":{"values":[{"stringValue":")");
    out_ = redacted(redaction_, value, out_, escape_json);
    out_ = put(out_, "\"}]}}}");
  }
  // The part of a URL that begins with "?", without that.
  void query(std::string_view name, std::string_view value) noexcept {
    begin(name, R"({"stringValue":")");
    // Parameters are looked for behind a "?".
    char* mark = out_;
    out_ = redacted(redaction_, value, out_, escape_json);
    std::copy(mark + 1, out_, mark);
    out_ = put(out_ - 1, "\"}}");
  }
  void number(std::string_view name, std::uint64_t value, std::size_t = 0) noexcept {
    begin(name, R"({"intValue":")");
    out_ = put(put(out_, value), "\"}}");
  }
  void ms(std::string_view name, base::Duration value, std::size_t) noexcept {
    begin(name, R"({"doubleValue":)");
    out_ = put(put_ms(out_, value), "}}");
  }
  void us(std::string_view name, base::Duration value, std::size_t) noexcept {
    begin(name, R"({"doubleValue":)");
    out_ = put(put_us(out_, value), "}}");
  }

  void time(std::string_view, base::WallTime, std::size_t) noexcept {}  // has a place of its own in a record

  // What the kinds of log_fields.def say beside these. Texts that are empty say nothing here.
  void optional_text(std::string_view name, std::string_view value, std::size_t limit) noexcept {
    if (!value.empty()) text(name, value, limit);
  }
  void optional_url(std::string_view name, std::string_view value, std::size_t limit) noexcept {
    if (!value.empty()) url(name, value, limit);
  }
  void word(std::string_view name, std::string_view value, std::size_t) noexcept {
    optional_text(name, value, kShort);
  }
  void optional_word(std::string_view name, std::string_view value, std::size_t) noexcept {
    optional_text(name, value, kShort);
  }
  void optional_number(std::string_view name, std::optional<std::uint64_t> value, std::size_t) noexcept {
    if (value) number(name, *value);
  }
  void optional_ms(std::string_view name, std::optional<base::Duration> value, std::size_t) noexcept {
    if (value) ms(name, *value, 0);
  }
  void attempts(std::string_view name, std::span<const AttemptRecord> list, std::size_t) noexcept {
    if (list.size() < 2) return;
    begin(name, R"({"arrayValue":{"values":[)");
    list = shown(list);
    for (const AttemptRecord& a : list) {
      out_ = put(out_, &a == list.data() ? R"({"stringValue":")" : R"(,{"stringValue":")");
      out_ = put(Logfmt::attempt_text(out_, a, escape_json), "\"}");
    }
    out_ = put(out_, "]}}}");
  }
  void names(std::string_view name, std::span<const std::string_view> list, std::size_t) noexcept {
    if (list.empty()) return;
    begin(name, R"({"arrayValue":{"values":[)");
    list = shown(list);
    for (const auto& n : list) {
      out_ = put(out_, &n == list.data() ? R"({"stringValue":")" : R"(,{"stringValue":")");
      out_ = put(clipped(n, kName, out_, escape_json), "\"}");
    }
    out_ = put(out_, "]}}}");
  }
  void claims(std::string_view name, std::span<const ClaimRecord> list, std::size_t) noexcept {
    if (list.empty()) return;
    begin(name, R"({"kvlistValue":{"values":[)");
    list = shown(list);
    for (const auto& c : list) {
      out_ = put(out_, &c == list.data() ? R"({"key":")" : R"(,{"key":")");
      out_ = put(put(out_, c.name), R"(","value":{"stringValue":")");
      out_ = put(clipped(c.text, kShort, out_, escape_json), "\"}}");
    }
    out_ = put(out_, "]}}}");
  }

 private:
  static char* put(char* out, std::string_view text) noexcept { return line::put(out, text); }
  static char* put(char* out, std::uint64_t number) noexcept { return line::put(out, number); }
  void begin(std::string_view name, std::string_view opening) noexcept {
    if (!first_) *out_++ = ',';
    first_ = false;
    out_ = put(out_, R"({"key":")");
    out_ = put(out_, name);
    out_ = put(out_, R"(","value":)");
    out_ = put(out_, opening);
  }

  const QueryRedaction& redaction_;
  char* out_;
  bool first_ = true;
};

// "1.1" of "HTTP/1.1", "1.3" of "TLSv1.3".
std::string_view version_of(std::string_view text) noexcept {
  auto digit = text.find_first_of("0123456789");
  return digit == std::string_view::npos ? std::string_view() : text.substr(digit);
}

// What OpenTelemetry's semantic conventions for HTTP name, as far as it is no field as it stands.
void conventions(const AccessRecord& r, Attributes& a) noexcept {
  a.text("http.request.method", r.method, kShort);
  a.number("http.response.status_code", static_cast<std::uint64_t>(r.status));
  a.text("url.scheme", r.tls_version.empty() ? "http" : "https", kShort);
  auto mark = std::min(r.path.find('?'), r.path.size());
  a.text("url.path", r.path.substr(0, mark), kLong);
  // Both together are no longer than the field of other formats.
  auto query = r.path.substr(mark, kLong - std::min(mark, kLong));
  if (query.size() > 1) a.query("url.query", query);
  a.optional_text("server.address", r.host, kMedium);
  a.text("client.address", r.client_ip, kShort);
  if (r.client_port != 0) a.number("client.port", r.client_port);
  a.text("network.protocol.name", "http", kShort);
  a.optional_text("network.protocol.version", version_of(r.protocol), kShort);
  if (!r.tls_version.empty()) a.text("tls.protocol.name", "tls", kShort);
  a.optional_text("tls.protocol.version", version_of(r.tls_version), kShort);
  if (!r.referer.empty()) a.url_list("http.request.header.referer", r.referer);
  if (r.reason != base::Reason::none) a.text("error.type", base::row(r.reason).name, kShort);
}

// The name of the conventions for a field that is written as it stands, or else its own; "" for those that
// conventions() has written.
constexpr std::string_view attribute_of(std::string_view field, std::string_view own) noexcept {
  struct Name {
    std::string_view field, name;
  };
  constexpr Name kNamed[] = {{"time", ""},
                             {"trace_id", ""},
                             {"client_ip", ""},
                             {"client_port", ""},
                             {"method", ""},
                             {"host", ""},
                             {"path", ""},
                             {"protocol", ""},
                             {"tls_version", ""},
                             {"status", ""},
                             {"sni", "tls.client.server_name"},
                             {"bytes_in", "http.request.size"},
                             {"bytes_out", "http.response.size"},
                             {"user_agent", "user_agent.original"},
                             {"referer", ""}};
  for (const Name& n : kNamed)
    if (n.field == field) return n.name;
  return own;
}

void fields(const AccessRecord& r, Attributes& a) noexcept {
#define FIELD(name, kind, limit, value)                                                  \
  if constexpr (constexpr auto key = attribute_of(#name, "sluice." #name); !key.empty()) \
    a.kind(key, value, limit);
#include "gateway/observe/log_fields.def"
}

char* put_nanoseconds(char* out, base::WallTime t) noexcept {
  auto n = std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
  return put(out, static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0)));
}

}  // namespace

char* write(const AccessRecord& r, const QueryRedaction& redaction, char* out) noexcept {
  out = put(out, R"({"timeUnixNano":")");
  out = put_nanoseconds(out, r.time);
  out = put(out, R"(","observedTimeUnixNano":")");
  out = put_nanoseconds(out, r.time + std::chrono::duration_cast<base::WallTime::duration>(r.duration));
  out = put(put(out, R"(",)"), severity(r));
  out = put(out, R"(,"body":{"stringValue":")");
  out = put(clipped(r.method, kShort, out, escape_json), " ");
  out = clipped(r.path.substr(0, r.path.find('?')), kMedium, out, escape_json);
  out = put(put(put(out, " "), static_cast<std::uint64_t>(r.status)), R"("},"attributes":[)");
  Attributes attributes(redaction, out);
  conventions(r, attributes);
  fields(r, attributes);
  out = put(attributes.end(), "]");
  if (const auto& trace = r.trace) {
    out = put(put(out, R"(,"traceId":")"), trace->trace_id);
    out = put(put(out, R"(","spanId":")"), trace->span_id);
    out = put(put(out, R"(","flags":)"), std::uint64_t{trace->flags});
  }
  return put(out, "}\n");
}

}  // namespace sluice::observe::otlp
