// SPDX-License-Identifier: Apache-2.0
// sluice explain: what the gateway would do with a request, and which line of the configuration says so.
// Offline; asks the same parser and the same decide() as the data plane.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "gateway/base/strings.h"
#include "gateway/chain/request_id.h"
#include "gateway/cli/dry_build.h"
#include "gateway/cli/sample.h"
#include "gateway/cli/verbs.h"
#include "gateway/config/report.h"
#include "gateway/config/write.h"
#include "gateway/front/redirect.h"
#include "gateway/handlers/branch.h"
#include "gateway/handlers/compose.h"
#include "gateway/handlers/split.h"
#include "gateway/http/connection.h"
#include "gateway/http/h1/parser.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/semantics.h"
#include "gateway/routing/decide.h"
#include "gateway/routing/slashes.h"
#include "gateway/routing/trace.h"
#include "gateway/server/reports.h"

namespace sluice::cli {
namespace {

using config::path;

struct ExplainAsked {
  std::string config;
  std::string request;  // "GET http://host/path"
  std::vector<std::string> fields;
  std::string from;      // address of the client
  std::string listener;  // "" for one of the request's scheme
  std::string sni;
  bool vault = false;
};

// The bytes that a client would send for "POST https://api.example.com/orders/7?dry=1".
std::string wire_text(const ExplainAsked& asked) {
  std::string_view text = base::trim(asked.request);
  auto space = text.find(' ');
  std::string_view method = space == std::string_view::npos ? "GET" : text.substr(0, space);
  std::string_view url = space == std::string_view::npos ? text : base::trim(text.substr(space + 1));
  std::string_view authority = "localhost";
  if (auto scheme = url.find("://"); scheme != std::string_view::npos) {
    auto rest = url.substr(scheme + 3);
    auto slash = rest.find_first_of("/?");
    authority = rest.substr(0, slash);
    url = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  }
  std::string target = url.empty() || url.front() == '?' ? "/" + std::string(url) : std::string(url);
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", method, target);
  bool host = false;
  for (const auto& field : asked.fields) {
    host = host || base::equal_ignoring_case(base::trim(field.substr(0, field.find(':'))), "host");
    out += field + "\r\n";
  }
  if (!host) out += fmt::format("Host: {}\r\n", authority);
  return out + "\r\n";
}

// The connection that the request would come on. Certificates of clients cannot be shown.
class Connection {
 public:
  // What is wrong with what was asked; "" if nothing.
  std::string describe(const ExplainAsked& asked, const server::Config& config) {
    bool https = base::trim(asked.request).find("https://") != std::string_view::npos;
    std::string listener = asked.listener;
    for (const auto& [name, settings] : config.listeners)
      if (listener.empty() && settings.tls.has_value() == https) listener = name;
    const auto* settings = config.listeners.find(listener);
    if (!asked.listener.empty() && !settings) return "there is no listener `" + asked.listener + "`";
    if (settings) {
      listener_ = settings->facts(listener, 0);
      options_ = settings->options();
    } else if (https) {
      listener_.scheme = "https";
    }
    auto peer = net::Address::parse(asked.from, 0);
    if (!peer) return "`" + asked.from + "` is no address of a client";
    facts_.peer = *peer;
    facts_.listener = &listener_;
    tls_.sni = asked.sni;
    if (listener_.scheme == "https") facts_.tls = &tls_;
    return {};
  }
  // As the exchange does: whom a proxy that the listener trusts speaks for is the client from here on.
  void believe(const http::Fields& fields, base::Arena& arena) {
    facts_.forwarded = http::read_forwarded(fields, facts_.peer, listener_.trusted, arena);
    if (facts_.forwarded) facts_.peer = facts_.forwarded->client;
  }
  const http::ConnectionFacts& facts() const noexcept { return facts_; }
  const http::HeadLimits& limits() const noexcept { return options_.limits; }
  std::uint64_t max_body() const noexcept { return options_.max_body; }

