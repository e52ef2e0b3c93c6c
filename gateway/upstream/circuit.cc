// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/circuit.h"

#include <algorithm>

#include "gateway/base/atomics.h"

namespace sluice::upstream {

// True for the one thread that made the change.
bool Circuit::turn(Word& from, State to, base::SteadyTime now) noexcept {
  if (!word_.compare_exchange_strong(from, word_of(to, now), base::kRelaxed)) return false;
  asked_.store(0, base::kRelaxed);
  unjudged_.store(0, base::kRelaxed);
  well_.store(0, base::kRelaxed);
  failed_.store(0, base::kRelaxed);
  if (to == State::closed) window_.clear();
  return true;
}

// Spread evenly: with a tenth the first of ten.
bool Circuit::pass(double share) noexcept {
  auto n = static_cast<double>(asked_.fetch_add(1, base::kRelaxed));
  auto steps = [share](double count) { return static_cast<std::int64_t>(count * share + 1e-9); };
  return n == 0 || steps(n) != steps(n - 1);
}

bool Circuit::pass_instead() noexcept {
  auto left = unjudged_.load(base::kRelaxed);
  while (left != 0)
    if (unjudged_.compare_exchange_weak(left, left - 1, base::kRelaxed)) return true;
  return false;
}

// Without this the next one to try would be the tenth from here, which may be long in coming.
void Circuit::unjudged(base::SteadyTime began) noexcept {
  Word word = word_.load(base::kRelaxed);
  if (state_of(word) == State::trying && began >= since(word)) unjudged_.fetch_add(1, base::kRelaxed);
}

bool Circuit::admit(const CircuitConfig& config, base::SteadyTime now, Trial& trial, bool& changed) noexcept {
  Word word = word_.load(base::kRelaxed);
  auto tries = [&](bool may) {
    if (may) trial = Trial(*this, std::max(now, since(word)));  // a round may have begun before the state
    return may;
  };
  switch (state_of(word)) {
    case State::closed:
      return true;
    case State::open:
      if (now - since(word) < config.open) return false;
      changed = turn(word, State::trying, now);
      return tries(pass(config.probes.ratio()));
    case State::trying:
      return tries(pass_instead() || pass(config.probes.ratio()));
    case State::ramping:
      break;
  }
  auto gone = static_cast<double>((now - since(word)).count()) / static_cast<double>(config.open.count());
  if (gone < 1) return pass(config.probes.ratio() + (1 - config.probes.ratio()) * std::max(gone, 0.0));
  changed = turn(word, State::closed, now);
  return true;
}

bool Circuit::succeeded(const CircuitConfig& /*config*/, base::SteadyTime began,
                        base::SteadyTime now) noexcept {
  Word word = word_.load(base::kRelaxed);
  switch (state_of(word)) {
    case State::closed:
      ended_.fetch_add(1, base::kRelaxed);
      return false;
    case State::trying:
      return began >= since(word) && turn(word, State::ramping, now);
    case State::ramping:
      if (began >= since(word)) well_.fetch_add(1, base::kRelaxed);
      return false;
    case State::open:
      break;
  }
  return false;
}

bool Circuit::failed(const CircuitConfig& config, base::SteadyTime began, base::SteadyTime now) noexcept {
  Word word = word_.load(base::kRelaxed);
  if (state_of(word) == State::open || began < since(word)) return false;
  if (state_of(word) == State::closed) {
    FailureWindow::Rule rule{config.window, config.min_requests, config.failure_rate.value};
    auto ended = ended_.fetch_add(1, base::kRelaxed) + 1;
    return window_.failed(rule, ended, now) && turn(word, State::open, now);
  }
  if (state_of(word) == State::ramping) {
    auto failures = failed_.fetch_add(1, base::kRelaxed) + 1;
    auto all = failures + well_.load(base::kRelaxed) + 1;  // that which began the ramp succeeded
    if (100.0 * failures < config.failure_rate.value * all) return false;
  }
  return turn(word, State::open, now);
}

base::Duration Circuit::left(const CircuitConfig& config, base::SteadyTime now) const noexcept {
  Word word = word_.load(base::kRelaxed);
  if (state_of(word) != State::open) return {};
  return std::max(base::Duration::zero(), base::Duration(config.open) - (now - since(word)));
}

}  // namespace sluice::upstream
