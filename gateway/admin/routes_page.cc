// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/routes_page.h"

#include <fmt/format.h>

#include "gateway/config/json.h"

namespace sluice::admin {

std::string duration_text(base::Duration d) {
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  if (us <= 0) return "none";
  if (us < 1000) return fmt::format("{}us", us);
  if (us % 1'000'000 == 0) return fmt::format("{}s", us / 1'000'000);
  if (us < 1'000'000 || us % 1000 == 0) return fmt::format("{:g}ms", static_cast<double>(us) / 1000);
  return fmt::format("{:.3f}s", static_cast<double>(us) / 1e6);
}

namespace {

void put_forward(config::JsonWriter& w, const ForwardReport& forward) {
  w.member("upstream", forward.upstream).key("attempts").number(forward.attempts).key("timeouts");
  put_timeouts(w, forward.timeouts);
}

}  // namespace

void put_timeouts(config::JsonWriter& w, const std::vector<TimeoutReport>& timeouts) {
  w.object();
  for (const auto& t : timeouts)
    w.key(t.name).object().member("value", duration_text(t.value)).member("from", t.from).end_object();
  w.end_object();
}

std::string routes_page(const std::vector<RouteReport>& routes) {
  config::JsonWriter w(1);
  w.object().key("routes").array();
  for (const RouteReport& r : routes) {
    w.object().member("route", r.name).member("from", r.from).key("match").array();
    for (const auto& m : r.match) w.raw(m);
    w.end_array().key("filters").array();
    for (const auto& f : r.filters) {
      w.object().member("filter", f.name);
      if (!f.policy.empty()) w.member("policy", f.policy);
      if (!f.listener.empty()) w.member("listener", f.listener);
      w.member("from", f.from).end_object();
    }
    w.end_array().member("handler", r.handler).member("handler_from", r.handler_from);
    if (r.forwards.size() == 1) put_forward(w, r.forwards.front());
    if (r.forwards.size() > 1) {
      w.key("upstreams").array();
      for (const auto& forward : r.forwards) {
        w.object();
        put_forward(w, forward);
        w.end_object();
      }
      w.end_array();
    }
    w.end_object();
  }
  w.end_array().end_object();
  return w.str() + "\n";
}

}  // namespace sluice::admin
