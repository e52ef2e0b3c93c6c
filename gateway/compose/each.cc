// SPDX-License-Identifier: Apache-2.0
// A call that is made for each value of a list: the values are collected once each, so many at a time are
// asked for, and what comes becomes one list, in the order of the values.
#include <fmt/format.h>

#include <unordered_set>

#include "gateway/base/job.h"
#include "gateway/base/key_hash.h"
#include "gateway/compose/run.h"

namespace sluice::compose {

using base::Task;

struct Fan {
  std::vector<std::string_view> values;  // JSON
  std::vector<Outcome> outcomes;         // by batch
  std::size_t next = 0;
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
  while (fan.next < fan.outcomes.size() && !scope->cancelled()) {
    std::size_t batch = fan.next++;
    std::size_t begin = batch * p.batch;
    std::span<const std::string_view> values(fan.values);
    auto mine = values.subspan(begin, std::min<std::size_t>(p.batch, values.size() - begin));
    Outcome outcome = co_await ask(index, mine);
    if (!outcome.failure && p.batch > 1 && !json::is(outcome.value, json::Type::array))
      outcome.failure =
          failed("invalid", base::Reason::response_invalid, "a batch was not answered with a list");
    fan.outcomes[batch] = std::move(outcome);
  }
  co_return true;
}

Task<void> Run::perform_each(std::uint32_t index) {
  const CallPlan& p = plan_.calls[index];
  CallState& state = states_[index];
  Fan fan;
  if (!collect(p, fan.values, state.outcome.failure)) co_return;
  fan.outcomes.resize((fan.values.size() + p.batch - 1) / p.batch);
  std::vector<Task<bool>> tasks;
  for (std::size_t i = 0; i < std::min<std::size_t>(p.concurrency, fan.outcomes.size()); ++i)
    tasks.push_back(work_off(index, fan));
  auto together = base::all(std::move(tasks));
  co_await together;

  std::size_t good = 0;
  Failure excused;  // by a status that `fallback_on` names
  json::Output& list = state.made;
  list << '[';
  for (Outcome& o : fan.outcomes) {
    bool came = o.value.data() != nullptr && !o.failure;
    if (!came && !o.failure) o.failure = failed(base::Error{state.scope->why(), {}});
    std::string_view v = o.value;
    if (came) ++good;
    if (came && p.batch > 1) v = json::trimmed(v.substr(1, v.size() - 2));
    if (came && !v.empty()) {
      if (list.size() > 1) list << ',';
      list << v;
    }
    keep_head(p, state, o, excused);
  }
  list << ']';
  if (good > 0 || fan.outcomes.empty()) {
    state.outcome.value = list.text();
  } else if (!state.outcome.failure) {
    state.outcome.failure = excused;
  }
}

// Of each answer the head, and of the one whose failure is that of the call the body too: it may be passed
// on.
void Run::keep_head(const CallPlan& p, CallState& state, Outcome& item, Failure& excused) {
  if (state.outcome.inner_partial.empty()) state.outcome.inner_partial = item.inner_partial;
  bool first = item.failure && !state.outcome.failure;
  if (item.failure && p.takes(item.failure.status)) {
    if (!excused) excused = item.failure;
    first = false;
  }
  if (first) {
    state.outcome.failure = item.failure;
    state.outcome.answer = std::move(item.answer);
  } else if (item.answer) {
    item.answer->drop_body();
    state.parts.push_back(std::move(*item.answer));
  }
}

}  // namespace sluice::compose
