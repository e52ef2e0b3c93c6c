// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/order.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/chain/registry.h"

namespace sluice::chain {
namespace {

using config::Severity;

Stage stage(const Written& filter) { return filter_factory(filter.kind).stage; }

std::string quoted(const Written& filter) {
  return filter.name.empty() || filter.name == filter.kind
             ? fmt::format("`{}`", filter.kind)
             : fmt::format("`{}` ({})", filter.name, filter.kind);
}

// Two stages of which the second, written behind the first, is probably not where it was meant to be.
struct Odd {
  Stage before, after;
  std::string_view why;
};
constexpr Odd kOdd[] = {
    {Stage::admit, Stage::observe, "what the first refuses, the second never sees"},
    {Stage::identify, Stage::observe, "what the first refuses, the second never sees"},
    {Stage::allow, Stage::observe, "what the first refuses, the second never sees"},
    {Stage::limit, Stage::observe, "what the first refuses, the second never sees"},
    {Stage::identify, Stage::admit, "callers who do not identify themselves never reach the second"},
    {Stage::allow, Stage::identify, "the first decides before it is known who calls"},
};

// The first filter before `at` that makes an odd pair with it.
void warn_of_odd_pair(std::span<const Written> filters, std::size_t at, std::vector<Objection>& out) {
  for (std::size_t before = 0; before < at; ++before)
    for (const Odd& odd : kOdd)
      if (stage(filters[before]) == odd.before && stage(filters[at]) == odd.after) {
        out.push_back(
            {Severity::warning, at,
             fmt::format("{} comes after {}: {}", quoted(filters[at]), quoted(filters[before]), odd.why),
             "swap them?"});
        return;
      }
}

// Counters belong to a policy, wherever it stands: a `concurrency` of 1 that stands there twice refuses every
// request.
void warn_of_counting_twice(std::span<const Written> filters, std::size_t at, std::vector<Objection>& out) {
  const Written& here = filters[at];
  if (stage(here) != Stage::limit || !here.config) return;
  auto before = filters.first(at);
  if (std::ranges::find(before, here.config, &Written::config) == before.end()) return;
  out.push_back(
      {Severity::warning, at,
       fmt::format("{} stands in this chain already, and counts each request once more", quoted(here)),
       "use it in one place: in the route, in `use` of all routes, or in the listener's"});
}

// Copies of requests must not go out before anybody could be refused, with credentials that later filters
// hide.
void check_copies(std::span<const Written> filters, std::size_t at, std::vector<Objection>& out) {
  Stage here = stage(filters[at]);
  if (here == Stage::observe || here == Stage::shape) return;
  for (std::size_t before = 0; before < at; ++before)
    if (filters[before].kind == "mirror")
      return out.push_back(
          {Severity::error, at,
           fmt::format("{} comes after {}, whose copies go out before anybody is refused, with what "
                       "they show to be let in",
                       quoted(filters[at]), quoted(filters[before])),
           "write mirror last"});
}

void check_needs(std::span<const Written> filters, std::size_t at, std::vector<Objection>& out) {
  const auto& factory = filter_factory(filters[at].kind);
  if (!factory.needs) return;
  auto needed = factory.needs(filters[at].config);
  if (!needed) return;
  auto provides = [&](const Written& f) { return stage(f) == *needed; };
  auto here = filters.begin() + static_cast<std::ptrdiff_t>(at);
  if (std::any_of(filters.begin(), here, provides)) return;
  auto later = std::find_if(here + 1, filters.end(), provides);
  std::string message =
      fmt::format("{} needs a filter of the stage `{}` before it, ", quoted(filters[at]), name(*needed));
  if (later != filters.end()) {
    out.push_back(
        {Severity::error, at, message + fmt::format("but {} comes after it", quoted(*later)), "swap them?"});
  } else {
    out.push_back({Severity::error, at, message + "and there is none", {}});
  }
}

void check_before(std::span<const Written> filters, std::size_t at, std::vector<Objection>& out) {
  std::string_view kind = filter_factory(filters[at].kind).before;
  auto here = filters.begin() + static_cast<std::ptrdiff_t>(at);
  auto earlier = std::find_if(filters.begin(), here, [kind](const Written& f) { return f.kind == kind; });
  if (earlier == here) return;
  out.push_back({Severity::error, at,
                 fmt::format("{} must come before {}", quoted(filters[at]), quoted(*earlier)), "swap them?"});
}

// Preflights are answered by one filter, and what it then says of a response is not to be said twice.
void check_preflights(std::span<const Written> filters, std::size_t at, std::vector<Objection>& out) {
  auto answers = [](const Written& f) { return filter_factory(f.kind).hooks.preflight; };
  if (!answers(filters[at])) return;
  auto here = filters.begin() + static_cast<std::ptrdiff_t>(at);
  auto before = std::find_if(filters.begin(), here, answers);
  if (before == here) return;
  out.push_back({Severity::error, at,
                 fmt::format("{} comes after {}, which answers the preflights of this route already",
                             quoted(filters[at]), quoted(*before)),
                 "use one of them"});
}

void check_handler(std::span<const Written> filters, std::string_view handler, const void* settings,
                   std::vector<Objection>& out) {
  if (handler.empty()) return;
  const auto& factory = handler_factory(handler);
  auto listed = [](const std::vector<std::string>& kinds, const Written& f) {
    return std::find(kinds.begin(), kinds.end(), f.kind) != kinds.end();
  };
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const Written& f = filters[i];
    if (listed(factory.refuses, f))
      out.push_back({Severity::error, i,
                     fmt::format("{} cannot be used with the handler `{}`", quoted(f), handler),
                     fmt::format("say it in the settings of `{}`", handler)});
    if (f.of_route && listed(factory.ignores, f))
      out.push_back(
          {Severity::warning,
           i,
           fmt::format("{} does nothing here: `{}` goes by what the client sent", quoted(f), handler),
           {}});
  }
  if (!settings) return;
  auto needed = factory.needs ? factory.needs(settings) : std::nullopt;
  auto provides = [&](const Written& f) { return stage(f) == *needed; };
  if (needed && std::none_of(filters.begin(), filters.end(), provides))
    out.push_back({Severity::error,
                   filters.size(),
                   fmt::format("`{}` needs a filter of the stage `{}` before it, and there is none", handler,
                               name(*needed)),
                   {}});
  if (!factory.inner) return;
  for (const config::Choice* inner : factory.inner(settings))
    check_handler(filters, inner->name(), inner->value().get(), out);
}

}  // namespace

std::vector<Objection> object_to_order(std::span<const Written> filters, std::string_view handler,
                                       const void* settings) {
  std::vector<Objection> out;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    check_needs(filters, i, out);
    check_copies(filters, i, out);
    warn_of_odd_pair(filters, i, out);
    warn_of_counting_twice(filters, i, out);
    check_before(filters, i, out);
    check_preflights(filters, i, out);
  }
  check_handler(filters, handler, settings, out);
  return out;
}

}  // namespace sluice::chain
