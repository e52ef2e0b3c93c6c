// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/example.h"

#include "gateway/chain/escape.h"

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
  std::string out;
  out.append(head_.method_text).append(" http://").append(head_.host).append(head_.path);
  if (head_.has_query) out.append("?").append(head_.query);
  std::string_view before = " with ";
  for (const http::Field& line : head_.fields.lines()) {
    out.append(before).append(line.name).append(": ").append(line.value);
    before = " and ";
  }
  return out;
}

}  // namespace sluice::routing