 private:
  http::ListenerFacts listener_;
  http::ServerOptions options_;
  net::TlsFacts tls_;
  http::ConnectionFacts facts_;
};

class Explanation {
 public:
  Explanation(DryBuild& built, http::RequestHead& request, const http::ConnectionFacts& connection)
      : built_(built),
        loaded_(built.loaded()),
        report_(loaded_.document, loaded_.diagnostics),
        request_(request),
        connection_(connection),
        sample_(request, connection, loaded_.document.sources()) {}

  // True if a route answers.
  bool print() {
    bool to_routes = connection_.listener->https_port == 0 || front::is_acme_challenge(request_.path);
    if (to_routes && built_.snapshot()->merge_slashes)
      request_.path = routing::with_merged_slashes(request_.path, sample_.arena());
    say("request     {} {}\n", request_.method_text, sample_.masked_target());
    say("host        {}\n", request_.host.empty() ? "(none)" : request_.host);
    if (const auto* told = connection_.forwarded)
      say("client      {}   (told by the proxy {})\n", told->client.ip(), told->proxy.ip());
    remove_claims();
    routing::Trace trace;
    routing::Plan plan;
    if (to_routes) plan = routing::decide({request_, &connection_}, *built_.snapshot(), &trace);
    if (!to_routes ||
        (connection_.listener->https_port != 0 && !front::is_about_challenges(plan, request_.path))) {
      print_redirected();
      return false;
    }
    print_candidates(trace);
    if (!plan.route) {
      print_unrouted(plan);
      return false;
    }
    index_ = plan.lookup.route;
    say("route       {}   ({})\n", plan.route->name, report_.where(path("routes", index_)));
    for (const auto& capture : plan.lookup.captures.all())
      say("capture     {} = {}\n", capture.name, capture.value);
    if (plan.preflight) {
      for (const auto& link : plan.route->chain.links())
        if (link.hooks.preflight) say("preflight   answered by {}; nothing else is asked\n", link.name);
      return true;
    }
    auto& exchange = sample_.exchange();
    exchange.route_name = plan.route->name;
    exchange.captures = plan.lookup.captures.all();
    exchange.matched_prefix = request_.path.substr(0, plan.lookup.prefix);
    remove_id(plan.route->chain);
    print_filters(plan.route->chain);
    print_handler(*plan.route);
    return true;
  }

 private:
  // What the configuration put in from elsewhere is secret wherever it turns up.
  template <class... Parts>
  void say(fmt::format_string<Parts...> line, const Parts&... parts) const {
    auto text = fmt::vformat(line, fmt::make_format_args(parts...));
    fmt::print("{}", loaded_.document.sources().masked(std::move(text)));
  }

  const server::RouteConfig& route() const { return loaded_.config.routes[index_]; }

  // As the exchange does before it looks a route up.
  void remove_claims() {
    auto before = sample_.lines();
    const auto* told = connection_.forwarded;
    http::remove_claims(request_.fields, told && !told->rfc7239);
    built_.snapshot()->identity_fields.remove_from(request_.fields);
    if (built_.snapshot()->underscores == routing::Underscores::drop)
      routing::drop_underscores(request_.fields);
    print_removed(before, told ? "only the gateway says that" : "no client may say that");
  }

  // And once it has one.
  void remove_id(const chain::Chain& chain) {
    if (chain.names_requests() || !chain::believed_request_id(sample_.exchange()).empty()) return;
    auto before = sample_.lines();
    request_.fields.remove(http::FieldId::x_request_id);
    print_removed(before, "no filter `request_id` says whose counts");
  }

  void print_removed(const std::vector<std::string>& before, std::string_view why) const {
    auto after = sample_.lines();
    for (const auto& line : before)
      if (std::ranges::find(after, line) == after.end())
        say("removed     {}   ({})\n", sample_.masked(line), why);
  }

  void print_candidates(const routing::Trace& trace) const {
    for (const auto& c : trace.candidates) {
      const auto& name = loaded_.config.routes[c.route].name;
      say("{} {}  {} {}{}{}\n", c.won ? "candidate *" : "candidate  ", name, c.host, c.path,
          c.conditions.empty() ? "" : " with " + c.conditions, c.won ? "" : "   lost: " + c.lost_by);
    }
    if (trace.candidates.empty() && !trace.hint.empty()) say("hint        {}\n", trace.hint);
  }

