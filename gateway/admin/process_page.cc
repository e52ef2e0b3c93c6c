// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/process_page.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"
#include "gateway/config/json.h"

namespace sluice::admin {

std::string workers_page(const std::vector<WorkerReport>& workers) {
  config::JsonWriter w(1);
  w.object().key("workers").array();
  for (const WorkerReport& r : workers) {
    w.object().key("worker").number(r.worker).key("busy_ratio").raw(fmt::format("{:.3f}", r.busy));
    w.key("silent").boolean(r.silent);
    if (!r.silent) {
      w.key("lag_ms").raw(json_milliseconds(r.lag)).key("worst_lag_ms").raw(json_milliseconds(r.worst_lag));
      w.key("connections").number(r.connections).key("exchanges").number(r.exchanges);
    }
    w.end_object();
  }
  w.end_array().end_object();
  return w.str() + "\n";
}

std::string listeners_page(const std::vector<ListenerReport>& listeners) {
  config::JsonWriter w(1);
  w.object().key("listeners").array();
  for (const ListenerReport& l : listeners) {
    w.object().member("listener", l.name).member("bind", l.bind);
    if (l.port) w.key("port").number(l.port);
    w.key("tls").boolean(l.tls).key("protocols").array();
    for (const auto& p : l.protocols) w.text(p);
    w.end_array().key("connections").number(l.connections);
    if (!l.complete) w.key("complete").boolean(false);
    w.end_object();
  }
  w.end_array().end_object();
  return w.str() + "\n";
}

}  // namespace sluice::admin
