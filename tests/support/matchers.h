// SPDX-License-Identifier: Apache-2.0
// Matchers for the responses that a test got from a Gateway.
#pragma once
#include <gmock/gmock.h>

#include <string>

#include "tests/support/message.h"

namespace sluice::test {

namespace detail {

// What is wrong with it as a refusal of that status and reason; "" if nothing is.
std::string not_refused(const Response& response, int status, const std::string& reason);

}  // namespace detail

// A whole local reply of the gateway: status, problem+json (RFC 9457) with the reason, Proxy-Status (RFC
// 9209).
MATCHER_P2(Refused, status, reason,
           "is a refusal with status " + std::to_string(status) + " and reason " + reason) {
  std::string wrong = detail::not_refused(arg, status, reason);
  *result_listener << wrong;
  return wrong.empty();
}

// A whole and well-formed response with that status.
MATCHER_P(HasStatus, status, "has status " + std::to_string(status)) {
  return arg.status == status && arg.complete && arg.fault.empty();
}

// A message whose first field of that name has a value that fits.
MATCHER_P2(HasField, name, value, std::string("has the field ") + name) {
  return arg.has(name) && ::testing::ExplainMatchResult(value, arg.value(name), result_listener);
}

MATCHER_P(HasNoField, name, std::string("has no field ") + name) { return !arg.has(name); }

}  // namespace sluice::test
