// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/job.h"
#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/escape.h"
#include "gateway/compose/looked_at.h"
#include "gateway/http/separators.h"
#include "gateway/http/uri.h"
#include "gateway/jose/digest.h"

namespace sluice::compose {

using base::Reason;
using base::Result;
using base::Task;
using http::FieldId;

namespace {

std::string_view word_of(Reason reason) noexcept {
  return base::row(reason).status == 504 ? std::string_view("timeout") : base::row(reason).name;
}

CallResult result_of(const Failure& failure) noexcept {
  if (!failure) return CallResult::ok;
  if (failure.word == "reference") return CallResult::reference;
  if (failure.word == "status") return CallResult::status;
  if (failure.word == "timeout") return CallResult::timeout;
  if (failure.reason == Reason::response_invalid) return CallResult::invalid;
  return failure.reason == Reason::client_closed ? CallResult::cancelled : CallResult::failed;
}

std::string_view accepted(Format format) noexcept {
  if (format == Format::text) return "text/plain, */*;q=0.5";
  return format == Format::xml ? "application/xml, text/xml" : "application/json";
}

// A digest of all that a request for anybody says. Whatever a client can make it say is in here, so that no
// client chooses what others are answered; and what it says may be a credential, which is not kept.
std::string key_of(const chain::CallRequest& request, std::string_view scheme) {
  std::string out(scheme);
  out.append(":").append(request.path);
  if (request.has_query) out.append("?").append(request.query);
  for (const http::Field& f : request.fields)
    out.append("\n").append(base::to_lower(f.name)).append(":").append(f.value);
  return std::string(jose::view(jose::sha256(out)));
}

bool names(const std::vector<FallbackCase>& cases, const Failure& failure) noexcept {
  return std::any_of(cases.begin(), cases.end(), [&](const FallbackCase& c) {
    switch (c.kind) {
      case FallbackCase::Kind::error:
        return true;
      case FallbackCase::Kind::timeout:
        return failure.word == "timeout";
      case FallbackCase::Kind::skipped:
        return false;
      case FallbackCase::Kind::status:
        return failure.status >= c.from && failure.status <= c.to;
    }
    return false;
  });
}

}  // namespace

Run::Run(const Plan& plan, chain::Exchange& ex) : plan_(plan), ex_(ex), states_(plan.calls.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i)
    states_[i].waits_for = static_cast<std::uint32_t>(plan.calls[i].needs.size());
}

Task<Result<void>> Run::answer() {
  // Step 1
  if (plan_.wants_body && ex_.request_body) {
    auto read = co_await read_body();
    if (!read) co_return read;
  }
  base::Scope* here = co_await base::this_scope();
  auto& loop = ex_.worker.loop;
  began_ = loop.clock().steady();
  ex_.upstream.asked = began_;  // whoever leaves now has left while services were asked
  {
    // Steps 2 and 3
    base::Scope scope(here);
    net::ScopeTimer deadline(loop.wheel(), scope);
    deadline.start(plan_.timeout, Reason::timeout_total);
    scope_ = &scope;
    auto calls = all();
    co_await std::move(calls).in(scope);
    scope_ = nullptr;
  }
  if (here->cancelled()) co_return base::fail(here->why());
  // Step 4. What it takes is the gateway's time, other than what the services took.
  auto ended = loop.clock().steady();
  auto made = respond();
  ex_.upstream.asked = began_ + (loop.clock().steady() - ended);
  co_return made;
}

Task<Result<void>> Run::read_body() {
  constexpr std::size_t kPiece = 64 * 1024;
  if (ex_.request_body->length().value_or(0) > Plan::kMostRequestBody)
    co_return base::fail(Reason::body_too_large);
  for (bool last = false; !last;) {
    auto piece = co_await ex_.request_body->read(kPiece);
    if (!piece) co_return std::move(piece).unexpected();
    last = piece->last;
    read_ << std::string_view(piece->bytes.data(), piece->bytes.size());
    if (read_.size() > Plan::kMostRequestBody) co_return base::fail(Reason::body_too_large);
  }
  body_ = read_.text();
  co_return Result<void>();
}

// --- who begins when

Task<void> Run::all() {
  std::vector<std::uint32_t> ready;
  for (std::uint32_t i = 0; i < states_.size(); ++i)
    if (states_[i].waits_for == 0) ready.push_back(i);
  return go_on(std::move(ready));
}

