// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/pages.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"
#include "gateway/admin/revocation_query.h"
#include "gateway/base/strings.h"
#include "gateway/net/address.h"
#include "gateway/observe/metrics.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kIndex =
    "Sluice admin\n\n"
    "/metrics   metrics in Prometheus' text format\n"
    "/livez     the process answers\n"
    "/readyz    it may be sent traffic: configured, listening, not draining\n"
    "/startupz  it has been ready once\n"
    "/upstreams the targets, whether they get requests, and why not\n"
    "/upstreams/U/targets PUT tells others in place of the configuration's, DELETE goes back\n"
    "/quotas    policies with quotas; ?policy=P what callers have used up, &key=K one of them\n"
    "/revocations how many tokens were taken back; PUT takes back more\n";

// RFC 9457; with about:blank the title is the status's own phrase.
Reply problem(int status, std::string_view title, std::string_view detail) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/problem+json";
  reply.body = fmt::format("{{\"type\":\"about:blank\",\"title\":{},\"status\":{},\"detail\":{}}}\n",
                           json_text(title), status, json_text(detail));
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
  auto path = request.target.substr(0, request.target.find('?'));
  if (auto upstream = upstream_of_targets(path)) return targets(request, *upstream);
  // PUT alone changes something, because no web page can make a browser send it to another origin unasked.
  if (path == "/revocations" && request.method == "PUT") return revoke(request.target.substr(path.size()));
  if (request.method != "GET" && request.method != "HEAD") {
    bool takes_put = path == "/revocations";
    auto reply = problem(405, "Method Not Allowed",
                         takes_put ? "This page takes GET, HEAD and PUT." : "This page takes GET and HEAD.");
    reply.allow = takes_put ? "GET, HEAD, PUT" : "GET, HEAD";
    return reply;
  }
  if (path == "/") return text(kIndex);
  if (path == "/livez") return json(200, "{\"live\":true}\n");
  if (path == "/readyz") return ready();
  if (path == "/startupz") return started();
  if (path == "/upstreams") return json(200, upstreams_page(suppliers_.upstreams()));
  if (path == "/revocations")
    return json(200, fmt::format("{{\"revocations\":{}}}\n", suppliers_.revocations()));
  if (path == "/quotas") return quotas(request.target.substr(path.size()));
  if (path != "/metrics")
    return problem(404, "Not Found", "There is no such page; / lists those that exist.");
  Reply reply;
  reply.content_type = observe::kMetricsContentType;
  reply.metrics = true;
  return reply;
}

bool Pages::takes_body(const PageRequest& request) {
  auto path = request.target.substr(0, request.target.find('?'));
  return request.method == "PUT" && upstream_of_targets(path);
}

Reply Pages::targets(const PageRequest& request, const std::string& upstream) {
  if (request.method == "DELETE") {
    if (suppliers_.targets.forget(upstream)) return json(200, "{\"targets\":null}\n");
    return problem(404, "Not Found", "Nobody has told targets of an upstream `" + upstream + "`.");
  }
  if (request.method != "PUT") {
    auto reply =
        problem(405, "Method Not Allowed", "This page takes PUT and DELETE; /upstreams shows the targets.");
    reply.allow = "PUT, DELETE";
    return reply;
  }
  auto put = suppliers_.targets.put(upstream, std::string(request.body));
  if (!put) return problem(404, "Not Found", "There is no upstream `" + upstream + "` that a route uses.");
  if (!*put) return problem(400, "Bad Request", put->error().detail);
  return json(200, fmt::format("{{\"targets\":{}}}\n", **put));
}

Reply Pages::revoke(std::string_view query) {
  auto asked = revocation_of(query, suppliers_.now());
  if (!asked.fault.empty()) return problem(400, "Bad Request", asked.fault);
  if (!suppliers_.revoke(std::move(asked.revocation)))
    return problem(507, "Insufficient Storage",
                   "As many tokens as can be remembered were taken back already.");
  return json(200, fmt::format("{{\"revocations\":{}}}\n", suppliers_.revocations()));
}

Reply Pages::quotas(std::string_view query) {
  auto asked = quota_query_of(query);
  if (!asked.fault.empty()) return problem(400, "Bad Request", asked.fault);
  auto reports = suppliers_.quotas(asked);
  if (reports.empty() && !asked.policy.empty())
    return problem(404, "Not Found", "There is no policy `" + asked.policy + "` with quotas.");
  return json(200, quotas_page(reports));
}

Reply Pages::ready() {
  auto readiness = suppliers_.readiness();
  if (!readiness.reasons.empty())
    return json(503, fmt::format("{{\"ready\":false,\"reasons\":{}}}\n", json_list(readiness.reasons)));
  was_ready_ = true;
  return json(200, "{\"ready\":true}\n");
}

Reply Pages::started() {
  auto reasons = was_ready_ ? std::vector<std::string>{} : suppliers_.readiness().reasons;
  if (!reasons.empty())
    return json(503, fmt::format("{{\"started\":false,\"reasons\":{}}}\n", json_list(reasons)));
  was_ready_ = true;
  return json(200, "{\"started\":true}\n");
}

}  // namespace sluice::admin
