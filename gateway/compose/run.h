// SPDX-License-Identifier: Apache-2.0
// Run: one composition for one exchange: makes the calls of its plan, each as soon as those that it needs
// have ended, and makes an answer of what came. Lives in the handler's coroutine.
//
//   1 ask        the request's body is read if calls get it; calls without needs begin, all at once
//   2 listen     each answer is checked and picked from; then whoever waited for it begins
//   3 give up    at the deadline all calls still under way are cancelled; when a required call has failed,
//                those that cannot decide any more what the answer is
//   4 answer     shaped and enriched values are merged in the order in which the calls are written
#pragma once
#include <optional>
#include <vector>

#include "gateway/compose/caching.h"
#include "gateway/compose/parts.h"
#include "gateway/compose/plan.h"
#include "gateway/json/merge.h"

namespace sluice::compose {

// Why a call gave nothing.
struct Failure {
  std::string_view
      word;  // for Sluice-Partial: "timeout", "status", "reference", "invalid", or the reason's name
  base::Reason reason = base::Reason::none;
  int status = 0;  // that the service answered; 0 if none
  std::string_view detail;

  explicit operator bool() const noexcept { return reason != base::Reason::none; }
};

// What came of a call, or of one of those that are made for `each`.
struct Outcome {
  std::optional<chain::CallAnswer> answer;
  std::shared_ptr<const KeptAnswer> kept;  // the memory of a value that is given again
  json::Output converted;                  // from another format or coding
  json::Output listed;                     // what `pick` made a list of
  std::string_view value;                  // in one of those; without data if there is none
  json::Output shaped;  // what the call's shape makes of `value`, where that is known already; else empty
  std::string_view inner_partial;  // of a composition that was asked: what is missing there
  Failure failure;
};

// A call while the composition runs.
struct CallState {
  std::uint32_t waits_for = 0;  // calls that have not ended yet
  bool skipped = false;         // its condition does not hold, or it needs what was skipped
  bool fell_back = false;       // the value is the fallback
  Outcome outcome;              // with a failure and a value: the value is not complete, or the fallback
  json::Output made;            // what is no slice of an answer: the list of `each`
  std::optional<http::Fields> lines;  // of `each`: what the client gets of the heads of answers that are gone
  chain::CallTrace trace;
  bool ran = false;
  bool ended = false;
  base::Scope* scope = nullptr;  // while it is under way
};

struct Fan;  // each.cc

// Who wants to know of each call that it has ended.
class CallsEnd {
 public:
  virtual void call_ended(std::uint32_t call) = 0;

 protected:
  ~CallsEnd() = default;
};

class Run final : private CallValues {
 public:
  Run(const Plan& plan, chain::Exchange& ex);
  Run(const Run&) = delete;

  // Fills the exchange's response, or says why there is none.
  base::Task<base::Result<void>> answer();

 private:
  friend class Streamed;

  // --- run.cc
  base::Task<base::Result<void>> read_body();
  base::Task<void> all();
  // Those that run side by side by base::all, which wants values.
  base::Task<bool> call(std::uint32_t index);
  base::Task<void> go_on(std::vector<std::uint32_t> ready);
  base::Task<void> perform(std::uint32_t index);
  // `kept`: for all requests of an `each`; null without.
  base::Task<Outcome> ask(std::uint32_t index, std::span<const std::string_view> each,
                          CallText::Kept* kept = nullptr);
  base::Task<base::Result<chain::CallAnswer>> answer_of(const CallPlan& p, chain::CallRequest request);
  base::Task<base::Result<chain::CallAnswer>> answer_of_composition(const CallPlan& p,
                                                                    chain::CallRequest request);
  void send_shadow(const CallPlan& p, CallState& state);
  // `given`: with the arena for the texts of the request.
  bool fill_in(const CallPlan& p, const CallText::Given& given, chain::CallRequest& request,
               Failure& failure);
  bool render_target(const CallPlan& p, const CallText::Given& given, chain::CallRequest& request,
                     Failure& failure);
  bool render_captures(const CallPlan& p, const CallText::Given& given, chain::CallRequest& request,
                       Failure& failure);
  void forward(const CallPlan& p, http::Fields& fields) const;
  Failure failed(const base::Error& error) const;
  Failure failed(std::string_view word, base::Reason reason, std::string_view detail) const;
  void settle(std::uint32_t index);
  void leave_out(std::uint32_t index);
  bool needs_skipped(const CallPlan& p) const;
  bool needs_broken(const CallPlan& p) const;
  void give_up();
  void count(const CallPlan& p, CallResult result) const { p.metrics->count(ex_.worker.index, result); }

  // --- take.cc
  using Picked = std::optional<std::string_view>;  // if it is known already; without data: there is nothing
  void take(const CallPlan& p, Outcome& outcome, Picked& picked) const;
  bool give_again(const CallPlan& p, std::string_view key, Outcome& outcome) const;
  void keep(const CallPlan& p, std::string key, Outcome& outcome, std::string_view whole) const;
  void take_and_keep(const CallPlan& p, std::string key, Outcome& outcome) const;
  void let_go(const CallPlan& p, Outcome& outcome) const;
  void read(const CallPlan& p, Outcome& outcome, Picked& picked) const;
  void pick(const CallPlan& p, Outcome& outcome, const Picked& picked) const;
  void invalid(Outcome& outcome, std::string_view why) const;
  bool is_raw(const CallPlan& p) const noexcept { return plan_.raw && &plan_.calls[*plan_.raw] == &p; }
  // Does nobody here read what it answers?
  bool untouched(const CallPlan& p) const noexcept { return is_raw(p) && p.dependents.empty(); }

  // --- each.cc
  base::Task<void> perform_each(std::uint32_t index);
  base::Task<bool> work_off(std::uint32_t index, Fan& fan);
  bool collect(const CallPlan& p, std::vector<std::string_view>& values, Failure& failure);
  void fold(const CallPlan& p, Fan& fan, std::size_t batch, Outcome item);
  void gather(Fan& fan, CallState& state);

  // --- answer.cc
  base::Result<void> respond();
  base::Result<void> compose();
  const CallPlan* decisive() const;
  bool passes(const CallPlan& p) const;
  base::Result<void> refuse(const CallPlan& p);
  void pass_through(const chain::CallAnswer& answer, std::size_t most_decoded = 0);
  void explain(const chain::CallAnswer& answer);
  http::Fields kept(const http::Fields& fields) const;
  base::Result<void> merge(json::Output& out);
  base::Result<void> merge_parts(Parts& parts, json::Merge& whole, std::size_t& expected);
  void say_errors(json::Output& out) const;
  void give_fields(std::size_t call);
  void give_fields(std::size_t call, const http::Fields& from);
  json::Output filled_template();
  bool adds() const noexcept;
  void say_partial();
  // Names the calls that failed to the log.
  void note_partial();
  void say_timing();
  void give_headers();
  bool partial() const;

  std::optional<std::string_view> value(std::uint32_t call) const override;

  const Plan& plan_;
  chain::Exchange& ex_;
  std::vector<CallState> states_;
  std::string_view body_;             // of the request, if calls get it
  json::Output read_;                 // its memory
  base::Scope* scope_ = nullptr;      // of the calls
  const CallPlan* broken_ = nullptr;  // of the required calls that have failed the one written first
  std::vector<char> wanted_;          // then: calls that may still decide; empty as long as all are
  base::SteadyTime began_{};
  Freshness freshness_;  // of answers that are gone
  CallsEnd* told_ = nullptr;
};

}  // namespace sluice::compose
