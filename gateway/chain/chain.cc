// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "gateway/base/assert.h"
#include "gateway/base/log.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/request_id.h"
#include "gateway/chain/shedding.h"
#include "gateway/observe/policy_metrics.h"

namespace sluice::chain {
namespace {

using base::Reason;
using base::Result;
using base::Task;

// Inside a catch block: what was thrown.
std::string thrown_text() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

// Inside a catch block: a bug in `who` becomes the answer. The caller learns no more than that.
void failed(Exchange& ex, std::string_view who) {
  std::string what = thrown_text();
  std::string_view id = request_id(ex);
  base::log(base::Level::error, fmt::format("{} threw, answered 500 to request {}: {}", who, id, what));
  make_local_reply(ex, Reason::filter_failed);
  ex.detail = ex.arena.join(who, ": ", what);
}

std::string filter_text(const Link& link) { return "filter `" + link.name + "`"; }
constexpr std::string_view kHandler = "handler";

base::SteadyTime now(const Exchange& ex) noexcept { return ex.worker.loop.clock().steady(); }

// Filters have their turn from here to the next end_filters().
void begin_filters(Exchange& ex) noexcept {
  if (ex.filter_times.wanted) ex.filter_times.since = now(ex);
}
void end_filters(Exchange& ex) noexcept {
  if (ex.filter_times.wanted) ex.filter_times.all += now(ex) - ex.filter_times.since;
}

// One filter has its turn from here to the next end_turn().
void begin_turn(Exchange& ex) noexcept {
  if (ex.filter_times.each) [[unlikely]]
    ex.filter_times.each_since = now(ex);
}
void end_turn(Exchange& ex, std::uint16_t link) noexcept {
  if (ex.filter_times.each) [[unlikely]]
    ex.filter_times.each[link] += now(ex) - ex.filter_times.each_since;
}

// What the handler came to.
void settle(Exchange& ex, const Result<void>& made) {
  if (!made) {
    make_local_reply(ex, made.error());
  } else if (ex.response.status == 0) {
    make_local_reply(ex, {Reason::internal, "the handler made no response"});
  }
}

}  // namespace

Chain::Chain(std::vector<Link> links, std::shared_ptr<const Handler> handler)
    : links_(std::move(links)), handler_(std::move(handler)) {
  SLUICE_ASSERT(handler_ != nullptr);
  SLUICE_ASSERT(links_.size() < std::numeric_limits<std::uint16_t>::max());
  slots_ = links_.size();
  const auto count = static_cast<std::uint16_t>(links_.size());
  for (std::uint16_t i = 0; i < count; ++i) {
    links_[i].filter->slot_ = i;
    links_[i].authenticates = dynamic_cast<const Authenticator*>(links_[i].filter.get()) != nullptr;
    number_inner(*links_[i].filter);
    importance_ = std::max(importance_, links_[i].filter->importance_at_most());
    names_requests_ |= links_[i].filter->names_request();
    timed_ = timed_ || links_[i].times;
    if (links_[i].hooks.request) on_request_.push_back(i);
    if (links_[i].hooks.response) on_response_.push_back(i);
    if (links_[i].hooks.done) on_done_.push_back(i);
    if (links_[i].hooks.preflight && !preflight_) preflight_ = &links_[i];
  }
  std::reverse(on_response_.begin(), on_response_.end());
  std::reverse(on_done_.begin(), on_done_.end());
}

// Behind the slots of the links.
void Chain::number_inner(const Filter& filter) {
  for (const auto& inner : filter.inner()) {
    SLUICE_ASSERT(slots_ < std::numeric_limits<std::uint16_t>::max());
    inner->slot_ = static_cast<std::uint16_t>(slots_++);
    number_inner(*inner);
  }
}

Task<void> Chain::run(Exchange& ex) const {
  if (links_.empty()) return answer(ex);
  ex.reached = 0;
  ex.locals = ex.arena.array<void*>(slots_);
  std::fill(ex.locals.begin(), ex.locals.end(), nullptr);
  if (timed_ && ex.worker.draws()) [[unlikely]] {
    auto each = ex.arena.array<base::Duration>(links_.size());
    std::fill(each.begin(), each.end(), base::Duration::zero());
    ex.filter_times.each = each.data();
  }
  begin_filters(ex);
  return ask_from(ex, 0);
}

void Chain::answer_preflight(Exchange& ex) const noexcept {
  try {
    preflight_->filter->on_preflight(ex);
  } catch (...) {
    failed(ex, filter_text(*preflight_));
  }
}

// --- on the way in

Task<Step> Chain::ask(Exchange& ex, std::uint16_t link) const noexcept {
  ex.reached = static_cast<std::uint16_t>(link + 1);
  if (links_[link].authenticates && ex.filter_times.wanted) ex.filter_times.auth_since = now(ex);
  begin_turn(ex);
  try {
    return links_[link].filter->on_request(ex);
  } catch (...) {
    failed(ex, filter_text(links_[link]));
    return Step::replied;
  }
}

void Chain::answered(Exchange& ex, std::uint16_t link, Step step) const noexcept {
  if (links_[link].authenticates && ex.filter_times.wanted)
    ex.filter_times.auth += now(ex) - ex.filter_times.auth_since;
  end_turn(ex, link);
  if (step == Step::replied) ex.refused_by = links_[link].name;
}

Task<void> Chain::ask_from(Exchange& ex, std::size_t at) const {
  for (; at < on_request_.size(); ++at) {
    Task<Step> asked = ask(ex, on_request_[at]);
    if (!asked.await_ready()) return ask_after(ex, at, std::move(asked));
    Step step = asked.await_resume();
    answered(ex, on_request_[at], step);
    if (step == Step::next) continue;
    end_filters(ex);
    return tell_from(ex, 0);
  }
  end_filters(ex);
  ex.reached = static_cast<std::uint16_t>(links_.size());
  return answer(ex);
}

Task<void> Chain::ask_after(Exchange& ex, std::size_t at, Task<Step> pending) const {
  Step step = Step::replied;
  for (std::optional<Task<Step>> task(std::move(pending));;) {
    Task<Step>& asked = *task;
    try {
      step = co_await asked;
    } catch (...) {
      step = Step::replied;
      failed(ex, filter_text(links_[on_request_[at]]));
    }
    answered(ex, on_request_[at], step);
    // The client left or the time is up: nobody is to act on this request any more.
    if (step == Step::next && ex.scope.cancelled()) step = reply(ex, ex.scope.why());
    if (step == Step::replied || ++at == on_request_.size()) break;
    task.emplace(ask(ex, on_request_[at]));
  }
  end_filters(ex);
  if (step == Step::next) ex.reached = static_cast<std::uint16_t>(links_.size());
  Task<void> rest = step == Step::next ? answer(ex) : tell_from(ex, 0);
  co_await rest;
}

// --- at the end of the chain

Task<void> Chain::answer(Exchange& ex) const {
  // Only now is it known.
  if (importance_ && shed(ex, ex.importance)) [[unlikely]]
    return tell_from(ex, 0);
  try {
    Task<Result<void>> made = handler_->answer(ex);
    if (!made.await_ready()) return answer_after(ex, std::move(made));
    settle(ex, made.await_resume());
  } catch (...) {
    failed(ex, kHandler);
  }
  return tell_from(ex, 0);
}

Task<void> Chain::answer_after(Exchange& ex, Task<Result<void>> pending) const {
  try {
    Result<void> made = co_await pending;
    settle(ex, made);
  } catch (...) {
    failed(ex, kHandler);
  }
  Task<void> rest = tell_from(ex, 0);
  co_await rest;
}

// --- on the way out

Task<void> Chain::run_response(Exchange& ex) const { return tell_from(ex, 0); }

Task<void> Chain::tell(Exchange& ex, std::uint16_t link) const noexcept {
  begin_turn(ex);
  try {
    return links_[link].filter->on_response(ex);
  } catch (...) {
    failed(ex, filter_text(links_[link]));
    return {};
  }
}

Task<void> Chain::tell_from(Exchange& ex, std::size_t at) const {
  if (on_response_.empty()) return {};
  begin_filters(ex);
  for (; at < on_response_.size(); ++at) {
    if (on_response_[at] >= ex.reached) continue;
    Task<void> told = tell(ex, on_response_[at]);
    if (!told.await_ready()) return tell_after(ex, at, std::move(told));
    end_turn(ex, on_response_[at]);
  }
  end_filters(ex);
  return {};
}

Task<void> Chain::tell_after(Exchange& ex, std::size_t at, Task<void> pending) const {
  // Those that follow were reached if this one was: the order is reversed.
  for (std::optional<Task<void>> task(std::move(pending));;) {
    Task<void>& told = *task;
    try {
      co_await told;
    } catch (...) {
      failed(ex, filter_text(links_[on_response_[at]]));
    }
    end_turn(ex, on_response_[at]);
    if (++at == on_response_.size()) break;
    task.emplace(tell(ex, on_response_[at]));
  }
  end_filters(ex);
}

// --- at the end

void Chain::done(const Exchange& ex) const noexcept {
  if (ex.filter_times.each) [[unlikely]]
    count_times(ex);
  for (std::uint16_t link : on_done_)
    if (link < ex.reached) links_[link].filter->on_done(ex);
}

void Chain::count_times(const Exchange& ex) const noexcept {
  for (std::uint16_t link = 0; link < ex.reached; ++link) {
    const Link& l = links_[link];
    if (l.times && (l.hooks.request || l.hooks.response))
      l.times->observe(ex.worker.index, ex.filter_times.each[link]);
  }
}

}  // namespace sluice::chain
