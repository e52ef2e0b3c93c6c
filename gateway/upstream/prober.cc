// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/prober.h"

#include <utility>

#include "gateway/base/log.h"
#include "gateway/net/sleep.h"

namespace sluice::upstream {

void Prober::watch(std::vector<Watched> targets) {
  std::map<const Target*, std::unique_ptr<Round>> rounds;
  for (Watched& w : targets) {
    const Target* key = w.target.get();
    if (rounds.contains(key)) continue;  // several sources of an upstream may have it
    auto known = rounds_.find(key);
    bool goes_on = known != rounds_.end() && *known->second->watched.settings == *w.settings;
    rounds[key] = goes_on ? std::move(known->second) : std::make_unique<Round>(std::move(w));
  }
  rounds_ = std::move(rounds);
  for (auto& [target, round] : rounds_)
    if (!round->job.started()) round->job.start(run(round->watched));
}

namespace {

// How soon to look again for an address that the resolver has not found.
constexpr base::Duration kUnresolved = std::chrono::milliseconds(200);

// The part of an interval after which a target is asked again that has passed and is not healthy yet: it takes
// several passes in a row, and requests wait for them.
constexpr int kSoon = 10;

}  // namespace

base::Task<void> Prober::run(const Watched& watched) {
  for (;;) {
    if (watched.target->addresses()->empty()) {
      auto wait = net::sleep(loop_, kUnresolved);
      co_await wait;
      continue;
    }
    auto begun = loop_.clock().steady();
    auto finding = co_await probe(loop_, *watched.target, *watched.settings);
    base::Duration next = watched.settings->health.interval;
    if (finding && take(watched, *finding)) next /= kSoon;
    auto took = loop_.clock().steady() - begun;
    auto rest = net::sleep(loop_, pause(next) - took);
    co_await rest;
  }
}

bool Prober::take(const Watched& watched, const Finding& finding) {
  const auto& health = watched.settings->health;
  watched.metrics->health_checked(finding.result);
  auto change =
      watched.target->take(finding, {health.unhealthy_after, health.healthy_after}, loop_.clock().wall());
  if (!change) return finding.passed() && !watched.target->health().healthy();
  base::log(change->healthy ? base::Level::info : base::Level::warning,
            "upstream " + watched.target->upstream() + ": " + watched.target->text() + " is " +
                (change->healthy ? "healthy: " : "unhealthy: ") + change->cause);
  return false;
}

// The interval, a fifth more or less.
base::Duration Prober::pause(base::Duration interval) {
  auto fifth = static_cast<std::uint64_t>(interval.count() / 5);
  return interval - base::Duration(fifth) + base::Duration(random_.below(2 * fifth + 1));
}

}  // namespace sluice::upstream
