// SPDX-License-Identifier: Apache-2.0
// FakeBuilder, filter() and handler(): filters and handlers from the YAML that an operator would write, bound
// and built as the gateway does it, without a gateway.
//
//   auto built = filter("headers: {request: {set: {X-A: b}}}");
//   built.get().on_request(ex);
//   EXPECT_THAT(filter("headers: {}").problems, HasSubstr("at least one"));
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/ip_list.h"
#include "gateway/chain/key_address.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/revocations.h"
#include "gateway/chain/use.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/jose/key_source.h"
#include "gateway/net/crypto_threads.h"
#include "gateway/observe/policy_metrics.h"
#include "gateway/observe/series.h"
#include "gateway/stores/stores.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::test {

// What a gateway has beside its snapshots.
struct FakeLiving {
  observe::SeriesStore series{observe::MetricsOptions{}};
  stores::Stores stores;
  FakeLiving() { stores.state_directory("/nowhere"); }  // nothing is kept there unless a test says so
  std::map<std::string, std::string> files;             // of addresses, by path
};

class FakeBuilder final : public chain::Builder {
 public:
  const chain::RouteFacts& route() const override { return facts; }
  std::shared_ptr<upstream::Upstream> upstream(std::string_view) override { return nullptr; }
  const upstream::TimeoutsConfig& timeouts() const override { return limits; }
  // Filters in place only.
  std::shared_ptr<const chain::Filter> filter(const chain::UseConfig& use, std::string_view) override {
    if (use.filter) return chain::make_link(use.filter, std::string(use.filter.name()), *this).filter;
    problems += "error: no policy " + use.policy + "\n";
    return nullptr;
  }
  std::shared_ptr<observe::PolicyMetrics> decisions() override { return decisions_; }
  unsigned workers() const override { return 1; }
  net::CryptoThreads* threads() override {
    static net::CryptoThreads one(1);
    return &one;
  }
  const chain::Revocations* revocations() override { return taken_back; }
  void tells_identity(std::string_view name) override { told.append(name).append("\n"); }
  void reads_credential(std::string_view name) override { read.append(name).append("\n"); }
  void reads_credential_parameter(std::string_view name) override {
    read.append("?").append(name).append("\n");
  }
  const std::string& owner() const override { return owner_; }
  std::string told_apart_by() const override { return apart; }
  std::shared_ptr<stores::Counters> counters(std::string_view) override {
    return shared_store ? shared_store : std::shared_ptr<stores::Counters>(living->stores.memory());
  }
  std::string resolved(std::string_view, const std::string& path) const override { return path; }
  std::shared_ptr<const chain::IpList> ip_list(std::string_view field, const std::string& path) override {
    auto list = chain::parse_ip_list(living->files[path]);
    if (list) return std::make_shared<const chain::IpList>(*list, 1);
    error(field, path + " " + list.error().detail);
    return nullptr;
  }
  stores::Stores& stores() override { return living->stores; }
  bool allows_faults() const override { return faults; }
  observe::SeriesStore& series() override { return living->series; }
  std::shared_ptr<jose::KeySource> issuer_keys(const chain::KeyAddress& address) override {
    asked_keys = address;
    return keys ? keys : std::make_shared<jose::KeySource>([] {});
  }
  void error(std::string_view field, std::string message, std::string hint = {}) override {
    problems += "error: " + std::string(field) + ": " + message + (hint.empty() ? "" : "; " + hint) + "\n";
  }
  void warning(std::string_view field, std::string message, std::string hint = {}) override {
    problems += "warning: " + std::string(field) + ": " + message + (hint.empty() ? "" : "; " + hint) + "\n";
  }

  chain::RouteFacts facts{"route", {}, true};
  upstream::TimeoutsConfig limits;  // of the route
  std::string problems;
  std::string apart;  // what told_apart_by() says
  bool faults = true;
  std::shared_ptr<stores::Counters> shared_store;  // what counters() gives; null: the memory
  static inline chain::Revocations revoked{std::vector<net::Loop*>{}};  // for what outlives the builder
  const chain::Revocations* taken_back = &revoked;                      // what revocations() gives
  std::string told, read;                 // fields that tell who calls, and that bring credentials
  std::shared_ptr<jose::KeySource> keys;  // what issuer_keys() gives
  chain::KeyAddress asked_keys;
  std::shared_ptr<FakeLiving> living = std::make_shared<FakeLiving>();

 private:
  std::string owner_ = "policy";
  // What is built may outlive the builder, and counts.
  static observe::SeriesStore& store() {
    static observe::SeriesStore store{observe::MetricsOptions{}};
    return store;
  }
  std::shared_ptr<observe::PolicyMetrics> decisions_ =
      std::make_shared<observe::PolicyMetrics>(store(), "policy", "kind");
};

template <class T>
struct Built {
  std::shared_ptr<FakeLiving> living;  // outlives what was made
  std::shared_ptr<const T> made;       // null when the settings were refused
  chain::Hooks hooks;                  // of a filter
  std::string problems;                // of binding and building; empty when all is well
  std::string told, read;              // as of FakeBuilder

  const T& get() const { return *made; }
};

struct Use {
  config::Choice filter, handler;
  bool operator==(const Use&) const = default;
};
inline void describe(config::Description<Use>& d) {
  d.about("test_use", "A filter or a handler.");
  d.one_of(&Use::filter, chain::filter_alternatives(), "A filter.");
  d.one_of(&Use::handler, chain::handler_alternatives(), "A handler.");
}

inline Use bound(std::string_view yaml, std::string& problems) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse(std::string(yaml), diagnostics);
  config::Names names;  // of upstreams that settings may name
  for (std::string_view upstream : {"auth", "idp", "shadow"}) names.define("upstream", upstream);
  auto use = config::bind<Use>(document, diagnostics, names);
  problems = diagnostics.text();
  return use;
}

// `captures`: what the route's path captures. `prefix`: see RouteFacts.
// `living`: of another one, to build it as after a reload.
inline Built<chain::Filter> filter(std::string_view yaml, std::vector<std::string> captures = {},
                                   bool prefix = true, std::shared_ptr<FakeLiving> living = nullptr) {
  Built<chain::Filter> out;
  Use use = bound(yaml, out.problems);
  if (!out.problems.empty()) return out;
  FakeBuilder builder;
  builder.facts = {"route", std::move(captures), prefix};
  if (living) builder.living = std::move(living);
  chain::Link link = chain::make_link(use.filter, "policy", builder);
  return {builder.living,          std::move(link.filter), link.hooks, std::move(builder.problems),
          std::move(builder.told), std::move(builder.read)};
}

inline Built<chain::Handler> handler(std::string_view yaml, std::vector<std::string> captures = {}) {
  Built<chain::Handler> out;
  Use use = bound(yaml, out.problems);
  if (!out.problems.empty()) return out;
  FakeBuilder builder;
  builder.facts.captures = std::move(captures);
  out.living = builder.living;
  out.made = chain::make_handler(use.handler, builder);
  out.problems = std::move(builder.problems);
  return out;
}

}  // namespace sluice::test
