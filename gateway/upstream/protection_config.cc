// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/protection_config.h"

#include "gateway/config/amounts.h"

namespace sluice::upstream {

using namespace config;
using namespace std::chrono_literals;

void describe(Description<OutlierConfig>& d) {
  d.about("outlier",
          "When a target is taken out for a while because requests fail there: it cannot be reached, resets, "
          "keeps silent, or answers 502, 503 or 504. The last usable target stays whatever it does.");
  d.field("failures", &OutlierConfig::failures, "So many failures in a row take it out; 0: not looked at.",
          at_most(1'000u));
  d.field("failure_rate", &OutlierConfig::failure_rate,
          "So many of the requests of a `window` that end in failure take it out, if there were at least "
          "`min_requests`.",
          at_least(Percent{1}));
  d.field("min_requests", &OutlierConfig::min_requests, "Requests without which no share is taken.",
          between(1u, 1'000'000u));
  d.field("window", &OutlierConfig::window, "The time for which failures are counted together.",
          between(Duration(1s), Duration(1h)));
  d.field("ejection", &OutlierConfig::ejection,
          "How long a target is out the first time; the second time twice as long, and so on. A time of this "
          "length in service without trouble takes one time back.",
          between(Duration(100ms), Duration(24h)));
  d.field("max_ejection", &OutlierConfig::max_ejection, "The longest time that a target is out.",
          between(Duration(100ms), Duration(24h)));
  d.field("max_ejected", &OutlierConfig::max_ejected,
          "Targets that may be out at a time, as a share of those that would be usable.");
  d.word("off", "No target is taken out.", [](OutlierConfig& c) { c.on = false; });
  d.check([](const OutlierConfig& c, const Site& at) {
    if (c.max_ejection < c.ejection)
      at.error(at.written("max_ejection") ? "max_ejection" : "ejection",
               "the longest ejection (" + to_text(c.max_ejection) + ") is shorter than the first one (" +
                   to_text(c.ejection) + ")");
  });
}

void describe(Description<CircuitConfig>& d) {
  d.about(
      "circuit breaker",
      "When the upstream as a whole is left alone: while the circuit is open its requests are answered with "
      "503 and the reason circuit_open at once. Failures are those that `outlier` counts.");
  d.field("failure_rate", &CircuitConfig::failure_rate,
          "So many of the requests of a `window` that end in failure open the circuit.",
          at_least(Percent{1}));
  d.field("min_requests", &CircuitConfig::min_requests, "Requests without which no share is taken.",
          between(1u, 1'000'000u));
  d.field("window", &CircuitConfig::window, "The time for which failures are counted together.",
          between(Duration(1s), Duration(1h)));
  d.field("open", &CircuitConfig::open,
          "How long it stays open. Once a request succeeds then, it takes as long again until all pass.",
          between(Duration(100ms), Duration(1h)));
  d.field("probes", &CircuitConfig::probes,
          "The share of requests that pass afterwards to try whether it is well again.",
          at_least(Percent{1}));
  d.word("default", "As the defaults say.", [](CircuitConfig&) {});
}

void describe(Description<LimitsConfig>& d) {
  d.about("upstream limits",
          "What the upstream gets at a time, all its targets and all workers together. What is beyond is "
          "answered with 503 and the reason upstream_limit, or waits in `queue`.");
  d.field("max_requests", &LimitsConfig::max_requests, "Requests under way.", at_least(1u),
          default_is("no limit"), example("1024"));
  d.field("max_pending", &LimitsConfig::max_pending,
          "Requests that wait for a connection which is being made or has no room.", at_least(1u),
          default_is("no limit"), example("1024"));
  d.field("max_connections", &LimitsConfig::max_connections,
          "Open connections, used and unused. An unused one is closed where another is needed.", at_least(1u),
          default_is("no limit"), example("1024"));
}

void describe(Description<AdaptiveConfig>& d) {
  d.about("adaptive concurrency",
          "How many requests the upstream may owe an answer at a time, all workers together, found out from "
          "its latency: there is no limit until a queue builds there, seen by answers that begin twice as "
          "late as with little going on. What is beyond is answered with 503 and the reason "
          "upstream_saturated, or waits in `queue`.");
  d.field("min", &AdaptiveConfig::min, "So many may be in flight whatever the latency is.",
          between(1u, 1'000'000u));
  d.field("max", &AdaptiveConfig::max, "So many at most, also while there is no queue.",
          between(1u, 1'000'000u), default_is("no limit"), example("500"));
  d.word("true", "With no bounds but the usual least one.", [](AdaptiveConfig& c) { c.on = true; });
  d.word("false", "Not at all.", [](AdaptiveConfig& c) { c.on = false; });
  d.check([](const AdaptiveConfig& c, const Site& at) {
    if (c.max && *c.max < c.min)
      at.error(at.written("min") ? "min" : "max", "the least limit (" + std::to_string(c.min) +
                                                      ") is above the greatest one (" +
                                                      std::to_string(*c.max) + ")");
  });
}

void describe(Description<QueueConfig>& d) {
  d.about(
      "upstream queue",
      "Where requests wait while `limits.max_requests` or the limit of `adaptive_concurrency` is reached. "
      "In order; but once the oldest has waited half of its time the newest goes first, as its caller is "
      "the most likely to be there still.");
  d.field("max", &QueueConfig::max, "Requests that may wait, all workers together.", between(1u, 1'000'000u));
  d.field("timeout", &QueueConfig::timeout,
          "How long one waits at most, within its total timeout; then it is answered with 503 and the reason "
          "upstream_limit or upstream_saturated.",
          between(Duration(1ms), Duration(1h)));
}

}  // namespace sluice::upstream
