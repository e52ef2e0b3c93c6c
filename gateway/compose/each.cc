// SPDX-License-Identifier: Apache-2.0
// A call that is made for each value of a list: the values are collected once each, so many at a time are
// asked for, and what comes becomes one list, in the order of the values.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "gateway/base/job.h"
#include "gateway/base/key_hash.h"
#include "gateway/base/strings.h"
#include "gateway/compose/run.h"

namespace sluice::compose {

using base::Task;

// What is kept of the calls that have ended: values, and of all else no more than comes into the answer. What
// it comes to does not depend on who ends first.
struct Fan {
  // A line of an answer's head that is listed in `response_headers`.
  struct Line {
    std::size_t batch;
    std::string name, value;
  };

  std::vector<std::string_view> values;  // JSON
  CallText::Kept kept;                   // what all requests say alike of other calls
  std::vector<std::string> parts;        // what came, by batch, without the brackets of a list
  std::size_t next = 0;                  // batch
  std::size_t good = 0;                  // batches
  // The first batch whose failure is that of the call, with its answer, which may be passed on.
  std::size_t failed_at = SIZE_MAX;
  Failure failure;
  std::optional<chain::CallAnswer> refusal;
  Failure excused;  // by a status that `fallback_on` names
  std::size_t partial_at = SIZE_MAX;
  std::string_view inner_partial;
  std::vector<Line> lines;  // by batch

  void take_lines(const CallPlan& p, std::size_t batch, const http::Fields& fields);
};

bool Run::collect(const CallPlan& p, std::vector<std::string_view>& values, Failure& failure) {
  auto from = value(p.each->call);
  if (!from) {
    failure = failed("reference", base::Reason::validation, "there is no list");
    return false;
  }
  std::unordered_set<std::string_view, base::TextHash> seen;
  bool good = true;
  auto add = [&](std::string_view v) {
    json::Type type = json::type_of(v);
    if (type == json::Type::null) return;
    if (type == json::Type::object || type == json::Type::array) {
      good = false;
    } else if (seen.insert(json::plain(v, ex_.arena)).second) {
      values.push_back(v);
    }
  };
  json::for_each(*from, p.each->path.steps(), [&](std::string_view v) {
    if (!json::is(v, json::Type::array)) return add(v);
    json::Items items(v);
    for (std::string_view item; items.next(item);) add(item);
  });
  if (!good) {
    failure = failed("reference", base::Reason::validation, "the list has objects or lists in it");
  } else if (values.size() > p.at_most) {
    failure = failed("reference", base::Reason::validation,
                     fmt::format("{} values are more than {}", values.size(), p.at_most));
  }
  return !failure;
}

Task<bool> Run::work_off(std::uint32_t index, Fan& fan) {
  const CallPlan& p = plan_.calls[index];
  base::Scope* scope = states_[index].scope;
  while (fan.next < fan.parts.size() && !scope->cancelled()) {
    std::size_t batch = fan.next++;
    std::size_t begin = batch * p.batch;
    std::span<const std::string_view> values(fan.values);
    auto mine = values.subspan(begin, std::min<std::size_t>(p.batch, values.size() - begin));
    Outcome outcome = co_await ask(index, mine, &fan.kept);
    if (!outcome.failure && p.batch > 1 && !json::is(outcome.value, json::Type::array))
      outcome.failure =
          failed("invalid", base::Reason::response_invalid, "a batch was not answered with a list");
    fold(p, fan, batch, std::move(outcome));
  }
  co_return true;
}

Task<void> Run::perform_each(std::uint32_t index) {
  const CallPlan& p = plan_.calls[index];
  CallState& state = states_[index];
  Fan fan;
  if (!collect(p, fan.values, state.outcome.failure)) co_return;
  fan.parts.resize((fan.values.size() + p.batch - 1) / p.batch);
  std::vector<Task<bool>> tasks;
  for (std::size_t i = 0; i < std::min<std::size_t>(p.concurrency, fan.parts.size()); ++i)
    tasks.push_back(work_off(index, fan));
  auto together = base::all(std::move(tasks));
  co_await together;
  if (fan.next < fan.parts.size() && !fan.failure) fan.failure = failed(base::Error{state.scope->why(), {}});
  gather(fan, state);
}

// Keeps of an answer what is needed of it, so that no more answers are in memory than are awaited.
void Run::fold(const CallPlan& p, Fan& fan, std::size_t batch, Outcome item) {
  if (!item.inner_partial.empty() && batch < fan.partial_at) {
    fan.partial_at = batch;
    fan.inner_partial = ex_.arena.copy(item.inner_partial);
  }
  if (!item.failure) {
    ++fan.good;
    std::string_view v = item.value;
    if (p.batch > 1) v = json::trimmed(v.substr(1, v.size() - 2));
    fan.parts[batch] = v;
  } else if (p.takes(item.failure.status)) {
    if (!fan.excused) fan.excused = item.failure;
  } else if (batch < fan.failed_at) {
    // The one that was thought to be the first is one of many from now on.
    fan.failure = item.failure;
    std::swap(fan.failed_at, batch);
    std::swap(fan.refusal, item.answer);
  }
  if (!item.answer) return;
  freshness_.add(item.answer->fields, ex_.worker.loop.clock().wall());
  fan.take_lines(p, batch, item.answer->fields);
}

// Of a field those of the last batch that has it, of cookies all.
void Fan::take_lines(const CallPlan& p, std::size_t batch, const http::Fields& fields) {
  for (const std::string& name : p.response_headers) {
    if (!fields.find(name)) continue;
    if (http::field_id(name) != http::FieldId::set_cookie) {
      auto same = [&](const Line& l) { return base::equal_ignoring_case(l.name, name); };
      auto before = std::find_if(lines.begin(), lines.end(), same);
      if (before != lines.end() && before->batch > batch) continue;
      std::erase_if(lines, same);
    }
    auto later = [](std::size_t than, const Line& l) { return l.batch > than; };
    for (const http::Field& f : fields.lines())
      if (!f.dropped && base::equal_ignoring_case(f.name, name))
        lines.insert(std::upper_bound(lines.begin(), lines.end(), batch, later),
                     {batch, std::string(f.name), std::string(f.value)});
  }
}

// Makes one list of all.
void Run::gather(Fan& fan, CallState& state) {
  std::size_t size = 2;
  for (const std::string& part : fan.parts) size += part.size() + 1;
  json::Output& list = state.made;
  list.reserve(size);
  list << '[';
  for (std::string& part : fan.parts) {
    if (part.empty()) continue;
    if (list.size() > 1) list << ',';
    list << part;
    part = std::string();  // gives its memory back
  }
  list << ']';
  Outcome& outcome = state.outcome;
  outcome.failure = fan.failure;
  outcome.answer = std::move(fan.refusal);
  outcome.inner_partial = fan.inner_partial;
  if (fan.good > 0 || fan.parts.empty()) {
    outcome.value = list.text();
  } else if (!outcome.failure) {
    outcome.failure = fan.excused;
  }
  if (fan.lines.empty()) return;
  state.lines.emplace(ex_.arena);
  for (const Fan::Line& l : fan.lines) state.lines->add(ex_.arena.copy(l.name), ex_.arena.copy(l.value));
}

}  // namespace sluice::compose
