// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/variables.h"

#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/request_id.h"

namespace sluice::chain {
namespace {

using http::FieldId;
using View = std::string_view;

View capture(Exchange& ex, View name, FieldId) {
  for (const Capture& c : ex.captures)
    if (c.name == name) return c.value;
  return {};
}
View parameter(Exchange& ex, View name, FieldId) {
  return query_parameter(ex.request.query, name).value_or(View());
}
View header(Exchange& ex, View name, FieldId id) {
  const http::Field* line = id == FieldId::other ? ex.request.fields.find(name) : ex.request.fields.find(id);
  return line ? line->value : View();
}
View uri(Exchange& ex, View, FieldId) {
  const http::RequestHead& r = ex.request;
  return r.has_query ? ex.arena.join(r.path, "?", r.query) : r.path;
}

constexpr Variable kVariables[] = {
    {"path.", "What the route's path captured under that name.", Form::path_value, capture},
    {"query.", "The first query parameter of that name.", Form::query_value, parameter},
    {"header.", "The first request header line of that name.", Form::plain, header},
    {"client.ip", "The client's address.", Form::plain,
     [](Exchange& ex, View, FieldId) { return ex.stream.peer_ip(); }},
    {"request.id", "The request's id.", Form::plain,
     [](Exchange& ex, View, FieldId) { return request_id(ex); }},
    {"request.method", "GET, POST and so on.", Form::plain,
     [](Exchange& ex, View, FieldId) { return ex.request.method_text; }},
    {"request.scheme", "http or https.", Form::verbatim,
     [](Exchange& ex, View, FieldId) { return View(ex.stream.connection().listener->scheme); }},
    {"request.host", "The host that the client asked for, without a port.", Form::verbatim,
     [](Exchange& ex, View, FieldId) { return ex.request.host; }},
    {"request.path", "The path, still encoded.", Form::path,
     [](Exchange& ex, View, FieldId) { return ex.request.path; }},
    {"request.query", "The whole query without the question mark, still encoded.", Form::query,
     [](Exchange& ex, View, FieldId) { return ex.request.query; }},
    {"request.uri", "Path and query, still encoded.", Form::uri, uri},
    {"route.name", "Name of the route.", Form::plain,
     [](Exchange& ex, View, FieldId) { return ex.route_name; }},
    {"listener.name", "Name of the listener that accepted the connection.", Form::plain,
     [](Exchange& ex, View, FieldId) { return View(ex.stream.connection().listener->name); }},
};

}  // namespace

std::span<const Variable> variables() noexcept { return kVariables; }

}  // namespace sluice::chain
