// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/failures_page.h"

#include <algorithm>

#include "gateway/admin/advice.h"
#include "gateway/admin/json.h"
#include "gateway/admin/query.h"
#include "gateway/base/strings.h"
#include "gateway/config/json.h"

namespace sluice::admin {
namespace {

using config::JsonWriter;
using observe::Failure;

constexpr std::size_t kMostListed = 1000;

void put_if_any(JsonWriter& w, std::string_view name, std::string_view value) {
  if (!value.empty()) w.member(name, value);
}

void put(JsonWriter& w, std::string_view name, std::optional<base::Duration> d) {
  if (d) w.key(name).raw(json_milliseconds(*d));
}

void put_attempts(JsonWriter& w, const Failure& f) {
  w.key("attempts").array();
  for (const auto& a : f.attempts) {
    w.object().member("target", a.target).key("status").number(static_cast<std::uint64_t>(a.status));
    w.member("reason", base::row(a.reason).name);
    put(w, "duration_ms", a.duration);
    w.end_object();
  }
  w.end_array();
}

// The names are those of the access log.
void put_fields(JsonWriter& w, const Failure& f) {
  w.member("request_id", f.request_id).key("time").raw(json_time(f.time));
  w.key("worker").number(f.worker);
  w.member("listener", f.listener).member("client_ip", f.client_ip).member("method", f.method);
  w.member("host", f.host).member("path", f.path).member("protocol", f.protocol);
  w.key("status").number(static_cast<std::uint64_t>(f.status));
  w.member("reason", base::row(f.reason).name);
  put_if_any(w, "detail", f.detail);
  w.member("source", observe::name(f.source)).member("route", f.route);
  put_if_any(w, "policy_denied", f.policy_denied);
  put_if_any(w, "consumer", f.consumer);
  put_if_any(w, "upstream", f.upstream);
  put_attempts(w, f);
  w.key("bytes_in").number(f.bytes_in).key("bytes_out").number(f.bytes_out);
  put(w, "duration_ms", f.duration);
  put(w, "queue_ms", f.queue);
  put(w, "auth_ms", f.auth);
  put(w, "filters_ms", f.filters);
  put(w, "connect_ms", f.connect);
  put(w, "first_byte_ms", f.first_byte);
  put(w, "upstream_ms", f.upstream_time);
  put(w, "client_write_ms", f.client_write);
  w.member("config_hash", f.config_hash);
}

}  // namespace

FailureAsked failures_asked(std::string_view query) {
  FailureAsked out;
  each_decoded(query, [&](const std::string& name, const std::string& value) {
    if (!out.fault.empty()) return;
    if (name == "limit") {
      auto n = base::parse_decimal(value);
      if (!n || *n == 0 || *n > kMostListed) out.fault = "`limit` is a number from 1 to 1000.";
      if (n) out.query.limit = *n;
    } else if (name == "route") {
      out.query.route = value;
    } else if (name == "reason") {
      out.query.reason = value;
    } else if (name == "as") {
      out.as_text = value == "text";
      if (value != "text" && value != "json") out.fault = "`as` is json or text.";
    } else {
      out.fault = "There is no parameter `" + name + "`; those known are limit, route, reason and as.";
    }
  });
  return out;
}

std::string failures_page(const FailureReport& report) {
  JsonWriter w(1);
  w.object();
  if (report.silent > 0) w.key("workers_silent").number(report.silent);
  w.key("failures").array();
  for (const Failure& f : report.failures) {
    w.object();
    put_fields(w, f);
    w.end_object();
  }
  w.end_array().end_object();
  return w.str() + "\n";
}

const ForwardReport* FailureSurroundings::forward(const Failure& failure) const noexcept {
  if (!route) return nullptr;
  const auto& all = route->forwards;
  auto at = std::ranges::find(all, failure.upstream, &ForwardReport::upstream);
  if (at != all.end()) return &*at;
  return all.size() == 1 ? &all.front() : nullptr;  // none was asked yet, or another one stood in for it
}

std::string_view passed_timeout(const Failure& failure, const FailureSurroundings& now) noexcept {
  const auto* forward = now.forward(failure);
  if (!forward) return "";
  return forward->in_force.passed(failure.reason, failure.connect.value_or(base::Duration{}),
                                  failure.status == 101);
}

std::string setting_of(const Failure& failure, const FailureSurroundings& now) {
  auto passed = passed_timeout(failure, now);
  return passed.empty() ? std::string(advice(failure.reason).setting) : "timeouts." + std::string(passed);
}

std::string failure_page(const Failure& failure, const FailureSurroundings& now) {
  JsonWriter w(1);
  const auto& row = base::row(failure.reason);
  Advice look = advice(failure.reason);
  w.object();
  put_fields(w, failure);
  put_if_any(w, "title", row.title);
  put_if_any(w, "explanation", row.explanation);
  put_if_any(w, "setting", setting_of(failure, now));
  put_if_any(w, "advice", look.text);
  w.key("config_in_force").boolean(failure.config_hash == now.config_hash);
  if (now.route) {
    w.member("route_from", now.route->from);
    const auto* forward = now.forward(failure);
    w.key("timeouts");
    put_timeouts(w, forward ? forward->timeouts : std::vector<TimeoutReport>());
  }
  w.end_object();
  return w.str() + "\n";
}

}  // namespace sluice::admin
