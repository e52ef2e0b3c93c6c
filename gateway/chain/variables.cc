// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/variables.h"

#include <string>

#include "gateway/chain/claims.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/request_id.h"
#include "gateway/http/joined_value.h"

namespace sluice::chain {
namespace {

using http::FieldId;
using View = std::string_view;

View capture(Exchange& ex, View name, FieldId) {
  for (const Capture& c : ex.captures)
    if (c.name == name) return c.value;
  return {};
}
View query_value(Exchange& ex, View name, FieldId) {
  return query_parameter(ex.request.query, name).value_or(View());
}
View header(Exchange& ex, View name, FieldId id) {
  return http::joined_value(ex.request.fields, id, name).value_or(View());
}
template <std::string net::ProxyFacts::* member>
View told_by_proxy(Exchange& ex, View, FieldId) {
  const auto* proxy = ex.stream.connection().proxy;
  return proxy ? View(proxy->*member) : View();
}
View uri(Exchange& ex, View, FieldId) {
  const http::RequestHead& r = ex.request;
  return r.has_query ? ex.arena.join(r.path, "?", r.query) : r.path;
}

// Without those that have a comma, as tokens may, or that a field would not hold as they are: whoever takes the
// list apart would see others in them.
View joined_list(std::span<const View> all, base::Arena& arena) {
  if (all.empty()) return {};
  std::size_t size = all.size();
  for (View one : all) size += one.size();
  char* begin = arena.chars(size);
  char* out = begin;
  for (View one : all) {
    if (one.empty() || one.find(',') != View::npos || !told_by_field(one)) continue;
    if (out != begin) *out++ = ',';
    out = write_raw(out, one);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}
View groups(Exchange& ex, View, FieldId) { return joined_list(ex.identity.groups, ex.arena); }
View scopes(Exchange& ex, View, FieldId) { return joined_list(ex.identity.scopes, ex.arena); }
View metadatum(Exchange& ex, View name, FieldId) {
  return ex.identity.entry ? ex.identity.entry->metadatum(name) : View();
}
View claim(Exchange& ex, View name, FieldId) {
  const Claim* found = find_claim(ex.identity.claims, name);
  return found ? found->text : View();
}
View consumer(Exchange& ex, View, FieldId) { return ex.identity.consumer; }
View error_status(Exchange& ex, View, FieldId) { return ex.arena.copy(std::to_string(ex.response.status)); }
View error_title(Exchange& ex, View, FieldId) {
  View phrase = http::status_phrase(ex.response.status);
  return ex.reason == base::Reason::none ? phrase : View(base::row(ex.reason).title);
}
View error_reason(Exchange& ex, View, FieldId) {
  return ex.reason == base::Reason::none ? View() : View(base::row(ex.reason).name);
}
View credential(Exchange& ex, View, FieldId) { return ex.identity.credential; }

constexpr bool kIdentity = true;

constexpr Variable kVariables[] = {
    {"path.", "What the route's path captured under that name.", Form::path_value, capture},
    {"query.", "The first query parameter of that name.", Form::query_value, query_value},
    {"header.", "The request header of that name; several lines are one value, joined by `, `.", Form::plain,
     header},
    {"client.ip", "The client's address.", Form::plain,
     [](Exchange& ex, View, FieldId) { return ex.stream.peer_ip(); }},
    {"request.id", "The request's id.", Form::plain,
     [](Exchange& ex, View, FieldId) { return request_id(ex); }},
    {"request.method", "GET, POST and so on.", Form::plain,
     [](Exchange& ex, View, FieldId) { return ex.request.method_text; }},
    {"request.scheme", "http or https.", Form::verbatim,
     [](Exchange& ex, View, FieldId) { return View(ex.stream.connection().scheme()); }},
    {"request.host", "The host that the client asked for, without a port.", Form::verbatim,
     [](Exchange& ex, View, FieldId) { return ex.request.host; }},
    {"request.path", "The path, still encoded.", Form::path,
     [](Exchange& ex, View, FieldId) { return ex.request.path; }},
    {"request.query", "The whole query without the question mark, still encoded.", Form::query,
     [](Exchange& ex, View, FieldId) { return ex.request.query; }},
    {"request.uri", "Path and query, still encoded.", Form::uri, uri},
    {"route.name", "Name of the route.", Form::plain,
     [](Exchange& ex, View, FieldId) { return ex.route_name; }},
    {"consumer.id", "Name of the consumer who calls.", Form::plain, consumer, kIdentity},
    {"consumer.name", "The same.", Form::plain, consumer, kIdentity},
    {"consumer.groups", "The caller's groups, separated by commas, without those that have one.", Form::plain,
     groups, kIdentity},
    {"consumer.scopes", "The caller's scopes, separated by commas, without those that have one.", Form::plain,
     scopes, kIdentity},
    {"consumer.metadata.", "What was noted about the consumer under that name.", Form::plain, metadatum,
     kIdentity},
    {"claim.",
     "The claim of that name of the caller's token; members of objects by dotted names, "
     "`claim.address.country`.",
     Form::plain, claim, kIdentity},
    {"credential", "Which of the caller's credentials was used: the name of a key, the subject of a token.",
     Form::plain, credential, kIdentity},
    {"error.status", "Of an error page: the status of the error.", Form::plain, error_status},
    {"error.title", "Of an error page: what went wrong, in a few words.", Form::plain, error_title},
    {"error.reason", "Of an error page: the gateway's reason; empty for an upstream's error.", Form::plain,
     error_reason},
    {"proxy.unique_id", "The connection's id of a PROXY header; in hexadecimal if it is no visible ASCII.",
     Form::plain, told_by_proxy<&net::ProxyFacts::unique_id>},
    {"proxy.authority", "The name that the client asked the proxy for (SNI), of a PROXY header.", Form::plain,
     told_by_proxy<&net::ProxyFacts::authority>},
    {"proxy.alpn", "The protocol that the client agreed on with the proxy (ALPN), of a PROXY header.",
     Form::plain, told_by_proxy<&net::ProxyFacts::alpn>},
    {"proxy.vpc_endpoint", "The id of the VPC endpoint, of a PROXY header by an AWS balancer.", Form::plain,
     told_by_proxy<&net::ProxyFacts::vpc_endpoint>},
    {"listener.name", "Name of the listener that accepted the connection.", Form::plain,
     [](Exchange& ex, View, FieldId) { return View(ex.stream.connection().listener->name); }},
};

}  // namespace

std::span<const Variable> variables() noexcept { return kVariables; }

}  // namespace sluice::chain
