// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/order.h"

#include <algorithm>

namespace sluice::compose {
namespace {

bool waits_for_itself(const std::vector<CallPlan>& calls, std::uint32_t call) {
  std::vector<std::uint32_t> seen, todo = calls[call].needs;
  while (!todo.empty()) {
    std::uint32_t n = todo.back();
    todo.pop_back();
    if (n == call) return true;
    if (std::find(seen.begin(), seen.end(), n) != seen.end()) continue;
    seen.push_back(n);
    todo.insert(todo.end(), calls[n].needs.begin(), calls[n].needs.end());
  }
  return false;
}

// By its condition, or with a call that it cannot be made without. By call, as each is asked for often.
std::vector<char> left_out(const std::vector<CallPlan>& calls) {
  std::vector<char> out(calls.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const CallPlan& p = calls[i];
      bool may =
          p.when || std::any_of(p.needs.begin(), p.needs.end(), [&](std::uint32_t n) { return out[n]; });
      if (out[i] || !may || p.falls_back_on(FallbackCase::Kind::skipped)) continue;
      out[i] = 1;
      moved = true;
    }
  }
  return out;
}

// Why the request of `p` cannot be made of the fallback of that call; "" if it can. What its condition or its
// `each` looks at may keep it from being made at all.
std::string unfit_fallback(const CallPlan& p, std::uint32_t call, const CallPlan& needed) {
  if (!needed.fallback || (p.each && p.each->call == call)) return {};
  if (std::any_of(p.looked_at.begin(), p.looked_at.end(), [&](const auto& r) { return r.call == call; }))
    return {};
  for (const CallText* text : p.texts())
    if (auto why = text->unfit(call, json::trimmed(needed.fallback->text())); !why.empty()) return why;
  return {};
}

}  // namespace

std::optional<std::uint32_t> put_in_order(const std::vector<CallPlan>& calls, Needs needs,
                                          std::vector<std::uint32_t>& out) {
  std::vector<char> done(calls.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::uint32_t i = 0; i < calls.size(); ++i) {
      auto before = needs(calls[i]);
      if (done[i] || !std::all_of(before.begin(), before.end(), [&](std::uint32_t n) { return done[n]; }))
        continue;
      done[i] = 1;
      out.push_back(i);
      moved = true;
    }
  }
  auto left = std::find(done.begin(), done.end(), 0);
  if (left == done.end()) return std::nullopt;
  return static_cast<std::uint32_t>(left - done.begin());
}

std::string circle(const std::vector<CallPlan>& calls, std::uint32_t from) {
  std::vector<std::uint32_t> way;
  std::uint32_t at = from;
  while (std::find(way.begin(), way.end(), at) == way.end()) {
    way.push_back(at);
    for (std::uint32_t n : calls[at].needs)
      if (waits_for_itself(calls, n)) {
        at = n;
        break;
      }
  }
  std::string out;
  for (auto i = std::find(way.begin(), way.end(), at); i != way.end(); ++i) out += calls[*i].name + " -> ";
  return out + calls[at].name;
}

std::optional<Missing> may_be_missing(const std::vector<CallPlan>& calls, const CallPlan& required) {
  using Kind = FallbackCase::Kind;
  auto out = left_out(calls);
  for (std::uint32_t n : required.needs) {
    const CallPlan& needed = calls[n];
    if (out[n] && !required.falls_back_on(Kind::skipped)) return Missing{n, true, {}};
    if (required.falls_back_on(Kind::error)) continue;
    if (!needed.required && !needed.falls_back_on(Kind::error)) return Missing{n, false, {}};
    if (auto why = unfit_fallback(required, n, needed); !why.empty()) return Missing{n, false, why};
  }
  return std::nullopt;
}

}  // namespace sluice::compose
