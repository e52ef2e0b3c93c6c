// SPDX-License-Identifier: Apache-2.0
// A small gateway-like configuration that uses everything the describing API offers. For the unit tests and
// goldens of gateway/config only.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/load.h"

#include "tests/support/fake_environment.h"

namespace sluice::sample {

using namespace std::chrono_literals;

enum class Balance { round_robin, power_of_two };
inline void describe(config::Enumeration<Balance>& e) {
  e.about("balance")
      .value("round_robin", Balance::round_robin, "One target after the other.")
      .value("power_of_two", Balance::power_of_two, "The less loaded of two.");
}

struct Address {
  std::string host;
  int port = 80;
  bool operator==(const Address&) const = default;
};
inline void describe(config::Text<Address>& t) {
  t.about("address", "an address such as 10.0.0.1:8080").example("10.0.0.1:8080").pattern("^.+:[0-9]+$");
  t.read([](std::string_view text, Address& out) -> config::Refusal {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return config::Complaint{};
    out.host = text.substr(0, colon);
    out.port = std::atoi(std::string(text.substr(colon + 1)).c_str());
    if (out.port < 1 || out.port > 65535) return config::Complaint{"the port must be 1 to 65535", ""};
    return {};
  });
  t.write([](const Address& a) { return a.host + ':' + std::to_string(a.port); });
}

struct Timeouts {
  config::Duration connect = 2s;
  std::optional<config::Duration> total;
  bool operator==(const Timeouts&) const = default;
};
inline void describe(config::Description<Timeouts>& d) {
  using namespace config;
  d.about("timeouts", "How long each phase may take.");
  d.field("connect", &Timeouts::connect, "Time to establish a connection.", between(1ms, 1min),
          example("500ms"));
  d.field("total", &Timeouts::total, "Time for everything.", at_least(1ms));
  d.check([](const Timeouts& t, const Site& at) {
    if (t.total && *t.total < t.connect) at.error("total", "is shorter than connect", "raise it");
  });
}

struct Health {
  std::string path;
  config::Duration interval = 5s;
  bool operator==(const Health&) const = default;
};
inline void describe(config::Description<Health>& d) {
  using namespace config;
  d.about("health", "Asks each target whether it is well.");
  d.field("path", &Health::path, "What to ask for.", required, pattern("/.*", "a path that starts with /"));
  d.field("interval", &Health::interval, "Time between two questions.");
  d.shorthand(&Health::path);
}

struct Retry {
  int attempts = 1;
  std::vector<std::string> on;
  bool operator==(const Retry&) const = default;
};
inline void describe(config::Description<Retry>& d) {
  using namespace config;
  d.about("retry", "When to try again.");
  d.field("attempts", &Retry::attempts, "Tries in all.", between(1, 5), example("3"));
  d.field("on", &Retry::on, "What to retry on.", one_or_many, unique, each(non_empty));
  d.word("none", "Never.", [](Retry& r) { r.attempts = 1; });
  d.word("safe", "Once, if it cannot hurt.", [](Retry& r) { r.attempts = 2; });
}

struct Upstream {
  std::vector<Address> targets;
  Balance balance = Balance::round_robin;
  std::optional<Health> health;
  Timeouts timeouts;
  config::Secret password;
  std::string token;
  bool operator==(const Upstream&) const = default;
};
inline void describe(config::Description<Upstream>& d) {
  using namespace config;
  d.about("upstream", "A group of targets.");
  d.field("targets", &Upstream::targets, "Where the service is.", required, one_or_many, min_items(1),
          max_items(3));
  d.field("balance", &Upstream::balance, "Which target is next.");
  d.field("health", &Upstream::health, "Health checks.", since("0.2"), example("/healthz"));
  d.field("timeouts", &Upstream::timeouts, "Time limits.");
  d.field("password", &Upstream::password, "For the store.");
  d.field("pin", &Upstream::token, "Sent along.", secret, pattern("[0-9]+", "digits"));
}

struct Jwt {
  std::string issuer;
  bool strict = true;
  bool operator==(const Jwt&) const = default;
};
inline void describe(config::Description<Jwt>& d) {
  using namespace config;
  d.about("jwt", "Checks tokens.");
  d.field("issuer", &Jwt::issuer, "Who made the token.", required);
  d.field("strict", &Jwt::strict, "Refuse when in doubt.");
}

struct Limit {
  config::Rate limit;
  config::Percent burst{10};
  bool operator==(const Limit&) const = default;
};
inline void describe(config::Description<Limit>& d) {
  using namespace config;
  d.about("rate_limit", "Counts requests.");
  d.field("limit", &Limit::limit, "How many.", required, at_most(Rate{1000, 1s}));
  d.field("burst", &Limit::burst, "On top.");
}

inline config::Alternatives& filters() {
  static config::Alternatives table("filter");
  static const bool filled = [] {
    table.add(config::alternative<Limit>("rate_limit", "Limits the rate.", "{limit: 100/min}"));
    table.add(config::alternative<Jwt>("jwt", "Checks tokens.", "{issuer: \"https://idp\"}"));
    return true;
  }();
  static_cast<void>(filled);
  return table;
}

struct Policy {
  config::Choice filter;
  bool operator==(const Policy&) const = default;
};
inline void describe(config::Description<Policy>& d) {
  d.about("policy", "A filter with its settings.");
  d.one_of(&Policy::filter, filters(), "The filter.", config::required);
}

struct Use {
  std::string policy;
  config::Choice filter;
  bool operator==(const Use&) const = default;
};
inline void describe(config::Description<Use>& d) {
  d.about("use", "A policy by name, or a filter in place.");
  d.field("policy", &Use::policy, "Name of a policy.", config::reference("policy"));
  d.one_of(&Use::filter, filters(), "A filter in place.");
  d.shorthand(&Use::policy);
}

struct Route {
  std::string name;
  std::vector<std::string> methods;
  std::vector<Use> use;
  std::string to;
  config::ByName<int> split;
  std::optional<config::Json> json;
  Retry retry;
  std::optional<Timeouts> timeouts;
  std::string old;
  bool operator==(const Route&) const = default;
};
inline void describe(config::Description<Route>& d) {
  using namespace config;
  d.about("route", "Which request goes where.");
  d.field("name", &Route::name, "Its name.", required, defines("route"),
          pattern("[a-z][a-z0-9-]*", "a-z, 0-9 and -"), example("orders"));
  d.field(
      "methods", &Route::methods, "Methods.", one_or_many,
      each(check([](const std::string& m) -> std::string { return m == "TRACE" ? "is not allowed" : ""; })));
  d.field("use", &Route::use, "Filters, in this order.");
  d.field("to", &Route::to, "An upstream.", reference("upstream"));
  d.field("split", &Route::split, "Shares of upstreams.", keys_refer_to("upstream"), each(at_least(0)),
          non_empty);
  d.field("json", &Route::json, "A fixed answer.");
  d.field("retry", &Route::retry, "Retries.");
  d.field("timeouts", &Route::timeouts, "Over the defaults.");
  d.field("old", &Route::old, "Out of use.", deprecated("use `name` instead"));
  d.exactly_one({"to", "split", "json"});
}

struct Root {
  int version = 1;
  bool debug = false;
  config::Size buffer{64 << 10};
  config::ByName<Upstream> upstreams;
  config::ByName<Policy> policies;
  std::vector<Route> routes;
  Timeouts defaults;
  bool operator==(const Root&) const = default;
};
inline void describe(config::Description<Root>& d) {
  using namespace config;
  using namespace config::literals;
  d.about("gateway", "The whole file.");
  d.field("version", &Root::version, "Version of the dialect.", required, between(1, 1), example("1"));
  d.field("debug", &Root::debug, "Say more.");
  d.field("buffer", &Root::buffer, "Bytes for one message.", between(1_KiB, 1_MiB),
          default_is("as large as needed"));
  d.field("upstreams", &Root::upstreams, "Groups of targets.", defines("upstream"));
  d.field("policies", &Root::policies, "Named filters.", defines("policy"));
  d.field("routes", &Root::routes, "In any order.");
  d.field("defaults", &Root::defaults, "For all routes.");
}

// What is wrong with a text, bound as Root, as people see it.
inline std::string problems(const std::string& yaml,
                            const config::Environment& environment = test::FakeEnvironment()) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse(yaml, diagnostics, "gateway.yaml", environment);
  config::bind<Root>(document, diagnostics);
  return diagnostics.text();
}

}  // namespace sluice::sample
