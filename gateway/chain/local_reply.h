// SPDX-License-Identifier: Apache-2.0
// Local replies: the responses that the gateway makes itself. Each names its reason in Proxy-Status (RFC
// 9209) and in an application/problem+json body (RFC 9457), so that a caller can tell the gateway's 404 from
// an upstream's.
#pragma once
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/chain/exchange.h"

namespace sluice::chain {

// `type` of the problem document is this followed by the reason's name: a name to compare, not a page to
// open. Reasons are never renamed. Where a limit or a quota is used up it is the type that the IETF's draft
// gives that (draft-ietf-httpapi-ratelimit-headers); the reason stands beside it in any case.
inline constexpr std::string_view kReasonType = "urn:sluice:reason:";
inline constexpr std::string_view kQuotaExceeded =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";

// Makes `reason` the answer of the exchange: status, fields and body. `detail` is for the caller to read, ""
// for the reason's own explanation; it is copied. Replaces a response that was there. The caller may add
// fields afterwards: Allow to a 405, WWW-Authenticate to a 401, its own Retry-After to a 429.
void make_local_reply(Exchange& ex, base::Reason reason, std::string_view detail = {});
// The same with another status than the reason's own.
void make_local_reply_as(Exchange& ex, base::Reason reason, int status, std::string_view detail = {});
// The same for who has exceeded a limit: `policy` is its name as in the field RateLimit-Policy, in quotes.
void make_limit_reply(Exchange& ex, base::Reason reason, std::string_view detail, std::string_view policy);
// The same for what failed on the way. The caller reads the error's detail only if the fault is the caller's:
// what the gateway found out about targets (addresses, system errors) is for the log alone.
void make_local_reply(Exchange& ex, const base::Error& error);

// Sends the caller to `location`, which must outlive the exchange; without a body.
void send_to(Exchange& ex, int status, std::string_view location);

// For filters: `return reply(ex, Reason::forbidden);`
inline Step reply(Exchange& ex, base::Reason reason, std::string_view detail = {}) {
  make_local_reply(ex, reason, detail);
  return Step::replied;
}
// The same for what the caller is or may: 401 with the challenges of the filters that were asked if it has
// shown no credential, else 403.
Step reply_to_caller(Exchange& ex, std::string_view detail);

}  // namespace sluice::chain
