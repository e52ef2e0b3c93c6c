// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/config_page.h"

#include "gateway/admin/json.h"
#include "gateway/config/json.h"

namespace sluice::admin {

std::string config_page(const ConfigReport& report) {
  config::JsonWriter w(1);
  w.object().member("hash", report.hash).member("source", report.source);
  w.key("loaded").raw(json_time(report.loaded)).key("files").array();
  for (const auto& file : report.files) w.text(file);
  w.end_array().key("config").raw(report.config).key("origins").object();
  for (const auto& [path, place] : report.origins) w.member(path, place);
  w.end_object();
  if (!report.wait_for_restart.empty()) {
    w.key("wait_for_restart").array();
    for (const auto& name : report.wait_for_restart) w.text(name);
    w.end_array();
  }
  w.end_object();
  return w.str() + "\n";
}

}  // namespace sluice::admin
