// SPDX-License-Identifier: Apache-2.0
// Step 4 of a composition: one answer of what came.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/compose/caching.h"
#include "gateway/compose/enrich.h"
#include "gateway/compose/run.h"

namespace sluice::compose {

using base::Reason;
using base::Result;
using http::FieldId;

namespace {

// The response's body with its memory.
class OutputBody final : public http::Body {
 public:
  explicit OutputBody(json::Output out) : out_(std::move(out)), text_(out_.text()) {}
  base::Task<Result<http::Piece>> read(std::size_t at_most) override { return text_.read(at_most); }
  std::optional<std::uint64_t> length() const noexcept override { return text_.length(); }

 private:
  json::Output out_;
  http::TextBody text_;
};

bool has_value(const CallState& state) noexcept { return state.outcome.value.data() != nullptr; }

}  // namespace

bool Run::partial() const {
  return std::any_of(states_.begin(), states_.end(),
                     [](const CallState& s) { return !s.skipped && static_cast<bool>(s.outcome.failure); });
}

// The call whose failure is the answer; null if there is an answer without it.
const CallPlan* Run::decisive() const {
  if (broken_) return broken_;
  const CallPlan* first = nullptr;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].skipped) continue;
    if (has_value(states_[i])) return nullptr;
    if (!first && states_[i].outcome.failure) first = &plan_.calls[i];
  }
  return first;
}

Result<void> Run::respond() {
  if (const CallPlan* p = decisive()) return refuse(*p);
  if (plan_.raw) {
    CallState& state = states_[*plan_.raw];
    if (state.skipped)
      return base::fail(Reason::response_invalid, "the condition of the raw call does not hold");
    if (!state.outcome.answer) return refuse(plan_.calls[*plan_.raw]);
    pass_through(*state.outcome.answer);
    give_headers();
    return {};
  }
  json::Output out;
  if (auto made = merge(out); !made) return made;
  ex_.response.status = 200;
  ex_.response.fields.add(FieldId::content_type, "application/json");
  ex_.response_body = http::make_body<OutputBody>(ex_.arena, std::move(out));
  give_headers();
  return {};
}

// A refusal by the service is the client's to see, other failures are between us and the service.
Result<void> Run::refuse(const CallPlan& p) {
  const Outcome& outcome = states_[static_cast<std::size_t>(&p - plan_.calls.data())].outcome;
  const Failure& failure = outcome.failure;
  if (failure.word == "status" && failure.status >= 400 && failure.status < 500 && outcome.answer) {
    pass_through(*outcome.answer);
    if (failure.status == 401)
      for (const http::Field& f : outcome.answer->fields.lines())
        if (base::equal_ignoring_case(f.name, "WWW-Authenticate"))
          ex_.response.fields.add(ex_.arena.copy(f.name), ex_.arena.copy(f.value));
    ex_.response.fields.set(FieldId::cache_control, "no-store");
    return {};
  }
  // A required call that cannot be made for want of a value: the services disagree, unless the request is at
  // fault.
  Reason reason = failure.word == "reference" && !p.needs.empty() ? Reason::response_invalid : failure.reason;
  return base::fail(reason,
                    fmt::format("{}: {}", p.name, failure.detail.empty() ? failure.word : failure.detail));
}

void Run::pass_through(const chain::CallAnswer& answer) {
  ex_.response.status = answer.status;
  if (auto type = answer.fields.value(FieldId::content_type); !type.empty())
    ex_.response.fields.add(FieldId::content_type, type);
  if (auto coding = answer.fields.value(FieldId::content_encoding); !coding.empty())
    ex_.response.fields.add(FieldId::content_encoding, coding);
  if (const http::Field* f = answer.fields.find("Content-Disposition"))
    ex_.response.fields.add(f->name, f->value);
  // The answer lives as long as the coroutine, the body longer.
  json::Output body(answer.body.size());
  body << answer.body;
  ex_.response.fields = kept(ex_.response.fields);
  if (!http::bodiless(ex_.request.method, answer.status))
    ex_.response_body = http::make_body<OutputBody>(ex_.arena, std::move(body));
}

// The same lines with their texts in the exchange's arena.
http::Fields Run::kept(const http::Fields& fields) const {
  http::Fields out(ex_.arena);
  for (const http::Field& f : fields.lines())
    if (!f.dropped) out.add(ex_.arena.copy(f.name), ex_.arena.copy(f.value));
  return out;
}

