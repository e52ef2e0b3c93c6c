// SPDX-License-Identifier: Apache-2.0
// Step 4 of a composition: one answer of what came.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/compose/coding.h"
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

// It failed, or is a composition of its own that lacks a part.
bool lacks_something(const CallState& state) noexcept {
  return !state.skipped && (state.outcome.failure || !state.outcome.inner_partial.empty());
}

}  // namespace

bool Run::partial() const { return std::any_of(states_.begin(), states_.end(), lacks_something); }

void Run::note_partial() {
  if (!partial()) return;
  auto names = ex_.arena.array<std::string_view>(states_.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (lacks_something(states_[i])) names[n++] = plan_.calls[i].name;
  ex_.partial = names.first(n);
}

// The call whose failure is the answer; null if there is an answer without it. What nobody sees is none. If
// nothing came, the raw call rather than one before it: its service has answered the client.
const CallPlan* Run::decisive() const {
  if (broken_) return broken_;
  const CallPlan* first = nullptr;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].skipped) continue;
    const CallPlan& p = plan_.calls[i];
    if (has_value(states_[i]) && p.shown) return nullptr;
    if (states_[i].outcome.failure && (!first || (is_raw(p) && passes(p)))) first = &p;
  }
  return first;
}

// Did its service refuse, and is that the client's to see?
bool Run::passes(const CallPlan& p) const {
  const Outcome& outcome = states_[static_cast<std::size_t>(&p - plan_.calls.data())].outcome;
  if (outcome.failure.word != "status" || !outcome.answer) return false;
  bool at_fault = outcome.failure.status >= 400 && outcome.failure.status < 500;
  return at_fault || (is_raw(p) && !p.required);
}

Result<void> Run::respond() {
  enum { complete, some, none };
  if (const CallPlan* p = decisive()) {
    plan_.responses->count(ex_.worker.index, none);
    return refuse(*p);
  }
  auto made = compose();
  if (made) note_partial();
  plan_.responses->count(ex_.worker.index, !made ? none : partial() ? some : complete);
  return made;
}

Result<void> Run::compose() {
  if (plan_.raw) {
    CallState& state = states_[*plan_.raw];
    if (state.skipped)
      return base::fail(Reason::response_invalid, "the condition of the raw call does not hold");
    if (!state.outcome.answer) return refuse(plan_.calls[*plan_.raw]);
    pass_through(*state.outcome.answer);
    explain(*state.outcome.answer);
    give_headers();
    return {};
  }
  json::Output out;
  if (auto made = merge(out); !made) return made;
  if (plan_.shape.changes()) {
    json::Output shaped(out.size());
    plan_.shape.apply(json::trimmed(out.text()), shaped);
    out = std::move(shaped);
  }
  ex_.response.status = 200;
  ex_.response.fields.add(FieldId::content_type, "application/json");
  ex_.response_body = http::make_body<OutputBody>(ex_.arena, std::move(out));
  give_headers();
  return {};
}

namespace {

// Fields by which a client learns what to do about an answer.
bool explains(std::string_view name, int status) noexcept {
  return (status == 401 && base::equal_ignoring_case(name, "WWW-Authenticate")) ||
         (status == 405 && base::equal_ignoring_case(name, "Allow")) ||
         ((status == 201 || status / 100 == 3) && base::equal_ignoring_case(name, "Location")) ||
         base::equal_ignoring_case(name, "Retry-After");
}

// Those of an answer that is passed through, beside its Content-Type.
constexpr std::string_view kPassed[] = {
    "Content-Disposition", "Content-Language", "ETag", "Last-Modified",
    "Content-Range",       "Accept-Ranges",    "Vary",
};

}  // namespace

// A refusal by the service is the client's to see, and so is whatever that of the raw call answers; other
// failures are between us and the service.
Result<void> Run::refuse(const CallPlan& p) {
  auto index = static_cast<std::size_t>(&p - plan_.calls.data());
  const Outcome& outcome = states_[index].outcome;
  const Failure& failure = outcome.failure;
  if (passes(p)) {
    pass_through(*outcome.answer, p.max_body);
    explain(*outcome.answer);
    give_fields(index, outcome.answer->fields);
    ex_.response.fields.set(FieldId::cache_control, "no-store");
    return {};
  }
  // A required call that cannot be made for want of a value: the services disagree, unless the request is at
  // fault.
  Reason reason = failure.word == "reference" && !p.needs.empty() ? Reason::response_invalid : failure.reason;
  return base::fail(reason,
                    fmt::format("{}: {}", p.name, failure.detail.empty() ? failure.word : failure.detail));
}