Task<void> Run::go_on(std::vector<std::uint32_t> ready) {
  if (ready.size() == 1) {
    co_await call(ready[0]);
    co_return;
  }
  std::vector<Task<bool>> tasks;
  tasks.reserve(ready.size());
  for (std::uint32_t i : ready) tasks.push_back(call(i));
  auto together = base::all(std::move(tasks));
  co_await together;
}

// The call, and then whatever waited for it last.
Task<bool> Run::call(std::uint32_t index) {
  co_await perform(index);
  settle(index);
  if (told_) told_->call_ended(index);
  std::vector<std::uint32_t> ready;
  for (std::uint32_t d : plan_.calls[index].dependents)
    if (--states_[d].waits_for == 0) ready.push_back(d);
  if (!ready.empty()) co_await go_on(std::move(ready));
  co_return true;
}

Task<void> Run::perform(std::uint32_t index) {
  const CallPlan& p = plan_.calls[index];
  CallState& state = states_[index];
  bool wanted = wanted_.empty() || wanted_[index];
  if (p.shadow) state.skipped = true;  // no part of the answer, whatever comes of it
  if (scope_->cancelled() || !wanted) {
    state.outcome.failure =
        failed(base::Error{scope_->cancelled() ? scope_->why() : Reason::client_closed, {}});
    co_return;
  }
  LookedAt looked(p, *this, ex_.arena);
  if (p.when && !p.when->holds(ex_, &looked)) {
    state.skipped = true;
    co_return;
  }
  if (p.shadow) {
    send_shadow(p, state);
    co_return;
  }
  base::Scope own(co_await base::this_scope());
  state.scope = &own;
  if (p.each) {
    auto asking = perform_each(index);
    co_await std::move(asking).in(own);
  } else {
    auto asking = ask(index, {});
    state.outcome = co_await std::move(asking).in(own);
  }
  state.scope = nullptr;
}

bool Run::needs_skipped(const CallPlan& p) const {
  return std::any_of(p.needs.begin(), p.needs.end(), [this](std::uint32_t n) { return states_[n].skipped; });
}

// Did one fail without which there is no answer, so that this one is not the cause?
bool Run::needs_broken(const CallPlan& p) const {
  return std::any_of(p.needs.begin(), p.needs.end(), [this](std::uint32_t n) {
    return plan_.calls[n].required && states_[n].outcome.failure && !value(n);
  });
}

// The call has ended: takes the fallback if it is to be taken, and gives others up if it had to be good.
void Run::settle(std::uint32_t index) {
  const CallPlan& p = plan_.calls[index];
  CallState& state = states_[index];
  Failure& failure = state.outcome.failure;
  state.ended = true;
  if (p.shadow) return;  // and counted where it is sent
  if (state.skipped || (failure.word == "reference" && needs_skipped(p))) return leave_out(index);
  if (!failure) return;
  if (failure.word == "reference" || !state.ran) count(p, result_of(failure));
  if (!value(index) && p.fallback && names(p.fallback_on, failure)) {
    state.outcome.value = p.fallback->text();
    state.fell_back = true;
    if (p.takes(failure.status)) failure = {};
    return;
  }
  if (!p.required || (failure.word == "reference" && needs_broken(p))) return;
  if (broken_ && broken_ < &p) return;
  broken_ = &p;
  give_up();
}

// It is not made, or could not be without what was left out.
void Run::leave_out(std::uint32_t index) {
  const CallPlan& p = plan_.calls[index];
  CallState& state = states_[index];
  state.outcome.failure = {};
  state.skipped = !p.falls_back_on(FallbackCase::Kind::skipped);
  if (!state.skipped) {
    state.outcome.value = p.fallback->text();
    state.fell_back = true;
  }
  count(p, CallResult::skipped);
}

// Which failure is the answer must not depend on who fails first: required calls that are written earlier,
// and those that they need, go on.
void Run::give_up() {
  wanted_.assign(states_.size(), 0);
  std::vector<std::uint32_t> todo;
  for (std::uint32_t i = 0; &plan_.calls[i] != broken_; ++i)
    if (plan_.calls[i].required && !states_[i].ended) todo.push_back(i);
  while (!todo.empty()) {
    std::uint32_t n = todo.back();
    todo.pop_back();
    if (wanted_[n]) continue;
    wanted_[n] = 1;
    todo.insert(todo.end(), plan_.calls[n].needs.begin(), plan_.calls[n].needs.end());
  }
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (!wanted_[i] && states_[i].scope) states_[i].scope->cancel(Reason::client_closed);
}

