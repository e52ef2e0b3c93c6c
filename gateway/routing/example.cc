// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/example.h"

#include "gateway/chain/escape.h"
#include "gateway/config/mask.h"
#include "gateway/config/sources.h"

namespace sluice::routing {

Example::Example(std::string_view method, std::string_view host, std::string_view path) {
  head_.method = http::method(method);
  head_.method_text = arena_.copy(method);
  head_.host = arena_.copy(host);
  head_.path = arena_.copy(path);
}

void Example::add_field(std::string_view name, std::string_view value) {
  head_.fields.add(arena_.copy(name), arena_.copy(value));
}

void Example::add_parameter(std::string_view name, std::string_view value) {
  std::string query(head_.query);
  if (head_.has_query) query += '&';
  query += chain::component(name) + "=" + chain::component(value);
  head_.query = arena_.copy(query);
  head_.has_query = true;
}

void Example::add_cookie(std::string_view name, std::string_view value) {
  head_.fields.add(http::FieldId::cookie, arena_.join(name, "=", value));
}

std::string Example::text() const {
  std::string uri = "http://" + std::string(head_.host) + std::string(head_.path);
  if (head_.has_query) uri.append("?").append(head_.query);
  std::string out = std::string(head_.method_text) + " " + config::without_credentials(uri);
  std::string_view before = " with ";
  for (const http::Field& line : head_.fields.lines()) {
    // A cookie is hidden by its own name, as in what the condition says of itself.
    const auto named = line.id == http::FieldId::cookie ? line.value.find('=') + 1 : 0;
    const auto name = named == 0 ? line.name : line.value.substr(0, named - 1);
    out.append(before).append(line.name).append(": ").append(line.value.substr(0, named));
    out.append(config::carries_credentials(name) ? config::kMask : line.value.substr(named));
    before = " and ";
  }
  return out;
}

}  // namespace sluice::routing
