// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/access_log_config.h"

namespace sluice::observe {

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
  d.field("to", &AccessLogConfig::to,
          "`stdout`, `stderr` or the path of a file. A file is opened again on SIGUSR1, after rotation.",
          non_empty, example("/var/log/sluice/access.log"));
  d.field(
      "redact_query", &AccessLogConfig::redact_query,
      "Query parameters whose values are written as REDACTED, in the path and in the referer. Case does not "
      "matter. A list given here replaces the default one.",
      example("[token, session]"));
  d.field("buffer", &AccessLogConfig::buffer,
          "Memory per worker for lines that are not written yet, rounded up to a power of two.",
          between(256_KiB, 64_MiB));
  d.field("enabled", &AccessLogConfig::enabled, "Whether lines are written at all.");
  d.word("off", "No access log.", [](AccessLogConfig& c) { c.enabled = false; });
  d.shorthand(&AccessLogConfig::format);
}

}  // namespace sluice::observe