  // By a listener with `redirect`, whatever the routes say.
  void print_redirected() {
    const auto& listener = *connection_.listener;
    say("listener    {} sends every request to https   ({})\n", listener.name,
        report_.where(path("listeners", listener.name, "redirect")));
    auto location = front::https_location(request_, listener, sample_.arena());
    if (location.empty()) {
      const auto& row = base::row(base::Reason::validation);
      say("answer      {}, reason {}: {}\n", row.status, row.name, front::kNoHost);
    } else {
      say("answer      {}, Location: {}\n", front::https_status(request_, listener),
          config::without_credentials(location));
    }
  }

  void print_unrouted(const routing::Plan& plan) const {
    using Outcome = routing::Lookup::Outcome;
    const auto& lookup = plan.lookup;
    if (!plan.refused.empty()) {
      if (lookup.outcome != Outcome::no_route)
        say("route       {} does not allow it   ({})\n", loaded_.config.routes[lookup.route].name,
            report_.where(path("routes", lookup.route)));
      say("answer      400, reason bad_request: {}\n", plan.refused);
    } else if (lookup.outcome == Outcome::no_route) {
      say("answer      404, reason no_route: {}\n", base::row(base::Reason::no_route).explanation);
    } else if (lookup.outcome == Outcome::redirected) {
      base::Arena arena;
      say("route       {}   ({})\n", loaded_.config.routes[lookup.route].name,
          report_.where(path("routes", lookup.route)));
      auto location = arena.join(routing::with_other_ending(request_.path, arena),
                                 request_.has_query ? "?" : "", request_.query);
      say("answer      308, Location: {}\n", config::without_credentials(location));
    } else if (lookup.outcome == Outcome::matched) {
      say("answer      none: no listener accepts it\n");
    } else if (lookup.outcome == Outcome::options) {
      say("answer      204, Allow: {}\n", built_.snapshot()->table.method_names(lookup.allow));
    } else {
      say("answer      405, reason method, Allow: {}\n", built_.snapshot()->table.method_names(lookup.allow));
    }
  }

  void print_filters(const chain::Chain& chain) {
    auto link = chain.links().begin();
    auto print = [&](const auto& uses, const auto&... at) {
      for (std::size_t i = 0; i < uses.size(); ++i, ++link)
        print_filter(uses[i], path(at..., "use", i), *link->filter);
    };
    const std::string& listener = connection_.listener->name;
    if (const auto* written = loaded_.config.listeners.find(listener))
      print(written->use, "listeners", listener);
    print(loaded_.config.use);
    print(route().use, "routes", index_);
  }

  void print_filter(const server::UseConfig& use, const std::string& at, const chain::Filter& filter) {
    print_written(use, at);
    const auto* policy = use.policy.empty() ? nullptr : loaded_.config.policies.find(use.policy);
    if (!Sample::can_show(policy ? policy->filter.name() : use.filter.name())) return;
    for (const auto& change : sample_.pass(filter)) say("  makes     {}\n", change);
  }

  void print_written(const server::UseConfig& use, const std::string& at) const {
    if (use.policy.empty()) {
      say("filter      {}   ({})\n", use.filter.name(), report_.where(at));
      print_settings(use.filter);
      return;
    }
    const auto* policy = loaded_.config.policies.find(use.policy);
    say("filter      {}, policy {}   ({}, used at {})\n", policy->filter.name(), use.policy,
        report_.where(path("policies", use.policy)), report_.where(at));
    print_settings(policy->filter);
  }

  void print_settings(const config::Choice& choice) const {
    auto text = config::long_form(choice.kind()->shape(), choice.value().get(), nullptr);
    print_lines(loaded_.document.sources().masked(std::move(text)));
  }

