// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/balance_config.h"

namespace sluice::upstream {

using namespace config;

void describe(Enumeration<Balance>& e) {
  e.about("balance");
  e.value("least_request", Balance::least_request,
          "Two targets drawn at random, by weight; of the two the one with fewer requests in flight.");
  e.value("round_robin", Balance::round_robin, "One after the other, by weight.");
  e.value("random", Balance::random, "Any, by weight.");
  e.value("peak_ewma", Balance::peak_ewma,
          "Two targets drawn at random, by weight; of the two the one that would answer sooner, by the time "
          "that it took lately and its requests in flight.");
  e.value(
      "consistent_hash", Balance::consistent_hash,
      "Requests with the same `hash_by` go to the same target, and few change theirs when targets come and "
      "go.");
}

std::string name(Balance kind) { return scalar_text(kind); }

http::CookieAttributes StickyConfig::attributes() const {
  http::CookieAttributes out{.path = path, .secure = secure, .same_site = same_site};
  if (ttl) out.age = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
  return out;
}

namespace {

constexpr std::size_t kShortestSecret = 32;

std::string refuse_secret(const Secret& secret) {
  return secret.value.size() >= kShortestSecret ? "" : "must have at least 32 bytes, of a random generator";
}

}  // namespace

void describe(Description<StickyConfig>& d) {
  d.about(
      "sticky",
      "A cookie that names the client's target, in a way that only the gateway understands and nobody can "
      "forge. Where the target is not there any more, or not healthy, another is chosen and named.");
  d.field("cookie", &StickyConfig::cookie, "Its name.", required,
          pattern(http::kTokenPattern, "the name of a cookie"), example("shop_target"));
  d.field(
      "secret", &StickyConfig::secret,
      "What it is signed with. Gateways that serve the same clients share it. To change it, put the new one "
      "first: the others are still believed.",
      required, one_or_many, min_items(1), max_items(std::size_t{8}), each(check(refuse_secret)),
      example("a secret of 32 random bytes or more"));
  d.field("ttl", &StickyConfig::ttl, "How long browsers keep it.", at_least(std::chrono::seconds(1)),
          default_is("until the browser is closed"), example("1h"));
  d.field("path", &StickyConfig::path, "Path below which it is sent.", pattern("/[!-:<-~]*", "a path"));
  d.field("same_site", &StickyConfig::same_site, "When a browser sends it.");
  d.field("secure", &StickyConfig::secure, "Only over TLS.");
  d.check([](const StickyConfig& c, const Site& at) {
    check_cookie(at, "cookie", c.cookie, c.attributes(), "`path`");
  });
}

void check_balance(const BalanceConfig& c, const Site& at) {
  bool hashes = c.balance == Balance::consistent_hash;
  if (hashes && c.hash_by.empty())
    at.error("balance", "needs `hash_by`: what requests must be alike in", "for example `hash_by: ip`");
  if (!hashes && !c.hash_by.empty())
    at.error("hash_by", "is of no use with `balance: " + name(c.balance) + "`",
             "write `balance: consistent_hash`");
  if (!hashes && at.written("bounded_load"))
    at.error("bounded_load", "is of no use with `balance: " + name(c.balance) + "`",
             "write `balance: consistent_hash`");
  if (hashes && c.slow_start.count() > 0)
    at.error("slow_start", "is of no use with `balance: consistent_hash`, where requests do not choose");
}

}  // namespace sluice::upstream
