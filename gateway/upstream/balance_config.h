// SPDX-License-Identifier: Apache-2.0
// BalanceConfig: the part of an upstream's settings that is about which target gets a request: how one is
// chosen, what keeps requests together, what happens while targets are missing. The base of UpstreamConfig.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/config/key_part.h"
#include "gateway/config/types_http.h"

namespace sluice::upstream {

enum class Balance : unsigned char { least_request, round_robin, random, peak_ewma, consistent_hash };
void describe(config::Enumeration<Balance>& e);
// As written: "peak_ewma".
std::string name(Balance kind);

// A cookie that brings a client back to the target that it had before.
struct StickyConfig {
  std::string cookie;                   // its name
  std::vector<config::Secret> secret;   // the first one signs, all of them are believed
  std::optional<config::Duration> ttl;  // unset: until the browser is closed
  std::string path = "/";
  http::SameSite same_site = http::SameSite::lax;
  bool secure = true;
  http::CookieAttributes attributes() const;
  bool operator==(const StickyConfig&) const = default;
};
void describe(config::Description<StickyConfig>& d);

struct BalanceConfig {
  Balance balance = Balance::least_request;
  std::vector<config::KeyPart> hash_by;
  double bounded_load = 1.25;  // times the average that a target may have; 0: no bound
  std::optional<StickyConfig> sticky;
  config::Duration slow_start{0};
  config::Percent panic_threshold{50};
  std::vector<std::string> failover;  // names of upstreams
  bool operator==(const BalanceConfig&) const = default;
};
// What the fields ask of each other.
void check_balance(const BalanceConfig& c, const config::Site& at);

template <class C>
void describe_balance(config::Description<C>& d) {
  using namespace config;
  d.field("balance", &C::balance, "How a target is chosen.");
  d.field(
      "hash_by", &C::hash_by,
      "Requests that are alike in this go to the same target, with `balance: consistent_hash`. Of several "
      "parts all count. One that lacks a part is balanced like `least_request`.",
      one_or_many, max_items(std::size_t{8}), unique, example("header.X-Tenant"),
      example("[consumer, path.id]"));
  d.field(
      "bounded_load", &C::bounded_load,
      "With `balance: consistent_hash`: a target that has so many times its share of the requests in flight "
      "is passed over. 0: never.",
      check([](double bound) {
        return bound == 0 || (bound >= 1.05 && bound <= 100) ? "" : "must be 0, or 1.05 to 100";
      }));
  d.field("sticky", &C::sticky, "A cookie that brings a client back to the target that it had before.",
          default_is("off"), example("{cookie: shop_target, secret: a secret of 32 random bytes or more}"));
  d.field("slow_start", &C::slow_start,
          "Time in which a target that has become healthy, or was added while others served, comes up to its "
          "weight. 0s: it has it at once.",
          at_most(std::chrono::hours(1)), example("30s"));
  d.field(
      "panic_threshold", &C::panic_threshold,
      "While fewer of the targets than this are healthy, requests go to all of them, as the few could not "
      "bear the load. 0%: never.");
  d.field("failover", &C::failover,
          "Upstreams that take over, the first one first: what this one cannot serve while fewer than five "
          "of seven (71 %) of its targets are healthy.",
          one_or_many, reference("upstream"), unique, max_items(std::size_t{8}), example("orders-far"));
}

}  // namespace sluice::upstream
