// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "gateway/http/authority.h"

namespace sluice::upstream {

using namespace config;

void describe(Description<TargetConfig>& d) {
  d.about("target", "One address of an upstream.");
  d.field("url", &TargetConfig::url, "Where it is: scheme, host and port, or unix: and a path.", required,
          example("http://orders-1:8080"), example("unix:/run/orders.sock"));
  d.field("weight", &TargetConfig::weight, "Its share of the requests, relative to the others' weights.",
          between(1u, 10'000u));
  d.field("zone", &TargetConfig::zone,
          "Where it stands, such as a zone of a cloud or a rack. Shown at /upstreams; no choice goes by it.",
          non_empty, default_is("none"), example("eu-central-1a"));
  d.field("metadata", &TargetConfig::metadata,
          "Anything else that people want to see beside the target at /upstreams.",
          example("{version: \"2026.4\"}"));
  d.shorthand(&TargetConfig::url);
}

std::shared_ptr<const TargetLabels> TargetConfig::labels() const {
  if (zone.empty() && metadata.empty()) return nullptr;
  return std::make_shared<const TargetLabels>(TargetLabels{zone, metadata});
}

void describe(Enumeration<ProtocolChoice>& e) {
  e.about("protocol");
  e.value("auto", ProtocolChoice::automatic,
          "Over TLS HTTP/2 where the target chooses it (ALPN), otherwise HTTP/1.1.");
  e.value("h1", ProtocolChoice::h1, "HTTP/1.1.");
  e.value("h2", ProtocolChoice::h2,
          "HTTP/2: without TLS the target is not asked first (prior knowledge), over TLS one that does not "
          "choose it fails. What gRPC services need.");
  e.value("h2c", ProtocolChoice::h2c, "The same for targets without TLS; with https:// it is a mistake.");
}

void describe(Enumeration<OnClientAbort>& e) {
  e.about("on_client_abort");
  e.value("cancel", OnClientAbort::cancel,
          "The request is given up at once: its connection is closed, its HTTP/2 stream reset.");
  e.value("finish", OnClientAbort::finish,
          "A request that writes (of another method than GET, HEAD, OPTIONS and TRACE) goes on once it has "
          "been sent, within its timeouts; its answer is read and dropped. Not calls of gRPC, which clients "
          "cancel on purpose, and not requests whose body the client has not sent to its end.");
}

void describe(Text<HostPolicy>& t) {
  t.about("host policy", "keep, upstream or a host name such as orders.example.com");
  t.example("upstream");
  t.read([](std::string_view text, HostPolicy& out) -> Refusal {
    if (text == "keep") {
      out = {HostPolicy::Kind::keep, {}};
    } else if (text == "upstream") {
      out = {HostPolicy::Kind::upstream, {}};
    } else if (auto authority = http::parse_authority(text)) {
      out = {HostPolicy::Kind::literal, std::string(text)};
    } else {
      return Complaint{authority.error().detail, {}};
    }
    return {};
  });
  t.write([](const HostPolicy& h) -> std::string {
    switch (h.kind) {
      case HostPolicy::Kind::keep:
        return "keep";
      case HostPolicy::Kind::upstream:
        return "upstream";
      case HostPolicy::Kind::literal:
        break;
    }
    return h.literal;
  });
}

}  // namespace sluice::upstream

namespace sluice::http {

void describe(config::Enumeration<Telling>& e) {
  e.about("forwarded");
  e.value("x_forwarded", Telling::x_forwarded, "In X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto.");
  e.value("rfc7239", Telling::rfc7239, "In Forwarded (RFC 7239).");
  e.value("both", Telling::both, "In all of them.");
  e.value("off", Telling::off, "Not at all, but for what filters set.");
}

}  // namespace sluice::http

namespace sluice::upstream {

void describe(Description<PoolConfig>& d) {
  d.about("pool", "Connections to each target that are kept for further requests.");
  d.field(
      "idle", &PoolConfig::idle,
      "How long an unused connection is kept; 0s for as long as the target keeps it. A target that announces "
      "a shorter time (Keep-Alive: timeout=5) has its connection closed a little before that.");
  d.field("max_idle", &PoolConfig::max_idle,
          "Unused connections that are kept, for each target and worker. 0: a connection for each request.");
  d.field(
      "prewarm", &PoolConfig::prewarm,
      "Connections to each target that every worker makes before anybody asks for one, and makes anew when "
      "they end, so that requests need not wait for them. Only to targets that get requests, and "
      "no more than half of max_connections.",
      at_most(1000u), example("2"));
  d.field("max_connections", &PoolConfig::max_connections,
          "Connections to a target at a time, used and unused, all workers together. An unused one is closed "
          "where "
          "another is needed; when all are in use requests are answered with 503, also where there is a "
          "`queue`: that is for `limits.max_requests`.",
          at_least(1u), default_is("no limit"));
  d.check([](const PoolConfig& c, const Site& at) {
    auto most = std::min(c.max_idle, c.max_connections.value_or(c.max_idle));
    if (c.prewarm > most)
      at.error("prewarm",
               fmt::format("more connections than may be {}",
                           c.prewarm > c.max_idle ? "kept unused (max_idle)" : "open (max_connections)"));
  });
}

namespace {

void refuse_duplicates(const UpstreamConfig& c, const Site& at) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < c.targets.size(); ++i) {
    auto [first, fresh] = seen.emplace(c.targets[i].url.text(), i);
    if (!fresh)
      at.error(config::path("targets", i), "is the same target as " + config::path("targets", first->second),
               "to send more requests there, give it a weight");
  }
}

// What the checks ask of the rest of the upstream.
void check_health(const UpstreamConfig& c, const Site& at) {
  if (!c.health) return;
  if (c.health->type == ProbeKind::grpc && c.protocol == ProtocolChoice::h1)
    at.error("health", "gRPC is spoken over HTTP/2, and `protocol` is h1", "write `protocol: h2`");
  auto all = c.all_targets();
  bool on_sockets = std::ranges::any_of(all, [](const TargetConfig& t) { return !t.url.path.empty(); });
  if (c.health->port && on_sockets) at.error("health.port", "a target on a Unix socket has no ports");
}

void describe_targets(Description<UpstreamConfig>& d) {
  d.field("targets", &UpstreamConfig::targets,
          "Where the service is. Every address of a name is a target of its own, and so is every place of a "
          "service of DNS (srv+http://); both are followed as DNS changes.",
          non_empty, example("[http://orders-1:8080, {url: http://orders-2:8080, weight: 3}]"),
          example("[srv+http://_http._tcp.orders.example]"));
  d.field("url", &UpstreamConfig::url, "Short for `targets` with a single one.",
          example("http://orders:8080"));
  d.field(
      "endpoints_file", &UpstreamConfig::endpoints_file,
      "A YAML or JSON file with the list of targets, as `targets` has it, in place of one here. It is read "
      "again when it changes; a bad one leaves the targets of before in force.",
      non_empty, default_is("none"), example("/etc/sluice/orders.yaml"));
  d.field(
      "grace", &UpstreamConfig::grace,
      "A name, a service or a file that suddenly has no targets keeps those of before for so long. 0s: not "
      "at all.");
}

}  // namespace

void describe(Description<UpstreamConfig>& d) {
  d.about("upstream", "A group of targets that answer the same requests.");
  describe_targets(d);
  describe_balance(d);
  d.field("protocol", &UpstreamConfig::protocol, "The version of HTTP that the targets are spoken to with.",
          example("h2"));
  d.field("timeouts", &UpstreamConfig::timeouts, "Timeouts of this upstream.");
  d.field("tls", &UpstreamConfig::tls, "TLS to targets with https:// URLs.");
  d.field("pool", &UpstreamConfig::pool, "Kept connections.");
  d.field("retry", &UpstreamConfig::retry, "Repetition of failed attempts.",
          default_is("that of `defaults`"));
  d.field("hedge", &UpstreamConfig::hedge, "A second attempt beside one that is late.",
          default_is("that of `defaults`"), example("auto"), example("{after: 50ms, budget: 2%}"));
  d.field("on_client_abort", &UpstreamConfig::on_client_abort,
          "Whether requests that write are finished when their client leaves.", example("finish"));
  d.field("host", &UpstreamConfig::host,
          "Which Host the target sees: the client's (keep), the target's own (upstream) or this text.");
  d.field("forwarded", &UpstreamConfig::forwarded, "How the targets are told who the client is.",
          example("rfc7239"));
  d.field("proxy_protocol", &UpstreamConfig::proxy_protocol,
          "Tells the targets the client's address by a header of the PROXY protocol, first of all on each "
          "connection. Such a connection is one client's, so it serves one exchange and is not kept.",
          default_is("off"), example("v2"));
  d.field("health", &UpstreamConfig::health, "Checks whether the targets are well.", default_is("off"),
          example("/healthz"), example("{path: /healthz, interval: 5s, timeout: 2s}"),
          example("{type: grpc, service: shop.Cart}"), example("tcp"));
  d.field("outlier", &UpstreamConfig::outlier, "What a target is taken out of service for.", example("off"),
          example("{failures: 3, ejection: 10s}"));
  d.field("circuit_breaker", &UpstreamConfig::circuit_breaker,
          "When the upstream as a whole is left alone for a while.", default_is("off"), example("default"),
          example("{failure_rate: 30%, open: 10s}"));
  d.field("limits", &UpstreamConfig::limits, "What it gets at a time.", example("{max_requests: 200}"));
  d.field("adaptive_concurrency", &UpstreamConfig::adaptive_concurrency,
          "A limit of requests in flight that is found out from the upstream's latency.", default_is("off"),
          example("true"), example("{min: 20, max: 500}"));
  d.field("queue", &UpstreamConfig::queue,
          "Where requests wait at `limits.max_requests` and `adaptive_concurrency`.", default_is("off"),
          example("{max: 50, timeout: 500ms}"));
  d.exactly_one({"targets", "url", "endpoints_file"});
  d.check(refuse_duplicates);
  d.check(check_health);
  d.check(check_balance);
  d.check([](const UpstreamConfig& c, const Site& at) {
    bool adapts = c.adaptive_concurrency && c.adaptive_concurrency->on;
    if (c.queue && !c.limits.max_requests && !adapts)
      at.error("queue",
               "requests wait where a limit is reached, and there is neither limits.max_requests nor "
               "adaptive_concurrency",
               "for example `limits: {max_requests: 200}`");
    // Whoever comes from HAProxy expects those beyond maxconn in the queue.
    const auto& connections = c.limits.max_connections;
    if (c.queue && c.limits.max_requests && c.spoken() != ProtocolChoice::h2 && connections &&
        *connections < *c.limits.max_requests)
      at.warning("queue",
                 fmt::format("fewer connections ({}) than limits.max_requests ({}): requests beyond them are "
                             "answered with 503 before any waits",
                             *connections, *c.limits.max_requests),
                 "let max_requests be no more than max_connections");
    if (c.protocol == ProtocolChoice::h2c && c.uses_tls())
      at.error("protocol", "h2c is HTTP/2 without TLS, and a target has an https:// URL",
               "write `protocol: h2`");
    if (c.pool.prewarm && c.proxy_protocol)
      at.error("pool.prewarm", "with `proxy_protocol` each connection is made for one client");
    if (at.written("tls") && !c.uses_tls() && c.endpoints_file.empty())
      at.error("tls", "no target of this upstream has an https:// URL");
  });
}

bool UpstreamConfig::uses_tls() const {
  auto all = all_targets();
  return std::ranges::any_of(all, [](const TargetConfig& t) { return t.url.tls; });
}

std::vector<TargetConfig> UpstreamConfig::all_targets() const {
  if (url) return {TargetConfig{*url}};
  return targets;
}

}  // namespace sluice::upstream