Result<void> Run::merge(json::Output& out) {
  if (plan_.json) {
    CallText::Given given{ex_, *this};
    given.lenient = true;
    plan_.json->render(given, out);
    return {};
  }
  std::vector<std::string_view> values(states_.size());
  std::vector<json::Output> made(2 * states_.size());
  std::size_t expected = 256;
  for (std::uint32_t i : plan_.enriching) {
    const CallPlan& p = plan_.calls[i];
    if (!has_value(states_[i])) continue;
    values[i] = states_[i].outcome.value;
    if (p.shape.changes() && !states_[i].fell_back) {
      json::Output& shaped = made[2 * i];
      shaped.reserve(values[i].size() / 2);
      p.shape.apply(values[i], shaped);
      values[i] = shaped.text();
    }
    json::Output enriched;
    for (bool by_place : {true, false}) {
      auto other = by_place ? p.zip : p.join ? std::optional(p.join->call) : std::nullopt;
      if (!other) continue;
      json::Output next;
      std::string_view theirs = values[*other].data() ? values[*other] : std::string_view("null");
      if (by_place) {
        zip(values[i], theirs, next);
      } else {
        join(*p.join, values[i], theirs, ex_.arena, next);
      }
      std::swap(enriched, next);
      made[2 * i + 1] = std::move(enriched);
      enriched = json::Output();
      values[i] = made[2 * i + 1].text();
    }
    if (!p.hidden) expected += values[i].size() + p.name.size() + 8;
  }
  json::Merge whole(ex_.arena);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const CallPlan& p = plan_.calls[i];
    if (p.hidden || values[i].data() == nullptr) continue;
    if (p.place.empty() && json::is(values[i], json::Type::null)) continue;  // has no members
    if (!whole.add(p.name, p.place, values[i], p.on_conflict))
      return base::fail(Reason::response_invalid,
                        fmt::format("{} gave {}, which cannot be merged with what the others gave", p.name,
                                    json::name(json::type_of(values[i]))));
  }
  json::Output errors;
  bool complete = !partial();
  const std::optional<StaticJson>* data[] = {&plan_.always, complete ? &plan_.complete : &plan_.partial};
  for (const auto* d : data)
    if (*d) whole.add("data", {}, (*d)->text(), plan_.on_conflict);
  if (!plan_.errors.empty() && !complete) {
    say_errors(errors);
    whole.add("errors", {}, errors.text(), json::OnConflict::last);
  }
  if (const auto& c = whole.conflict())
    return base::fail(Reason::response_invalid,
                      fmt::format("{} and {} both gave \"{}\"", c->first, c->second, c->name));
  out.reserve(expected);
  whole.write(out);
  return {};
}

// {"errors":{"orders":{"status":500,"reason":"status"}}}
void Run::say_errors(json::Output& out) const {
  out << '{' << plan_.errors << ":{";
  bool first = true;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Failure& f = states_[i].outcome.failure;
    if (states_[i].skipped || !f) continue;
    out << (first ? "\"" : ",\"") << plan_.calls[i].name << "\":{";
    first = false;
    if (f.status != 0) out << "\"status\":" << fmt::format_int(f.status).c_str() << ',';
    out << "\"reason\":\"" << f.word << "\"}";
  }
  out << "}}";
}

// --- fields

void Run::give_headers() {
  auto& fields = ex_.response.fields;
  Freshness freshness;
  auto now = ex_.worker.loop.clock().wall();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const CallState& state = states_[i];
    auto take = [&](const chain::CallAnswer& answer) {
      freshness.add(answer.fields, now);
      for (const std::string& name : plan_.calls[i].response_headers)
        for (const http::Field& f : answer.fields.lines()) {
          if (f.dropped || !base::equal_ignoring_case(f.name, name)) continue;
          auto own_name = ex_.arena.copy(f.name), value = ex_.arena.copy(f.value);
          if (f.id == FieldId::set_cookie) {
            fields.add(own_name, value);
          } else {
            fields.set(own_name, value);
          }
        }
    };
    if (state.outcome.answer) take(*state.outcome.answer);
    for (const chain::CallAnswer& part : state.parts) take(part);
  }
  if (plan_.personal || fields.has(FieldId::set_cookie)) freshness.make_private();
  bool complete = !partial();
  if (!complete) freshness.forbid();
  if (auto text = freshness.text(ex_.arena); !text.empty()) fields.set(FieldId::cache_control, text);
  if (!complete) say_partial();
  if (!plan_.completed_header.empty()) fields.set(plan_.completed_header, complete ? "true" : "false");
  if (plan_.server_timing) say_timing();
}

// `orders;reason=timeout, users;reason=status;status=500;fallback`
void Run::say_partial() {
  std::string text;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const CallState& state = states_[i];
    const Failure& f = state.outcome.failure;
    if (state.skipped || !f) continue;
    text += fmt::format("{}{};reason={}", text.empty() ? "" : ", ", plan_.calls[i].name, f.word);
    if (f.status != 0) text += fmt::format(";status={}", f.status);
    if (state.fell_back) text += ";fallback";
  }
  ex_.response.fields.set("Sluice-Partial", ex_.arena.copy(text));
}

// `user;dur=12.3;desc="at 0.0", orders;dur=40.1;desc="at 12.4"`: milliseconds.
void Run::say_timing() {
  auto ms = [](base::Duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  std::string text;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const CallState& state = states_[i];
    if (!state.ran) continue;
    text += fmt::format("{}{};dur={:.1f};desc=\"at {:.1f}\"", text.empty() ? "" : ", ", plan_.calls[i].name,
                        ms(state.trace.ended - state.trace.began), ms(state.trace.began - began_));
  }
  if (!text.empty()) ex_.response.fields.set("Server-Timing", ex_.arena.copy(text));
}

}  // namespace sluice::compose
