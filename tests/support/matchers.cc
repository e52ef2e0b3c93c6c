// SPDX-License-Identifier: Apache-2.0
#include "tests/support/matchers.h"

namespace sluice::test::detail {

std::string not_refused(const Response& r, int status, const std::string& reason) {
  auto holds = [&](const std::string& text) { return r.body.find(text) != r.body.npos; };
  std::string proxy_status = r.value("Proxy-Status");
  if (r.status != status) return "status " + std::to_string(r.status);
  if (!r.complete) return "the response is incomplete";
  if (!r.fault.empty()) return "malformed: " + r.fault;
  if (r.value("Content-Type") != "application/problem+json") return "Content-Type " + r.value("Content-Type");
  if (!holds("\"status\":" + std::to_string(status) + ",")) return "the status is not in the body";
  if (!holds("\"reason\":\"" + reason + "\"")) return "the body has another reason";
  if (!proxy_status.starts_with("sluice;")) return "Proxy-Status " + proxy_status;
  if (proxy_status.find("details=\"" + reason) == proxy_status.npos) return "Proxy-Status " + proxy_status;
  return {};
}

}  // namespace sluice::test::detail