// `most_decoded`: the body is decoded if it can be and is not longer; nobody has asked the client what it
// takes.
void Run::pass_through(const chain::CallAnswer& answer, std::size_t most_decoded) {
  ex_.response.status = answer.status;
  // The answer lives as long as the coroutine, the body longer.
  json::Output body(answer.body.size());
  std::string coding = coded(answer.fields) ? coding_line(answer.fields) : "";
  bool decoded =
      most_decoded > 0 && !coding.empty() && decode(answer.fields, answer.body, most_decoded, body).empty();
  if (!decoded) {
    body.cut(0);
    body << answer.body;
    if (!coding.empty()) ex_.response.fields.add(FieldId::content_encoding, coding);
  }
  if (auto type = answer.fields.value(FieldId::content_type); !type.empty())
    ex_.response.fields.add(FieldId::content_type, type);
  for (const http::Field& f : answer.fields.lines())
    for (std::string_view name : kPassed)
      if (!f.dropped && base::equal_ignoring_case(f.name, name)) ex_.response.fields.add(f.name, f.value);
  ex_.response.fields = kept(ex_.response.fields);
  if (!http::bodiless(ex_.request.method, answer.status))
    ex_.response_body = http::make_body<OutputBody>(ex_.arena, std::move(body));
}

void Run::explain(const chain::CallAnswer& answer) {
  for (const http::Field& f : answer.fields.lines())
    if (!f.dropped && explains(f.name, answer.status))
      ex_.response.fields.add(ex_.arena.copy(f.name), ex_.arena.copy(f.value));
}

// The same lines with their texts in the exchange's arena.
http::Fields Run::kept(const http::Fields& fields) const {
  http::Fields out(ex_.arena);
  for (const http::Field& f : fields.lines())
    if (!f.dropped) out.add(ex_.arena.copy(f.name), ex_.arena.copy(f.value));
  return out;
}

json::Output Run::filled_template() {
  chain::AsAsked as_asked(ex_);
  json::Output out;
  CallText::Given given{ex_, *this};
  given.lenient = true;
  plan_.json->render(given, out);
  return out;
}

// Does anything come to what the calls gave?
bool Run::adds() const noexcept {
  bool complete = !partial();
  return plan_.always || (complete ? plan_.complete : plan_.partial) || (!complete && !plan_.errors.empty());
}

Result<void> Run::merge(json::Output& out) {
  json::Output filled;
  Parts parts(plan_, ex_.arena);
  json::Merge whole(ex_.arena);
  std::size_t expected = 256;
  if (plan_.json) {
    filled = filled_template();
    if (!adds()) {
      out = std::move(filled);
      return {};
    }
    expected += filled.size();
    whole.add("json", {}, json::trimmed(filled.text()), json::OnConflict::last);
  } else if (auto made = merge_parts(parts, whole, expected); !made) {
    return made;
  }
  json::Output errors;
  bool complete = !partial();
  auto add = [&whole](std::string_view what, std::string_view value,
                      json::OnConflict policy) -> Result<void> {
    if (whole.add(what, {}, value, policy)) return {};
    return base::fail(Reason::response_invalid,
                      fmt::format("there is no place for `{}`: what the calls gave is no object", what));
  };
  const std::pair<std::string_view, const std::optional<StaticJson>*> data[] = {
      {"data.always", &plan_.always},
      complete ? std::pair("data.complete", &plan_.complete) : std::pair("data.partial", &plan_.partial),
  };
  for (auto [name, d] : data)
    if (*d)
      if (auto added = add(name, json::trimmed((*d)->text()), plan_.on_conflict); !added) return added;
  if (!plan_.errors.empty() && !complete) {
    errors << '{' << plan_.errors << ':';
    say_errors(errors);
    errors << '}';
    if (auto added = add("errors", errors.text(), json::OnConflict::last); !added) return added;
  }
  if (const auto& c = whole.conflict())
    return base::fail(Reason::response_invalid,
                      fmt::format("{} and {} both gave \"{}\"", c->first, c->second, c->name));
  out.reserve(expected);
  whole.write(out);
  return {};
}