// --- one call

Task<Outcome> Run::ask(std::uint32_t index, std::span<const std::string_view> each, CallText::Kept* kept) {
  const CallPlan& p = plan_.calls[index];
  Outcome out;
  chain::CallRequest request;
  // Of many requests each goes with its texts.
  std::optional<base::ArenaLease> own;
  if (!each.empty()) own.emplace();
  CallText::Given given{ex_, *this, each, p.batch > 1};
  if (own) given.own = &**own;
  given.kept = kept;
  if (!fill_in(p, given, request, out.failure)) co_return out;
  std::string key;
  if (p.keeping) {
    request.for_anybody = true;
    key = key_of(request, ex_.stream.connection().scheme());
    if (give_again(p, key, out)) co_return out;
  }
  CallState& state = states_[index];
  request.trace = &state.trace;
  auto& clock = ex_.worker.loop.clock();
  auto asked = clock.steady();
  auto began = state.ran ? state.trace.began : asked;
  state.ran = true;
  auto asking = answer_of(p, request);
  auto answer = co_await asking;
  state.trace.began = began;
  p.metrics->took(ex_.worker.index, clock.steady() - asked);
  if (answer) {
    out.answer.emplace(std::move(*answer));
    if (const auto* missing = p.inner ? out.answer->fields.find("Sluice-Partial") : nullptr)
      out.inner_partial = missing->value;
    take_and_keep(p, std::move(key), out);
  } else {
    out.failure = failed(answer.error());
  }
  count(p, result_of(out.failure));
  co_return out;
}

Task<Result<chain::CallAnswer>> Run::answer_of(const CallPlan& p, chain::CallRequest request) {
  if (!p.inner) return p.caller->call(ex_, request);
  return answer_of_composition(p, request);
}

// Of an upstream it is its forwarder that bounds the time.
Task<Result<chain::CallAnswer>> Run::answer_of_composition(const CallPlan& p, chain::CallRequest request) {
  base::Scope scope(co_await base::this_scope());
  net::ScopeTimer limit(ex_.worker.loop.wheel(), scope);
  if (p.timeout) limit.start(*p.timeout, Reason::timeout_total);
  auto asking = p.caller->call(ex_, request);
  co_return co_await std::move(asking).in(scope);
}

// Whatever comes of it, it is no part of the answer.
void Run::send_shadow(const CallPlan& p, CallState& state) {
  state.skipped = true;
  chain::CallRequest request;
  Failure failure;
  if (!fill_in(p, {ex_, *this}, request, failure)) return count(p, result_of(failure));
  if (!p.shadow->enter(ex_.worker.index, ex_.worker.loop.buffers().frugal())) return;
  chain::MirroredRequest::start(std::make_unique<chain::MirroredRequest>(ex_, request, p.shadow));
}

bool Run::fill_in(const CallPlan& p, const CallText::Given& given, chain::CallRequest& request,
                  Failure& failure) {
  request.method = p.method;
  request.most = p.max_body;
  base::Arena& arena = given.arena();
  if (!render_target(p, given, request, failure)) return false;
  if (p.inner && !render_captures(p, given, request, failure)) return false;
  http::Fields fields(arena);
  forward(p, fields);
  for (const auto& [name, text] : p.headers) {
    json::Output value;
    if (auto why = text.render(given, value); !why.empty()) {
      failure = failed("reference", Reason::validation, why);
      return false;
    }
    fields.set(name, arena.copy(value.text()));
  }
  if (p.body) {
    json::Output body;
    if (auto why = p.body->render(given, body); !why.empty()) {
      failure = failed("reference", Reason::validation, why);
      return false;
    }
    request.body = arena.copy(body.text());
    if (p.body_is_json && !fields.has(FieldId::content_type))
      fields.add(FieldId::content_type, "application/json");
  } else if (p.forward.body) {
    request.body = body_;
    for (FieldId id : {FieldId::content_type, FieldId::content_encoding})
      if (auto said = ex_.request.fields.value(id); !said.empty()) fields.set(id, said);
  }
  if (!fields.has(FieldId::accept)) fields.add(FieldId::accept, accepted(p.format));
  request.fields = fields.lines();
  request.lookalikes = fields.has_lookalikes();
  return true;
}

