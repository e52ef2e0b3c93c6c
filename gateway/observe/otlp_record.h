// SPDX-License-Identifier: Apache-2.0
// An exchange as a LogRecord of OpenTelemetry, in the JSON of OTLP: one line, for a batch to be put around it
// (otlp_queue.h). What OpenTelemetry's conventions for HTTP have a name for is named so, all else `sluice.`
// and the name that it has in log_fields.def. On the request path: no allocation.
#pragma once
#include <cstddef>

#include "gateway/observe/log_line.h"
#include "gateway/observe/redaction.h"

namespace sluice::observe::otlp {

// Room that a record takes beyond what a line of json does.
inline constexpr std::size_t kMore = 12 * 1024;

// The end of what was written, "\n" included.
char* write(const AccessRecord& record, const QueryRedaction& redaction, char* out) noexcept;

}  // namespace sluice::observe::otlp
