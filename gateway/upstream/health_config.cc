// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/health_config.h"

#include "gateway/base/strings.h"
#include "gateway/config/amounts.h"
#include "gateway/http/authority.h"
#include "gateway/http/uri.h"

namespace sluice::upstream {

using namespace config;
using namespace std::chrono_literals;

std::string_view name(ProbeKind kind) noexcept {
  switch (kind) {
    case ProbeKind::http:
      return "http";
    case ProbeKind::tcp:
      return "tcp";
    case ProbeKind::grpc:
      return "grpc";
  }
  return "";
}

void describe(Enumeration<ProbeKind>& e) {
  e.about("health check");
  e.value("http", ProbeKind::http, "A GET of `path` is answered with a status that `expect` lists.");
  e.value("tcp", ProbeKind::tcp, "A connection can be made; over TLS the handshake succeeds too.");
  e.value("grpc", ProbeKind::grpc, "grpc.health.v1.Health/Check is answered with SERVING, over HTTP/2.");
}

namespace {

std::optional<int> status(std::string_view text) noexcept {
  auto number = text.size() == 3 ? base::parse_decimal(text) : std::nullopt;
  if (!number || *number < 100 || *number > 599) return std::nullopt;
  return static_cast<int>(*number);
}

Refusal read_range(std::string_view text, StatusRange& out) {
  bool of_class = text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text.substr(1) == "xx";
  if (of_class) {
    int first = (text[0] - '0') * 100;
    out = {first, first + 99};
    return {};
  }
  auto dash = text.find('-');
  auto first = status(text.substr(0, dash));
  auto last = dash == text.npos ? first : status(text.substr(dash + 1));
  if (!first || !last) return Complaint{};
  if (*last < *first) return Complaint{"the first status is greater than the last", {}};
  out = {*first, *last};
  return {};
}

std::string fault_of_path(std::string_view path) {
  auto parts = http::split_target(path);
  base::Arena arena;
  auto normal = http::normalise_path(parts.path, arena);
  if (!normal) return normal.error().detail;
  return http::valid_query(parts.query) ? "" : "a query is printable ASCII without spaces and #";
}

void check_kind(const HealthConfig& c, const Site& at) {
  bool http = c.type == ProbeKind::http, grpc = c.type == ProbeKind::grpc;
  if (http && c.path.empty()) {
    at.error("", "an HTTP check needs a `path`", "for example `health: /healthz`, or `health: tcp`");
  } else if (http && !c.path.starts_with('/')) {
    at.error("path", "a path begins with /", "write /" + c.path);
  } else if (auto fault = http ? fault_of_path(c.path) : ""; !fault.empty()) {
    at.error("path", fault);
  }
  for (const char* name : {"path", "expect"})
    if (!http && at.written(name)) at.error(name, "is for checks of type http alone");
  if (!grpc && at.written("service"))
    at.error("service", "is for checks of type grpc alone", "add `type: grpc`");
  if (c.type == ProbeKind::tcp && at.written("host")) at.error("host", "a check of type tcp names no host");
}

void check_times(const HealthConfig& c, const Site& at) {
  if (c.timeout > c.interval)
    at.error(at.written("interval") ? "interval" : "timeout",
             "the timeout (" + to_text(c.timeout) + ") is longer than the interval (" + to_text(c.interval) +
                 "), and one check ends before the next begins");
}

}  // namespace

void describe(Text<StatusRange>& t) {
  t.about("status codes", "a status, a class or a range such as 200, 2xx or 200-399").example("200-399");
  t.read(read_range);
  t.write([](const StatusRange& r) { return r.text(); });
}

std::string StatusRange::text() const {
  auto from = std::to_string(first);
  return first == last ? from : from + "-" + std::to_string(last);
}

void describe(Description<HealthConfig>& d) {
  d.about(
      "health",
      "Checks of the targets, by one prober for the whole process. A target that fails them gets no requests "
      "until it passes again; when none is left, requests are answered with 503.");
  d.field("type", &HealthConfig::type, "What is done.");
  d.field("path", &HealthConfig::path, "What an HTTP check asks for, with a query if need be.",
          example("/healthz"));
  d.field("service", &HealthConfig::service, "The service that a gRPC check asks about.",
          default_is("the server as a whole"), example("shop.Cart"));
  d.field("host", &HealthConfig::host, "The Host that a check names.",
          default_is("the upstream's `host` if that is a name, else the target's own"),
          example("orders.example.com"), check([](const std::string& host) -> std::string {
            auto authority = http::parse_authority(host);
            return host.empty() || authority ? "" : authority.error().detail;
          }));
  d.field("expect", &HealthConfig::expect, "The statuses that an HTTP check takes for good.", non_empty,
          one_or_many, example("200"), example("[2xx, 404]"));
  d.field("port", &HealthConfig::port, "Where checks connect to, at the target's address.",
          default_is("the target's own port"), at_least(std::uint16_t{1}));
  d.field("interval", &HealthConfig::interval,
          "From one check to the next, give or take a fifth, so that targets are not asked in step.",
          between(100ms, 24h));
  d.field("timeout", &HealthConfig::timeout, "A check that takes longer has failed.", between(10ms, 24h));
  d.field("unhealthy_after", &HealthConfig::unhealthy_after,
          "So many failed checks in a row make a healthy target unhealthy; the first check of a new one does "
          "alone.",
          between(1u, 100u));
  d.field("healthy_after", &HealthConfig::healthy_after,
          "So many passed checks in a row make an unhealthy target healthy.", between(1u, 100u));
  d.shorthand(&HealthConfig::path);
  d.word("tcp", "A check of type tcp.", [](HealthConfig& c) { c.type = ProbeKind::tcp; });
  d.word("grpc", "A check of type grpc.", [](HealthConfig& c) { c.type = ProbeKind::grpc; });
  d.check(check_kind);
  d.check(check_times);
}

}  // namespace sluice::upstream