// What the calls gave, shaped and enriched. `expected` grows by how long that is.
Result<void> Run::merge_parts(Parts& parts, json::Merge& whole, std::size_t& expected) {
  for (std::uint32_t i : plan_.enriching) {
    if (!has_value(states_[i])) continue;
    const Outcome& outcome = states_[i].outcome;
    parts.make(i, outcome.value, states_[i].fell_back, outcome.shaped.text());
    if (!plan_.calls[i].hidden) expected += parts[i].size() + plan_.calls[i].name.size() + 8;
  }
  for (std::size_t i = 0; i < plan_.calls.size(); ++i) {
    const CallPlan& p = plan_.calls[i];
    if (p.hidden || parts[i].data() == nullptr) continue;
    if (p.place.empty() && json::is(parts[i], json::Type::null)) continue;  // has no members
    if (!whole.add(p.name, p.place, parts[i], p.on_conflict))
      return base::fail(Reason::response_invalid,
                        fmt::format("{} gave {}, which cannot be merged with what the others gave", p.name,
                                    json::name(json::type_of(parts[i]))));
  }
  return {};
}

namespace {

// What a service said about it, as JSON if that is what it is.
void say_body(const chain::CallAnswer& answer, json::Output& out) {
  constexpr std::size_t kMost = 4096;
  std::string_view body = json::trimmed(answer.body);
  if (body.empty() || coded(answer.fields)) return;
  out << ",\"body\":";
  if (body.size() <= kMost && !json::check(answer.body)) {
    out << body;
  } else {
    out << '"';
    out.escape(body.substr(0, kMost));
    out << '"';
  }
}

}  // namespace

// {"orders":{"status":500,"reason":"status"}}
void Run::say_errors(json::Output& out) const {
  out << '{';
  bool first = true;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Failure& f = states_[i].outcome.failure;
    if (!lacks_something(states_[i])) continue;
    out << (first ? "\"" : ",\"") << plan_.calls[i].name << "\":{";
    first = false;
    if (f.status != 0) out << "\"status\":" << fmt::format_int(f.status).c_str() << ',';
    out << "\"reason\":\"" << (f ? f.word : std::string_view("partial")) << '"';
    if (plan_.error_bodies && states_[i].outcome.answer) say_body(*states_[i].outcome.answer, out);
    out << '}';
  }
  out << '}';
}

// --- fields

void Run::give_headers() {
  auto& fields = ex_.response.fields;
  Freshness freshness = freshness_;
  auto now = ex_.worker.loop.clock().wall();
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (const auto& answer = states_[i].outcome.answer) freshness.add(answer->fields, now);
    give_fields(i);
  }
  if (plan_.personal || fields.has(FieldId::set_cookie)) freshness.make_private();
  bool complete = !partial();
  if (!complete) freshness.forbid();
  if (auto text = freshness.text(ex_.arena); !text.empty()) fields.set(FieldId::cache_control, text);
  if (!complete) say_partial();
  if (!plan_.completed_header.empty()) fields.set(plan_.completed_header, complete ? "true" : "false");
  if (plan_.server_timing) say_timing();
}

// Those of `response_headers`: all lines of a name, in place of what another call gave; cookies beside it.
void Run::give_fields(std::size_t call) {
  const CallState& state = states_[call];
  if (state.outcome.answer) give_fields(call, state.outcome.answer->fields);
  if (state.lines) give_fields(call, *state.lines);
}

void Run::give_fields(std::size_t call, const http::Fields& from) {
  auto& fields = ex_.response.fields;
  for (const std::string& name : plan_.calls[call].response_headers) {
    bool first = true;
    for (const http::Field& f : from.lines()) {
      if (f.dropped || !base::equal_ignoring_case(f.name, name)) continue;
      if (std::exchange(first, false) && f.id != FieldId::set_cookie) fields.remove(name);
      fields.add(ex_.arena.copy(f.name), ex_.arena.copy(f.value));
    }
  }
}

// `orders;reason=timeout, users;reason=status;status=500;fallback`
void Run::say_partial() {
  std::string text;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const CallState& state = states_[i];
    const Failure& f = state.outcome.failure;
    if (state.skipped) continue;
    // Of a composition that is part of this one: `page.orders;reason=timeout`.
    for (std::string_view rest = state.outcome.inner_partial; !rest.empty();) {
      std::size_t end = std::min(rest.find(", "), rest.size());
      text += fmt::format("{}{}.{}", text.empty() ? "" : ", ", plan_.calls[i].name, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    if (!f) continue;
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
