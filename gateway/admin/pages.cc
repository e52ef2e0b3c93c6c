// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/pages.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/net/address.h"
#include "gateway/observe/escape.h"
#include "gateway/observe/metrics.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kIndex =
    "Sluice admin\n\n"
    "/metrics   metrics in Prometheus' text format\n"
    "/livez     the process answers\n"
    "/readyz    it may be sent traffic: configured, listening, not draining\n"
    "/startupz  it has been ready once\n";

std::string quoted(std::string_view text) {
  std::string out(text.size() * observe::kEscapedMax + 2, '"');
  char* end = observe::escape_json(text, out.data() + 1);
  *end++ = '"';
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

// RFC 9457; with about:blank the title is the status's own phrase.
Reply problem(int status, std::string_view title, std::string_view detail) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.body = fmt::format("{{\"type\":\"about:blank\",\"title\":{},\"status\":{},\"detail\":{}}}\n",
                           quoted(title), status, quoted(detail));
  return reply;
}

Reply text(std::string_view body) {
  Reply reply;
  reply.body = body;
  return reply;
}

Reply json(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = std::move(body);
  return reply;
}

std::string list(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& t : texts) out += (out.empty() ? "" : ",") + quoted(t);
  return "[" + out + "]";
}

// An IP address or localhost, with or without a port.
bool local_name(std::string_view host) {
  auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']') host = host.substr(0, colon);
  return base::equal_ignoring_case(host, "localhost") || net::Address::parse(host, 0).has_value();
}

}  // namespace

Reply Pages::answer(const PageRequest& request) {
  if (!any_host_ && !request.host.empty() && !local_name(request.host))
    return problem(421, "Misdirected Request", "Ask for this server by its IP address or as localhost.");
  if (request.method != "GET" && request.method != "HEAD") {
    auto reply = problem(405, "Method Not Allowed", "The admin server takes GET and HEAD.");
    reply.allow = "GET, HEAD";
    return reply;
  }
  auto path = request.target.substr(0, request.target.find('?'));
  if (path == "/") return text(kIndex);
  if (path == "/livez") return json(200, "{\"live\":true}\n");
  if (path == "/readyz") return ready();
  if (path == "/startupz") return started();
  if (path != "/metrics")
    return problem(404, "Not Found", "There is no such page; / lists those that exist.");
  Reply reply;
  reply.content_type = observe::kMetricsContentType;
  reply.metrics = true;
  return reply;
}

Reply Pages::ready() {
  auto readiness = suppliers_.readiness();
  if (!readiness.reasons.empty())
    return json(503, fmt::format("{{\"ready\":false,\"reasons\":{}}}\n", list(readiness.reasons)));
  was_ready_ = true;
  return json(200, "{\"ready\":true}\n");
}

Reply Pages::started() {
  auto reasons = was_ready_ ? std::vector<std::string>{} : suppliers_.readiness().reasons;
  if (!reasons.empty())
    return json(503, fmt::format("{{\"started\":false,\"reasons\":{}}}\n", list(reasons)));
  was_ready_ = true;
  return json(200, "{\"started\":true}\n");
}

}  // namespace sluice::admin
