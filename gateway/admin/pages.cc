// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/pages.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"
#include "gateway/chain/escape.h"
#include "gateway/observe/metrics.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kIndex =
    "Sluice admin\n\n"
    "/metrics   metrics in Prometheus' text format\n"
    "/livez     the process answers\n"
    "/readyz    it may be sent traffic: configured, listening, not draining\n"
    "/startupz  it has been ready once\n"
    "/failures  the last requests that failed or were refused; /failures/ID one of them, ?as=text for "
    "people\n"
    "/config    what is in force, and where it was written; ?as=yaml\n"
    "/routes    routes with their filters, handlers and timeouts\n"
    "/upstreams the targets, whether they get requests, and why not; ?upstream=U one of them, ?as=text "
    "for people,\n"
    "          &why=true with what became of each lately\n"
    "/workers   the threads that serve: how busy, how late\n"
    "/listeners the addresses that clients connect to\n"
    "/quotas    policies with quotas; ?policy=P what callers have used up, &key=K one of them\n"
    "/revocations how many tokens were taken back; PUT takes back more\n\n"
    "POST  /reload  reads the configuration again\n"
    "POST  /drain   ends the process, politely\n"
    "PUT   /upstreams/U/targets  [\"http://10.0.0.7:8080\"], in place of the configuration's, with "
    "?persist=true after a restart too; DELETE goes back\n"
    "PATCH /upstreams/U/targets/T  {\"weight\": 3, \"drain\": true, \"health\": \"reset\"}\n";

constexpr std::string_view kFailure = "/failures/";

Reply no_such_page() { return problem(404, "There is no such page; / lists those that exist."); }

Reply wrong_method(std::string_view allow) {
  auto reply = problem(405, "This page takes " + std::string(allow) + ".");
  reply.allow = allow;
  return reply;
}

}  // namespace

bool Pages::takes_body(const PageRequest& request) noexcept {
  return request.method == methods_of_changes(request.path()) ||
         (request.method == "PUT" && upstream_of_targets(request.path()));
}

Reply Pages::answer(const PageRequest& request) {
  if (auto refused = refusal(request)) return std::move(*refused);
  auto path = request.path();
  if (request.method != "POST" && changes_something(request.method) && suppliers_.handing_over &&
      suppliers_.handing_over())
    return problem(503, "Another process is about to take the place of this one; ask again soon.");
  if (auto methods = methods_of_changes(path); !methods.empty()) {
    if (request.method != methods) return wrong_method(methods);
    if (!says_json(request.content_type))
      return problem(415, "What changes something is sent with Content-Type: application/json.");
    return change(request, suppliers_.changes);
  }
  if (auto upstream = upstream_of_targets(path)) return targets(request, *upstream);
  // PUT alone changes something here, because no web page can make a browser send it to another origin
  // unasked.
  if (path == "/revocations" && request.method == "PUT") return revoke(request);
  if (changes_something(request.method))
    return wrong_method(path == "/revocations" ? "GET, HEAD, PUT" : "GET, HEAD");
  return read(request);
}

namespace {

Reply refused(const TargetsTold& told, const std::string& upstream) {
  using Kind = TargetsTold::Kind;
  switch (told.kind) {
    case Kind::no_upstream:
      return problem(404, "There is no upstream `" + upstream + "` in use; /upstreams lists them.");
    case Kind::nothing:
      return problem(404, "Nobody has told targets of an upstream `" + upstream + "`.");
    case Kind::no_place:
      return problem(409,
                     "Nothing has changed: targets are persisted in `state_directory`, and the configuration "
                     "names none that can be used.");
    case Kind::not_persisted:
      return problem(500, "Nothing has changed, as it could not be written: " + told.fault + ".");
    case Kind::bad:
    case Kind::done:
      break;
  }
  return problem(400, told.fault);
}

}  // namespace

// No page of a browser can send either to another origin unasked.
Reply Pages::targets(const PageRequest& request, const std::string& upstream) {
  using Kind = TargetsTold::Kind;
  if (request.method == "DELETE") {
    auto told = suppliers_.targets.forget(upstream);
    if (told.kind != Kind::done) return refused(told, upstream);
    note_change(request, "those of the configuration again");
    return json_reply(200, "{\"targets\":null}\n");
  }
  if (request.method != "PUT") return wrong_method("PUT, DELETE");
  auto persist = persist_asked(request.query());
  if (!persist) return problem(400, "There is one parameter, `persist`: true or false.");
  auto told = suppliers_.targets.put(upstream, std::string(request.body), *persist);
  if (told.kind != Kind::done) return refused(told, upstream);
  note_change(request, fmt::format("{} targets{}", told.targets, *persist ? ", persisted" : ""));
  return json_reply(
      200, fmt::format("{{\"targets\":{}{}}}\n", told.targets, *persist ? ",\"persisted\":true" : ""));
}

