// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/sarif.h"

#include "gateway/config/json.h"

namespace sluice::config {
namespace {

void put_place(JsonWriter& json, const Diagnostics& all, Place place) {
  json.key("locations").array();
  if (place) {
    json.object().key("physicalLocation").object();
    json.key("artifactLocation").object().member("uri", all.sources().name(place.file)).end_object();
    if (place.line) {
      json.key("region").object().key("startLine").number(place.line);
      if (place.column) json.key("startColumn").number(place.column);
      json.end_object();
    }
    json.end_object().end_object();
  }
  json.end_array();
}

}  // namespace

std::string sarif(std::span<const Diagnostics* const> all, std::string_view version) {
  JsonWriter json(1);
  json.object().member("$schema", "https://json.schemastore.org/sarif-2.1.0.json").member("version", "2.1.0");
  json.key("runs").array().object();
  json.key("tool").object().key("driver").object().member("name", "sluice").member("version", version);
  json.end_object().end_object();
  json.member("columnKind", "unicodeCodePoints").key("results").array();
  for (const Diagnostics* diagnostics : all)
    for (const Diagnostic& d : diagnostics->sorted()) {
      bool error = d.severity == Severity::error;
      json.object().member("ruleId", "configuration").member("level", error ? "error" : "warning");
      std::string text = d.message + (d.hint.empty() ? "" : "; " + d.hint);
      json.key("message").object().member("text", text).end_object();
      put_place(json, *diagnostics, d.place);
      json.end_object();
    }
  json.end_array().end_object().end_array().end_object();
  return json.str() + "\n";
}

}  // namespace sluice::config
