// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/access_log_config.h"

#include <algorithm>

#include "gateway/observe/syslog.h"

namespace sluice::observe {

namespace {

// They are keys of logfmt, which has no escapes for keys.
std::string refuse_claim(const std::string& name) {
  auto odd = [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\'; };
  if (name.empty() || std::ranges::any_of(name, odd))
    return "must be the name of a claim, without blanks, quotes, = and backslashes";
  return name.size() <= AccessLogConfig::kClaimName ? "" : "is longer than 64 bytes";
}

}  // namespace

void describe(config::Enumeration<LogFormat>& e) {
  e.value("json", LogFormat::json, "One JSON object per line.")
      .value("logfmt", LogFormat::logfmt, "key=value pairs, values quoted where needed.")
      .value("combined", LogFormat::combined,
             "The combined format of Apache and nginx; has the fewest fields.");
}

void describe(config::Description<AccessLogConfig>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("access_log",
          "One line per request, written in the background. A line that the sink cannot take is dropped "
          "and counted in sluice_log_dropped_total; requests never wait for the log.");
  d.field("format", &AccessLogConfig::format,
          "How a line is written. Field names are the same in json and logfmt.");
  d.field(
      "template", &AccessLogConfig::line,
      "A line of one's own: a text with fields of the log, by their names in json. What does not apply is "
      "`-`; what clients sent is escaped as in the combined format.",
      example("'${client_ip} \"${method} ${path}\" ${status} ${duration_ms}'"));
  d.field(
      "to", &AccessLogConfig::to,
      "`stdout`, `stderr`, the path of a file, `syslog` for this machine's (/dev/log), or "
      "`syslog://ADDRESS:PORT` for another one by UDP. A file is opened again on SIGUSR1, after rotation.",
      non_empty, example("/var/log/sluice/access.log"), example("syslog://10.0.0.5:514"));
  d.field("otlp", &AccessLogConfig::otlp,
          "A collector of OpenTelemetry that takes the lines as log records, in place of `to`.",
          default_is("none"), example("http://collector:4318"));
  d.field(
      "when", &AccessLogConfig::when,
      "Which requests have a line: a condition over the fields of the log, as they are once the request has "
      "ended. Texts that do not apply are empty.");
  d.field(
      "sample", &AccessLogConfig::sample,
      "Share of the other requests that have a line too, drawn at random. Without `when` the others are all "
      "but those that failed, were refused, or took more than a second.",
      example("1%"));
  d.field(
      "redact_query", &AccessLogConfig::redact_query,
      "Query parameters whose values are written as REDACTED, in the path and in the referer. Case does not "
      "matter. A list given here replaces the default one.",
      example("[token, session]"));
  d.field(
      "claims", &AccessLogConfig::claims,
      "Claims of callers that lines have, of each the first 128 bytes. They may be personal data: a log is "
      "read by many.",
      one_or_many, unique, max_items(AccessLogConfig::kClaims), each(config::check(refuse_claim)),
      default_is("none"), example("[tenant]"));
  d.field("buffer", &AccessLogConfig::buffer,
          "Memory per worker for lines that are not written yet, rounded up to a power of two.",
          between(256_KiB, 64_MiB));
  d.field("enabled", &AccessLogConfig::enabled, "Whether lines are written at all.");
  d.word("off", "No access log.", [](AccessLogConfig& c) { c.enabled = false; });
  d.at_most_one({"format", "template", "otlp"});
  d.at_most_one({"to", "otlp"});
  d.shorthand(&AccessLogConfig::format);
  d.check([](const AccessLogConfig& c, const Site& at) {
    if (auto address = Syslog::address(c.to); address && !*address)
      at.error("to", address->error().detail, "syslog, or syslog:// and an IP address with a port");
  });
}

}  // namespace sluice::observe
