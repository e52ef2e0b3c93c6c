// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/agreement.h"

#include "gateway/base/atomics.h"

namespace sluice::upstream {
namespace {

// All workers read these times: written once in a while they stay in every cache.
constexpr base::Duration kGrain = std::chrono::seconds(1);

}  // namespace

bool Agreement::within(base::Duration span, base::SteadyTime at, base::SteadyTime now) noexcept {
  return at != kNever && now - at <= span;
}

void Agreement::note(Time& time, base::SteadyTime now) noexcept {
  auto before = read(time);
  if (before == kNever || now - before >= kGrain) time.store(now, base::kRelaxed);
}

void Agreement::answered(int status, base::SteadyTime now) noexcept {
  // No reason to blame the target, but none to contradict its checks either.
  if (status >= 500) return failed(now);
  if (read(bad_since_) != kNever) bad_since_.store(kNever, base::kRelaxed);
  if (status >= 200 && status < 300) note(good_at_, now);
  if (!checks_fail_.load(base::kRelaxed)) listens_.store(false);  // in order: see Target::note_answer
}

void Agreement::failed(base::SteadyTime now) noexcept {
  if (read(bad_since_) == kNever || !within(kRecent, read(bad_at_), now))
    bad_since_.store(now, base::kRelaxed);
  note(bad_at_, now);
  if (!listens_.load()) listens_.store(true);
}

void Agreement::found(bool passed, base::SteadyTime now) noexcept {
  found_at_ = now;
  checks_fail_.store(!passed, base::kRelaxed);
  if (passed) {
    checks_fail_since_ = kNever;
    return;
  }
  if (checks_fail_since_ == kNever) checks_fail_since_ = now;
  listens_.store(true, base::kRelaxed);
}

void Agreement::forget_checks() noexcept {
  checks_fail_.store(false, base::kRelaxed);
  checks_fail_since_ = found_at_ = kNever;
}

// What has ended is forgotten: a target that goes down, or comes back, is seen by one of the two first.
Agreement::State Agreement::state(bool ejected, base::SteadyTime now) const noexcept {
  auto good_at = read(good_at_), bad_since = read(bad_since_), bad_at = read(bad_at_);
  bool fails = within(kRecent, bad_at, now);
  if (checks_fail_since_ != kNever) {
    bool well = within(kRecent, good_at, now) && good_at - checks_fail_since_ >= kLasting;
    return well && !fails ? State::requests_well : State::agree;
  }
  if (found_at_ == kNever || bad_since == kNever) return State::agree;
  bool passed_since = found_at_ >= bad_since;
  bool lasting = fails && bad_at - bad_since >= kLasting;
  return passed_since && (ejected || lasting) ? State::checks_well : State::agree;
}

}  // namespace sluice::upstream
