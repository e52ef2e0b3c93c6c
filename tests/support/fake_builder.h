// SPDX-License-Identifier: Apache-2.0
// FakeBuilder, filter() and handler(): filters and handlers from the YAML that an operator would write, bound
// and built as the gateway does it, without a gateway.
//
//   auto built = filter("headers: {request: {set: {X-A: b}}}");
//   built.get().on_request(ex);
//   EXPECT_THAT(filter("headers: {}").problems, HasSubstr("at least one"));
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/registry.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::test {

class FakeBuilder final : public chain::Builder {
 public:
  const chain::RouteFacts& route() const override { return facts; }
  std::shared_ptr<upstream::Upstream> upstream(std::string_view) override { return nullptr; }
  const upstream::TimeoutsConfig& timeouts() const override { return timeouts_; }
  void error(std::string_view field, std::string message, std::string hint = {}) override {
    problems += "error: " + std::string(field) + ": " + message + (hint.empty() ? "" : "; " + hint) + "\n";
  }
  void warning(std::string_view field, std::string message, std::string hint = {}) override {
    problems += "warning: " + std::string(field) + ": " + message + (hint.empty() ? "" : "; " + hint) + "\n";
  }

  chain::RouteFacts facts{"route", {}, true};
  std::string problems;

 private:
  upstream::TimeoutsConfig timeouts_;
};

template <class T>
struct Built {
  std::shared_ptr<const T> made;  // null when the settings were refused
  chain::Hooks hooks;             // of a filter
  std::string problems;           // of binding and building; empty when all is well

  const T& get() const { return *made; }
};

struct Use {
  config::Choice filter, handler;
  bool operator==(const Use&) const = default;
};
inline void describe(config::Description<Use>& d) {
  d.about("use", "A filter or a handler.");
  d.one_of(&Use::filter, chain::filter_alternatives(), "A filter.");
  d.one_of(&Use::handler, chain::handler_alternatives(), "A handler.");
}

inline Use bound(std::string_view yaml, std::string& problems) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse(std::string(yaml), diagnostics);
  auto use = config::bind<Use>(document, diagnostics);
  problems = diagnostics.text();
  return use;
}

// `captures`: what the route's path captures. `prefix`: see RouteFacts.
inline Built<chain::Filter> filter(std::string_view yaml, std::vector<std::string> captures = {},
                                   bool prefix = true) {
  Built<chain::Filter> out;
  Use use = bound(yaml, out.problems);
  if (!out.problems.empty()) return out;
  FakeBuilder builder;
  builder.facts = {"route", std::move(captures), prefix};
  chain::Link link = chain::make_link(use.filter, "policy", builder);
  return {std::move(link.filter), link.hooks, std::move(builder.problems)};
}

inline Built<chain::Handler> handler(std::string_view yaml, std::vector<std::string> captures = {}) {
  Built<chain::Handler> out;
  Use use = bound(yaml, out.problems);
  if (!out.problems.empty()) return out;
  FakeBuilder builder;
  builder.facts.captures = std::move(captures);
  out.made = chain::make_handler(use.handler, builder);
  out.problems = std::move(builder.problems);
  return out;
}

}  // namespace sluice::test