Reply Pages::read(const PageRequest& request) {
  auto path = request.path();
  if (path == "/") return text_reply(std::string(kIndex));
  if (path == "/livez") return json_reply(200, "{\"live\":true}\n");
  if (path == "/readyz") return ready();
  if (path == "/startupz") return started();
  if (path == "/failures") return failures(request);
  if (path.starts_with(kFailure)) return failure(request, path.substr(kFailure.size()));
  if (path == "/config") return config(request.query());
  if (path == "/routes") return json_reply(200, routes_page(suppliers_.routes("")));
  if (path == "/upstreams") return upstreams(request.query());
  if (path == "/workers") return json_reply(200, workers_page(suppliers_.workers()));
  if (path == "/listeners") return json_reply(200, listeners_page(suppliers_.listeners()));
  if (path == "/revocations")
    return json_reply(200, fmt::format("{{\"revocations\":{}}}\n", suppliers_.revocations()));
  if (path == "/quotas") return quotas(request.query());
  if (path != "/metrics") return no_such_page();
  Reply reply;
  reply.content_type = observe::kMetricsContentType;
  reply.metrics = true;
  return reply;
}

Reply Pages::upstreams(std::string_view query) {
  auto asked = upstreams_asked(query);
  if (!asked.fault.empty()) return problem(400, asked.fault);
  auto report = suppliers_.upstreams();
  if (auto unknown = keep_asked(asked, report); !unknown.empty()) return problem(404, unknown);
  if (!asked.as_text) return json_reply(200, upstreams_page(report.upstreams, report.silent));
  return text_reply(asked.why ? upstreams_story(report) : upstreams_table(report));
}

Reply Pages::config(std::string_view query) {
  if (query == "?as=yaml") {
    auto reply = text_reply(suppliers_.config().yaml);
    reply.content_type = "application/yaml";
    return reply;
  }
  if (!query.empty() && query != "?as=json")
    return problem(400, "There is one parameter, `as`: json or yaml.");
  return json_reply(200, config_page(suppliers_.config()));
}

Reply Pages::failures(const PageRequest& request) {
  auto asked = failures_asked(request.query());
  if (!asked.fault.empty()) return problem(400, asked.fault);
  if (asked.as_text) return problem(400, "Only one failure is told as text: /failures/ID?as=text.");
  return json_reply(200, failures_page(suppliers_.failures(asked.query)));
}

Reply Pages::failure(const PageRequest& request, std::string_view id) {
  auto asked = failures_asked(request.query());
  if (!asked.fault.empty()) return problem(400, asked.fault);
  asked.query.request_id = chain::decoded(id);
  asked.query.limit = 1;
  auto report = suppliers_.failures(asked.query);
  if (report.failures.empty())
    return problem(
        404, report.silent > 0
                 ? "Nothing is known of it, but some workers did not answer in time; ask again."
                 : "Nothing is known of a failure of that request: it did not fail, another process had "
                   "it, or there were too many failures since. The access log keeps all.");
  const observe::Failure& found = report.failures.front();
  FailureSurroundings now{std::nullopt, suppliers_.config_hash()};
  if (auto routes = suppliers_.routes(found.route); !routes.empty()) now.route = std::move(routes.front());
  return asked.as_text ? text_reply(failure_story(found, now)) : json_reply(200, failure_page(found, now));
}

Reply Pages::revoke(const PageRequest& request) {
  auto asked = revocation_of(request.query(), suppliers_.now());
  if (!asked.fault.empty()) return problem(400, asked.fault);
  auto revoked = suppliers_.revoke(std::move(asked.revocation));
  if (revoked.kind == Revoked::Kind::full)
    return problem(507, "As many tokens as can be remembered were taken back already.");
  if (revoked.kind == Revoked::Kind::not_kept)
    return problem(500, "It is taken back, but not kept over a restart: " + revoked.detail + ".");
  auto in_force = suppliers_.revocations();
  note_change(request, fmt::format("{} in force", in_force));
  return json_reply(200, fmt::format("{{\"revocations\":{}}}\n", in_force));
}

Reply Pages::quotas(std::string_view query) {
  auto asked = quota_query_of(query);
  if (!asked.fault.empty()) return problem(400, asked.fault);
  auto reports = suppliers_.quotas(asked);
  if (reports.empty() && !asked.policy.empty())
    return problem(404, "There is no policy `" + asked.policy + "` with quotas.");
  return json_reply(200, quotas_page(reports));
}

Reply Pages::ready() {
  auto readiness = suppliers_.readiness();
  if (!readiness.reasons.empty())
    return json_reply(503, fmt::format("{{\"ready\":false,\"reasons\":{}}}\n", json_list(readiness.reasons)));
  was_ready_ = true;
  if (readiness.notes.empty()) return json_reply(200, "{\"ready\":true}\n");
  return json_reply(200, fmt::format("{{\"ready\":true,\"notes\":{}}}\n", json_list(readiness.notes)));
}

Reply Pages::started() {
  auto reasons = was_ready_ ? std::vector<std::string>{} : suppliers_.readiness().reasons;
  if (!reasons.empty())
    return json_reply(503, fmt::format("{{\"started\":false,\"reasons\":{}}}\n", json_list(reasons)));
  was_ready_ = true;
  return json_reply(200, "{\"started\":true}\n");
}

}  // namespace sluice::admin