// For the composition of another route: as if its path had captured them.
bool Run::render_captures(const CallPlan& p, const CallText::Given& given, chain::CallRequest& request,
                          Failure& failure) {
  request.tells_caller = true;
  auto all = given.arena().array<chain::Capture>(p.captures.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [name, text] = p.captures[i];
    json::Output value;
    if (auto why = text.render(given, value); !why.empty()) {
      failure = failed("reference", Reason::validation, why);
      return false;
    }
    all[i] = {name, given.arena().copy(value.text())};
  }
  request.captures = all;
  return true;
}

bool Run::render_target(const CallPlan& p, const CallText::Given& given, chain::CallRequest& request,
                        Failure& failure) {
  json::Output uri;
  auto refuse = [&](std::string_view why) {
    failure = failed("reference", Reason::validation, why);
    return false;
  };
  if (p.inner) {  // it sees the client's, and the query that is given here
    uri << ex_.request.path;
    if (ex_.kept_line) request.client_path = ex_.kept_line->path;
  }
  if (auto why = p.uri.render(given, uri); !why.empty()) return refuse(why);
  bool first = uri.text().find('?') == std::string_view::npos;
  auto separator = [&]() -> char { return std::exchange(first, false) ? '?' : '&'; };
  auto add_name = [&](std::string_view name) {
    char* begin = given.arena().chars(name.size() * chain::kWorstEscape);
    uri << separator()
        << std::string_view(begin, static_cast<std::size_t>(chain::write_component(begin, name) - begin));
  };
  for (const auto& [name, text] : p.query) {
    json::Output value;  // begins with "?", behind which texts are escaped for a query
    if (auto why = text.render(given, value); !why.empty()) return refuse(why);
    add_name(name);
    uri << '=' << value.text().substr(1);
  }
  if (p.forward.all && ex_.request.has_query && !ex_.request.query.empty())
    uri << separator() << ex_.request.query;
  for (const std::string& name : p.forward.query)
    for (std::string_view rest = ex_.request.query; !rest.empty();) {
      std::size_t end = std::min(rest.find('&'), rest.size());
      if (auto value = chain::query_parameter(rest.substr(0, end), name)) {
        add_name(name);
        uri << '=' << *value;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  request.set_uri(given.arena().copy(uri.text()));
  // Whatever a value says, the path stays the one that was written: no segment of it goes up, vanishes or is
  // two to a service that decodes first.
  // The client's own path was judged when its route was chosen.
  auto let_in = p.inner ? http::separators_in(ex_.request.path) : http::PathOptions{};
  auto normal = http::normalise_path(request.path, given.arena(), let_in);
  auto segments = [](std::string_view path) { return std::count(path.begin(), path.end(), '/'); };
  if (!normal || segments(*normal) != segments(request.path) || !http::valid_query(request.query))
    return refuse("a value does not fit into the path");
  request.path = *normal;
  return true;
}

void Run::forward(const CallPlan& p, http::Fields& fields) const {
  if (p.forward.all) {
    for (const http::Field& f : ex_.request.fields.lines())
      if (!f.dropped && f.id != FieldId::content_type && f.id != FieldId::content_encoding)
        fields.add(f.name, f.value);
    if (!untouched(p))
      fields.remove_all(http::field_set(FieldId::accept_encoding, FieldId::range, FieldId::if_none_match,
                                        FieldId::if_modified_since));
  }
  for (const std::string& name : p.forward.headers)
    for (const http::Field& f : ex_.request.fields.lines())
      if (!f.dropped && base::equal_ignoring_case(f.name, name)) fields.add(f.name, f.value);
  if (ex_.request.fields.has_lookalikes()) fields.beware_of_lookalikes();
}

Failure Run::failed(const base::Error& error) const {
  return {word_of(error.reason), error.reason, 0, ex_.arena.copy(error.detail)};
}

Failure Run::failed(std::string_view word, Reason reason, std::string_view detail) const {
  return {word, reason, 0, ex_.arena.copy(detail)};
}

std::optional<std::string_view> Run::value(std::uint32_t call) const {
  const Outcome& outcome = states_[call].outcome;
  if (outcome.value.data() == nullptr) return std::nullopt;
  return outcome.value;
}

}  // namespace sluice::compose
