// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/streamed.h"

#include "gateway/base/job.h"
#include "gateway/compose/run.h"
#include "gateway/net/signal.h"

namespace sluice::compose {

using base::Reason;
using base::Result;
using base::Task;
using http::FieldId;

namespace {

// Line breaks between the tokens of a value would end the line; inside of its texts there are none.
void in_one_line(std::string_view value, json::Output& out) {
  while (!value.empty()) {
    std::size_t n = std::min(value.find_first_of("\r\n"), value.size());
    out << value.substr(0, n);
    value.remove_prefix(std::min(n + 1, value.size()));
  }
}

}  // namespace

class Streamed final : public http::Body, private CallsEnd {
 public:
  Streamed(const Plan& plan, chain::Exchange& ex)
      : plan_(plan),
        ex_(ex),
        run_(plan, ex),
        parts_(plan, ex.arena),
        ended_(plan.calls.size()),
        made_(plan.calls.size()),
        scope_(&ex.scope),
        deadline_(ex.worker.loop.wheel(), scope_),
        changed_(ex.worker.loop.wheel()),
        job_(&scope_) {
    run_.told_ = this;
    for (const CallPlan& p : plan.calls) required_ += p.required ? 1 : 0;
  }

  // Waits for what the head has to wait for.
  Task<Result<void>> begin();
  // After begin(): the head of this body, or the answer in its place. False: that one.
  Result<bool> give_head();

  Task<Result<http::Piece>> read(std::size_t at_most) override {
    if (sent_ == sending_.size() && lines_.size() == 0 && !finished_) return wait(at_most);
    return next(at_most);
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void abandon() noexcept override { scope_.cancel(Reason::client_closed); }

 private:
  Task<void> work();
  Task<Result<http::Piece>> wait(std::size_t at_most);
  Result<http::Piece> next(std::size_t at_most);
  void call_ended(std::uint32_t call) override;
  void write(std::uint32_t call);
  void write_last();

  const Plan& plan_;
  chain::Exchange& ex_;
  Run run_;
  Parts parts_;
  std::vector<char> ended_, made_;  // calls, and their parts
  std::size_t required_ = 0;        // of which so many have not ended
  bool finished_ = false, closed_ = false;
  json::Output lines_, sending_;  // what has come, and what the reader is at
  std::size_t sent_ = 0;
  // From here on in this order: each goes before what it runs in.
  base::Scope scope_;
  net::ScopeTimer deadline_;
  net::Signal changed_;
  base::Job<void> job_;
};

Task<Result<void>> Streamed::begin() {
  base::Scope* here = co_await base::this_scope();
  if (plan_.wants_body && ex_.request_body) {
    auto reading = run_.read_body();
    auto read = co_await reading;
    if (!read) co_return read;
  }
  run_.began_ = ex_.worker.loop.clock().steady();
  ex_.upstream.asked = run_.began_;
  run_.scope_ = &scope_;
  deadline_.start(plan_.timeout, Reason::timeout_total);
  job_.start(work());
  while (!finished_ && (required_ > 0 || run_.broken_ || lines_.size() == 0)) {
    auto outcome = co_await changed_.wait({});
    if (outcome == base::Outcome::cancelled) co_return base::fail(here->why());
  }
  if (here->cancelled()) co_return base::fail(here->why());
  co_return Result<void>();
}

Task<void> Streamed::work() {
  auto calls = run_.all();
  co_await calls;
  finished_ = true;
  changed_.notify();
}

Result<bool> Streamed::give_head() {
  if (finished_ && run_.decisive()) {
    auto refused = run_.respond();
    if (!refused) return std::move(refused).unexpected();
    return false;
  }
  http::ResponseHead& head = ex_.response;
  head.status = 200;
  head.fields.add(FieldId::content_type, "application/x-ndjson");
  head.fields.add(FieldId::cache_control, "no-store");
  for (std::size_t i = 0; i < plan_.calls.size(); ++i)
    if (plan_.calls[i].required) run_.give_fields(i);
  return true;
}

// Makes the parts that nothing is missing for any more.
void Streamed::call_ended(std::uint32_t call) {
  ended_[call] = 1;
  if (plan_.calls[call].required) --required_;
  for (std::uint32_t i : plan_.enriching) {
    const CallPlan& p = plan_.calls[i];
    bool ready = ended_[i] && (!p.join || made_[p.join->call]) && (!p.zip || made_[*p.zip]);
    if (made_[i] || !ready) continue;
    made_[i] = 1;
    const CallState& state = run_.states_[i];
    if (auto value = run_.value(i)) parts_.make(i, *value, state.fell_back, state.outcome.shaped.text());
    if (!p.hidden) write(i);
  }
  changed_.notify();
}

void Streamed::write(std::uint32_t call) {
  if (parts_[call].data() == nullptr) return;
  lines_ << "{\"call\":\"" << plan_.calls[call].name << "\",\"value\":";
  in_one_line(parts_[call], lines_);
  lines_ << "}\n";
}

void Streamed::write_last() {
  bool complete = !run_.partial();
  run_.note_partial();
  plan_.responses->count(ex_.worker.index, complete ? 0 : 1);
  json::Output errors;
  if (!complete) run_.say_errors(errors);
  lines_ << (complete ? "{\"complete\":true" : "{\"complete\":false,\"errors\":");
  in_one_line(errors.text(), lines_);
  lines_ << "}\n";
}

Task<Result<http::Piece>> Streamed::wait(std::size_t at_most) {
  base::Scope* here = co_await base::this_scope();
  while (lines_.size() == 0 && !finished_) {
    auto outcome = co_await changed_.wait({});
    if (outcome == base::Outcome::cancelled) co_return base::fail(here->why());
  }
  co_return next(at_most);
}

Result<http::Piece> Streamed::next(std::size_t at_most) {
  if (sent_ == sending_.size()) {
    if (finished_ && !closed_) {
      closed_ = true;
      write_last();
    }
    std::swap(sending_, lines_);
    lines_.cut(0);
    sent_ = 0;
  }
  std::string_view piece = sending_.text().substr(sent_, at_most);
  sent_ += piece.size();
  bool last = closed_ && sent_ == sending_.size() && lines_.size() == 0;
  return http::Piece{{piece.data(), piece.size()}, last, nullptr};
}

Task<Result<void>> stream(const Plan& plan, chain::Exchange& ex) {
  auto body = http::make_body<Streamed>(ex.arena, plan, ex);
  auto& streamed = static_cast<Streamed&>(*body);
  auto beginning = streamed.begin();
  auto begun = co_await beginning;
  if (!begun) co_return begun;
  auto head = streamed.give_head();
  if (!head) co_return std::move(head).unexpected();
  if (*head) ex.response_body = std::move(body);
  co_return Result<void>();
}

}  // namespace sluice::compose
