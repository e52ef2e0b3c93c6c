// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/failover.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "gateway/upstream/upstream.h"

namespace sluice::upstream {

Division divide(std::span<const Share> shares) {
  constexpr std::uint64_t kOverprovisioned = 14'000;
  Division out;
  for (const Share& s : shares) {
    auto bears = s.all ? std::min<std::uint64_t>(kOverprovisioned * s.healthy / s.all, Division::kWhole) : 0;
    out.parts.push_back(static_cast<std::uint32_t>(bears));
  }
  std::uint64_t sum = std::accumulate(out.parts.begin(), out.parts.end(), std::uint64_t{0});
  out.covered = sum >= Division::kWhole;
  std::uint32_t left = Division::kWhole;
  if (out.covered) {
    for (auto& part : out.parts) left -= part = std::min(part, left);
    return out;
  }
  // Too few everywhere: each gets its share of what there is.
  for (auto& part : out.parts)
    left -= part = sum ? static_cast<std::uint32_t>(part * std::uint64_t{Division::kWhole} / sum) : 0;
  // What rounding has left belongs to the first that has any. Where nothing is healthy, to the first that can
  // be reached at all.
  auto part = std::ranges::find_if(out.parts, [](std::uint32_t p) { return p > 0; });
  if (part == out.parts.end()) {
    auto reached = std::ranges::find_if(shares, [](const Share& s) { return s.all > 0; });
    part = out.parts.begin() + (reached == shares.end() ? 0 : reached - shares.begin());
  }
  *part += left;
  return out;
}

// What one worker keeps: the division as of the versions of all levels together, each of which only grows.
struct alignas(64) Failover::View {
  std::uint64_t version = 0;
  Division division;
  Random random = Random::seeded();
};

Failover::Failover(Upstream& first, std::vector<std::shared_ptr<Upstream>> others, unsigned workers)
    : first_(first), others_(std::move(others)) {
  for (unsigned i = 0; i < workers; ++i) views_.push_back(std::make_unique<View>());
}

Failover::~Failover() = default;

Division Failover::division() const {
  std::vector<Share> shares;
  for (std::size_t i = 0; i < levels(); ++i) shares.push_back(level(i).share());
  return divide(shares);
}

Failover::View& Failover::view(unsigned worker) {
  View& view = *views_[worker];
  std::uint64_t version = 0;
  for (std::size_t i = 0; i < levels(); ++i) {
    level(i).bring_back_due(worker);  // also where nobody picks any
    version += level(i).version();
  }
  if (version != view.version) {
    view.division = division();
    view.version = version;
    first_.tell_panic();
  }
  return view;
}

// Of one level. Whether the circuit of the first one admits the exchange was asked before.
Picked Failover::pick(std::size_t i, unsigned worker, const PickKey& key, std::span<Target* const> tried,
                      bool covered) const {
  PickKey own = key;
  if (i > 0 && key.elsewhere && level(i).balance() == Balance::consistent_hash)
    own.hash = key.elsewhere->of(i - 1);
  Picked out{&level(i), level(i).pick(worker, own, tried, covered)};
  if (out.target && i > 0 && !level(i).protection().admits(level(i).now(worker), out.trial))
    out.target = nullptr;
  return out;
}

Picked Failover::choose(unsigned worker, const PickKey& key, std::span<Target* const> tried, bool elsewhere) {
  View& now = view(worker);
  // A key stays on its side as long as the division does.
  std::uint64_t point =
      key.hash ? Random(~*key.hash).below(Division::kWhole) : now.random.below(Division::kWhole);
  std::size_t chosen = 0;
  for (std::uint64_t upto = now.division.parts[0]; point >= upto && chosen + 1 < levels();)
    upto += now.division.parts[++chosen];
  auto was_tried = [&](Target* t) { return std::ranges::find(tried, t) != tried.end(); };
  Picked out{&level(chosen), nullptr};
  if (!elsewhere || chosen > 0) out = pick(chosen, worker, key, tried, now.division.covered);
  if (out.target && !was_tried(out.target)) return out;
  // Everything there has failed this exchange, or its circuit is open, or the division is older than what has
  // just happened: the others in their order, if they are well.
  for (std::size_t i = elsewhere ? 1 : 0; i < levels(); ++i) {
    if (i == chosen) continue;
    Picked other = pick(i, worker, key, tried, true);
    if (other.target && !was_tried(other.target)) return other;
  }
  return out;
}

}  // namespace sluice::upstream
