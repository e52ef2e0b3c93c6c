// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/condition_config.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/expression/written.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/semantics.h"
#include "gateway/routing/connection_conditions.h"
#include "gateway/routing/match_config.h"
#include "gateway/routing/request_conditions.h"
#include "gateway/routing/when_condition.h"

namespace sluice::routing {
namespace {

using namespace config;
using http::FieldId;

// What a header's name says wrong about what can be matched, and what to write instead; "" if nothing.
std::pair<std::string, std::string> refuse_header(std::string_view name) {
  FieldId id = http::field_id(name);
  if (!http::valid_field_name(name)) return {"is no name of a header", ""};
  if (id == FieldId::host) return {"is compared without port and case", "use `host`"};
  if (id == FieldId::cookie) return {"holds several cookies", "use `cookie`"};
  if (id == FieldId::client_cert || id == FieldId::client_cert_chain)
    return {"is the gateway's own word for a certificate", "use `client_certificate`"};
  if (id != FieldId::other && (http::field_set(id) & http::kClaimsAboutClients & ~http::kTellsServices))
    return {"is what clients say about themselves; it is removed from every request",
            "use `client_ip`, `listener` or `scheme`"};
  if (id != FieldId::upgrade && http::connection_level(id))
    return {"concerns a connection and is removed from every request", ""};
  return {};
}

void check_headers(const MatchConfig& match, const Site& at) {
  for (std::size_t i = 0; i < match.header.size(); ++i) {
    const std::string& name = match.header[i].first;
    auto [wrong, instead] = refuse_header(name);
    if (!wrong.empty()) at.error(path("header", name), fmt::format("`{}` {}", name, wrong), instead);
    for (std::size_t k = 0; k < i; ++k)
      if (base::equal_ignoring_case(name, match.header[k].first))
        at.error(path("header", name),
                 fmt::format("`{}` and `{}` are one header", match.header[k].first, name));
  }
  for (const auto& [name, value] : match.cookie)
    if (!http::valid_field_name(name))
      at.error(path("cookie", name), fmt::format("`{}` is no name of a cookie", name));
}

void add(std::vector<net::CertificateName>& out, net::CertificateName::Kind kind,
         const std::vector<std::string>& names) {
  bool dns = kind == net::CertificateName::Kind::dns;
  for (const std::string& name : names) out.push_back({kind, dns ? base::to_lower(name) : name});
}

}  // namespace

void describe(Text<HostText>& t) {
  t.about("host pattern", "a host such as api.example.com or *.example.com").example("api.example.com");
  t.read([](std::string_view text, HostText& out) -> Refusal {
    auto parsed = parse_host(text);
    if (auto* fault = std::get_if<PatternFault>(&parsed))
      return Complaint{std::move(fault->text), {}, fault->offset};
    out = {std::string(text), std::get<HostPattern>(std::move(parsed))};
    return {};
  });
  t.write([](const HostText& h) { return h.text; });
}

void describe(Text<ValueRegex>& t) {
  t.about("value expression", "an RE2 expression such as v[0-9]+").example("v[0-9]+");
  t.read([](std::string_view text, ValueRegex& out) -> Refusal {
    std::string error;
    auto regex = ValueRule::compile(text, error);
    if (!regex) return Complaint{"no RE2 expression: " + error, {}};
    out = {std::string(text), std::move(regex)};
    return {};
  });
  t.write([](const ValueRegex& r) { return r.text; });
}

void describe(Description<ValueConfig>& d) {
  d.about("match_value", "What a value has to be like. `not` and `not_regex` fit an absent value as well.");
  d.about_a_text();
  d.field("exact", &ValueConfig::exact, "One of these texts. Upper and lower case differ.", one_or_many,
          min_items(1), unique, example("[acme, globex]"));
  d.field(
      "regex", &ValueConfig::regex,
      "RE2 expression for the whole value: it is anchored at both ends, and `.` is any byte, line ends too.",
      example("\"v[0-9]+\""));
  d.field("not", &ValueConfig::not_exact, "None of these texts.", one_or_many, min_items(1), unique,
          example("beta"));
  d.field("not_regex", &ValueConfig::not_regex, "Not what this RE2 expression describes.",
          example("\"test-.*\""));
  d.field("present", &ValueConfig::present, "Is it there at all, whatever its value?", default_is("either"),
          example("false"));
  d.shorthand(&ValueConfig::exact);
  d.word("present", "It is there. The text itself is `{exact: present}`.",
         [](ValueConfig& v) { v.present = true; });
  d.word("absent", "It is not there. The text itself is `{exact: absent}`.",
         [](ValueConfig& v) { v.present = false; });
  d.exactly_one({"exact", "regex", "not", "not_regex", "present"});
}

ValueRule ValueConfig::rule() const {
  if (!exact.empty()) return ValueRule::exactly(exact);
  if (!not_exact.empty()) return ValueRule::exactly(not_exact).negated();
  if (regex) return ValueRule::matching(regex->regex);
  if (not_regex) return ValueRule::matching(not_regex->regex).negated();
  return present.value_or(true) ? ValueRule::present() : ValueRule::present().negated();
}

void describe(Description<ClientIpConfig>& d) {
  d.about("match_client_ip", "Where a client is.");
  d.field("in", &ClientIpConfig::in, "Networks and addresses, any of which fits; `unix` for Unix sockets.",
          one_or_many, min_items(1), example("[10.0.0.0/8, \"2001:db8::/32\"]"));
  d.field("not_in", &ClientIpConfig::not_in, "Networks and addresses, none of which fits.", one_or_many,
          min_items(1), example("10.1.0.0/16"));
  d.shorthand(&ClientIpConfig::in);
  d.at_least_one({"in", "not_in"});
}

void describe(Enumeration<SchemeChoice>& e) {
  e.about("match_scheme");
  e.value("http", SchemeChoice::http, "Plain HTTP.").value("https", SchemeChoice::https, "HTTP over TLS.");
}

void describe(Description<ClientCertificateConfig>& d) {
  d.about(
      "match_client_certificate",
      "A name in the client's TLS certificate, once the listener has verified it (`tls.client_auth`). Any "
      "name of any list fits.");
  d.field("uri", &ClientCertificateConfig::uri,
          "URIs of the alternative names. A `*` at the end stands for any text.", one_or_many, min_items(1),
          each(non_empty), example("\"spiffe://example.org/shop/*\""));
  d.field("dns", &ClientCertificateConfig::dns, "DNS names of the alternative names.", one_or_many,
          min_items(1), each(non_empty), example("billing.internal"));
  d.field("email", &ClientCertificateConfig::email, "Mail addresses of the alternative names.", one_or_many,
          min_items(1), each(non_empty));
  d.field("cn", &ClientCertificateConfig::cn, "Common names of the subject.", one_or_many, min_items(1),
          each(non_empty));
  d.at_least_one({"uri", "dns", "email", "cn"});
}

void describe(Text<WhenText>& t) {
  t.about("match expression", "a condition such as header[\"x-tier\"] == \"gold\"");
  t.example("request.path.endsWith(\".json\")");
  t.read([](std::string_view text, WhenText& out) -> Refusal {
    auto made = when_condition(text);
    if (auto* fault = std::get_if<expression::Fault>(&made)) return expression::complaint(*fault);
    out = {std::string(text), std::get<std::shared_ptr<const Condition>>(std::move(made))};
    return {};
  });
  t.write([](const WhenText& w) { return w.text; });
}

void describe_conditions(Description<MatchConfig>& d) {
  d.field("header", &MatchConfig::header,
          "Conditions on header fields, by name in any case; all must hold. Several lines of one name are "
          "compared as one value, joined by `, `. `Upgrade` is the protocol that the client asks for.",
          example("{X-Tenant: acme, X-Debug: absent}"), example("{X-Version: {regex: \"v[0-9]+\"}}"));
  d.field("query", &MatchConfig::query,
          "Conditions on query parameters, by name; all must hold. The first of a name counts, decoded.",
          example("{format: [json, xml]}"));
  d.field("cookie", &MatchConfig::cookie,
          "Conditions on cookies, by name; all must hold. The first of a name counts.",
          example("{beta: present}"));
  d.field("client_ip", &MatchConfig::client_ip,
          "Networks that the client must be in. The client is the peer, or whom a PROXY header or one of the "
          "listener's `trusted_proxies` names.",
          example("[10.0.0.0/8, 192.0.2.7]"), example("{not_in: 10.0.0.0/8}"));
  d.field("listener", &MatchConfig::listener, "Listeners, any of which fits.", one_or_many, non_empty, unique,
          reference("listener"), example("internal"));
  d.field("scheme", &MatchConfig::scheme,
          "That of the listener, or of the client's own connection where one of the listener's "
          "`trusted_proxies` tells it.",
          example("https"));
  d.field("sni", &MatchConfig::sni,
          "Server names that the client asked for in its TLS handshake, any of which fits, written as hosts "
          "are.",
          one_or_many, non_empty, unique, example("api.example.com"));
  d.field("client_certificate", &MatchConfig::client_certificate, "Who the client is by its certificate.",
          example("{dns: billing.internal}"));
  d.field(
      "when", &MatchConfig::when,
      "An expression over request.method, .host, .path, .query and .scheme, header.x, query.x, cookie.x, "
      "client.ip, listener.name and tls.sni, for what the other conditions cannot say. It does not make a "
      "match more specific, and two routes that differ in it alone need a `priority`. What depends on who "
      "calls is for the handler `branch`.",
      example("'request.path.endsWith(\".json\") || header.accept == \"application/json\"'"));
  d.check(check_headers);
}

std::vector<std::shared_ptr<const Condition>> ConditionsConfig::conditions() const {
  std::vector<std::shared_ptr<const Condition>> out;
  for (const auto& [name, value] : header) out.push_back(header_condition(name, value.rule()));
  for (const auto& [name, value] : cookie) out.push_back(cookie_condition(name, value.rule()));
  for (const auto& [name, value] : query) out.push_back(query_condition(name, value.rule()));
  if (client_ip) out.push_back(client_ip_condition(client_ip->in, client_ip->not_in));
  if (!listener.empty()) out.push_back(listener_condition(listener));
  if (scheme) out.push_back(scheme_condition(*scheme == SchemeChoice::https ? "https" : "http"));
  if (!sni.empty()) {
    std::vector<HostPattern> names;
    names.reserve(sni.size());
    for (const auto& name : sni) names.push_back(name.pattern);
    out.push_back(sni_condition(std::move(names)));
  }
  if (client_certificate) {
    using Kind = net::CertificateName::Kind;
    std::vector<net::CertificateName> names;
    add(names, Kind::uri, client_certificate->uri);
    add(names, Kind::dns, client_certificate->dns);
    add(names, Kind::email, client_certificate->email);
    add(names, Kind::cn, client_certificate->cn);
    out.push_back(client_certificate_condition(std::move(names)));
  }
  if (when) out.push_back(when->condition);
  return out;
}

}  // namespace sluice::routing