  void print_lines(std::string_view text) const {
    while (!text.empty()) {
      auto end = text.find('\n');
      if (end != 0) say("            {}\n", text.substr(0, end));
      text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
  }

  void print_handler(const routing::Route& built) const {
    const auto& handler = route().handler;
    say("handler     {}   ({})\n", handler.name(), report_.where(path("routes", index_, handler.name())));
    print_settings(handler);
    print_parts(built.chain.handler());
  }

  // What a handler asks, and those that it is made of.
  void print_parts(const chain::Handler& handler) const {
    if (const auto* composed = dynamic_cast<const handlers::Compose*>(&handler))
      print_lines(composed->plan().drawn());
    if (const auto* forward = dynamic_cast<const handlers::Forward*>(&handler)) print_forward(*forward);
    if (const auto* split = dynamic_cast<const handlers::Split*>(&handler)) print_split(*split);
    if (const auto* branch = dynamic_cast<const handlers::Branch*>(&handler)) {
      for (const auto& arm : branch->arms()) {
        say("branch      {} {}\n", arm.when ? "when " + arm.when->text() + ":" : "otherwise:", arm.kind);
        print_parts(*arm.handler);
      }
    }
  }

  void print_split(const handlers::Split& split) const {
    say("split       {}\n", split.sticky_by().empty() ? "each request by itself" : "by " + split.sticky_by());
    for (std::size_t i = 0; i < split.arms().size(); ++i) {
      const auto& arm = split.arms()[i];
      say("arm         {} {}: {:.2f}% of the requests\n", arm.upstream, arm.weight, 100 * split.share(i));
      print_forward(*arm.forward);
    }
  }

  void print_forward(const handlers::Forward& forward) const {
    const auto& upstream = forward.upstream();
    say("upstream    {}   ({})\n", upstream.name(), report_.where(path("upstreams", upstream.name())));
    for (const auto& target : upstream.shown()) say("target      {}\n", target.text);
    print_choice(upstream);
    bool h2 = upstream.pool().protocol == upstream::ProtocolChoice::h2;
    say("protocol    {}\n", h2 ? "HTTP/2" : "HTTP/1.1");
    const auto& t = forward.timeouts();
    print_timeout(upstream, "connect", t.connect);
    print_timeout(upstream, "first_byte", t.first_byte);
    print_timeout(upstream, "idle", t.idle);
    print_timeout(upstream, "total", t.total);
    print_timeout(upstream, "tunnel", t.tunnel);
    print_timeout(upstream, "attempt", t.attempt);
    say("propagate   {}   ({})\n", t.propagate ? "yes, as X-Request-Deadline" : "no",
        server::timeout_from(loaded_.config, loaded_.document, index_, upstream.name(), "propagate"));
    say("retry       at most {} attempts; {}\n", upstream.retry().attempts,
        http::harmless_twice(request_)
            ? "this request may be repeated as long as nothing of an answer has arrived"
            : "this request is repeated only if nothing of it can have reached the application");
    print_sent(forward);
  }

  // The head as a target gets it, but for what only a real request has.
  void print_sent(const handlers::Forward& forward) const {
    const auto& upstream = forward.upstream();
    say("sends       {} {}\n", request_.method_text, sample_.masked_target());
    say("sends       Host: {}\n", host_for(forward));
    base::Arena arena;
    const auto told = http::told_in(upstream.telling());
    for (const http::Field& line : request_.fields.lines()) {
      bool replaced = line.id == http::FieldId::host ||
                      (line.id != http::FieldId::other && (told & http::field_set(line.id)) != 0);
      if (!line.dropped && !replaced)
        say("sends       {}\n", sample_.masked(fmt::format("{}: {}", line.name, line.value)));
    }
    auto lines = http::forwarded_lines(upstream.telling(), connection_, connection_.peer.ip(),
                                       request_.authority, arena);
    for (std::size_t end; (end = lines.find("\r\n")) != lines.npos; lines.remove_prefix(end + 2))
      say("sends       {}\n", lines.substr(0, end));
  }

  std::string host_for(const handlers::Forward& forward) const {
    using Kind = upstream::HostPolicy::Kind;
    const auto& upstream = forward.upstream();
    Kind whose = upstream.host().used_for(request_.authority, forward.names_target());
    if (whose == Kind::literal) return upstream.host().literal;
    if (whose == Kind::keep)
      return std::string(request_.fields.has(http::FieldId::host) ? request_.fields.value(http::FieldId::host)
                                                                  : request_.authority);
    std::string all;
    for (const auto& shown : upstream.shown()) {
      auto name = shown.target ? shown.target->host_field() : shown.text;
      all.append(all.empty() ? "" : " or ").append(name);
    }
    return all + ", that of the target";
  }

  // How one of the targets is chosen, and who serves where none can.
  void print_choice(const upstream::Upstream& upstream) const {
    std::string by;
    for (const auto& part : upstream.hash_by()) by += (by.empty() ? " by " : ", ") + part.text();
    say("balance     {}{}\n", upstream::name(upstream.balance()), by);
    if (const auto* sticky = upstream.sticky()) say("sticky      by the cookie {}\n", sticky->cookie);
    if (!upstream.failover()) return;
    for (const auto& other : upstream.failover()->others()) {
      say("failover    {}   ({})\n", other->name(), report_.where(path("upstreams", other->name())));
      for (const auto& target : other->shown()) say("target      {}\n", target.text);
    }
  }

  void print_timeout(const upstream::Upstream& upstream, std::string_view name, base::Duration value) const {
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
    say("timeout     {} {}   ({})\n", name, ms ? fmt::format("{}ms", ms) : "none",
        server::timeout_from(loaded_.config, loaded_.document, index_, upstream.name(), name));
  }

  DryBuild& built_;
  server::Loaded& loaded_;
  config::Report report_;
  http::RequestHead& request_;
  const http::ConnectionFacts& connection_;
  Sample sample_;
  std::size_t index_ = 0;
};

int explain(const ExplainAsked& asked) {
  DryBuild built(read_file(asked.config, asked.vault));
  if (!built.snapshot()) {
    std::fputs(built.loaded().diagnostics.text().c_str(), stderr);
    return 1;
  }
  Connection connection;
  if (auto wrong = connection.describe(asked, built.loaded().config); !wrong.empty()) {
    fmt::print(stderr, "sluice explain: {}\n", wrong);
    return 1;
  }
  base::Arena arena;
  http::RequestHead request(arena);
  std::string bytes = wire_text(asked);
  const http::HeadLimits& limits = connection.limits();
  http::h1::HeadScanner scanner(http::h1::Message::request, limits);
  auto length = scanner.scan(bytes);
  auto control = !length ? base::Result<http::h1::Control>(std::move(length).unexpected())
                 : *length
                     ? http::h1::parse_request(bytes, limits, request)
                     : base::Result<http::h1::Control>(base::fail(base::Reason::bad_request, "no request"));
  if (auto fits =
          control ? http::check_length(control->framing, connection.max_body()) : base::Result<void>();
      !fits)
    control = std::move(fits).unexpected();
  if (!control) {
    const auto& row = base::row(control.error().reason);
    fmt::print("answer      {}, reason {}: {}\n", row.status, row.name, control.error().detail);
    return 1;
  }
  http::drop_hop_by_hop(request.fields);
  connection.believe(request.fields, arena);
  return Explanation(built, request, connection.facts()).print() ? 0 : 1;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  auto* verb =
      app.add_subcommand("explain", "Says what would be done with a request, and which line says so");
  auto asked = std::make_shared<ExplainAsked>();
  verb->add_option("-c,--config", asked->config, "The configuration file")->required()->type_name("FILE");
  verb->add_option("request", asked->request, "Such as 'POST https://api.example.com/orders/7?dry=1'")
      ->required();
  verb->add_option("-H,--header", asked->fields,
                   "A field of the request, such as 'X-Key: k1'; may be repeated")
      ->type_name("FIELD");
  asked->from = "127.0.0.1";
  verb->add_option("--from", asked->from, "The client's address; 127.0.0.1 unless given")->type_name("IP");
  verb->add_option("--listener", asked->listener,
                   "The listener that accepts it; the first of the request's scheme unless given")
      ->type_name("NAME");
  verb->add_option("--sni", asked->sni, "The server name of its TLS handshake")->type_name("HOST");
  verb->add_flag("--vault", asked->vault, kAskVault);
  verb->footer(
      "Exit code 0: a route answers; 1: none does, or the configuration is bad or lacks its secrets.");
  verb->callback([asked, &exit_code] { exit_code = explain(*asked); });
}

}  // namespace sluice::cli
