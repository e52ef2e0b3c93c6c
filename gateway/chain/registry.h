// SPDX-License-Identifier: Apache-2.0
// Registry: the kinds of filter and handler that this binary knows. Each registers itself from its own source
// file, so adding one touches no other file:
//
//   const FilterKind<HeadersFilter, HeadersConfig> kHeaders{"headers", Stage::shape, "Edits header fields."};
//
// Registration happens before main() in static initialisers; read-only afterwards.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "gateway/chain/builder.h"
#include "gateway/chain/chain.h"
#include "gateway/config/describe.h"

namespace sluice::chain {

// What a filter is for, in the order in which it usually makes sense. The operator's order is what runs; the
// checker objects when a filter needs what only a later one provides.
enum class Stage : unsigned char { observe, admit, identify, allow, limit, shape };
std::string_view name(Stage stage) noexcept;

// The tables that the config layer binds `use:` entries and handler keys with.
config::Alternatives& filter_alternatives();
config::Alternatives& handler_alternatives();

struct FilterFactory {
  Stage stage;
  Hooks hooks;
  std::function<std::shared_ptr<const Filter>(const void* config, Builder&)> make;
  // The stage that must have run before a filter with these settings (see order.h); may be empty.
  std::function<std::optional<Stage>(const void* config)> needs;
  // The kind of filter that must not have run before it; "" for none.
  std::string_view before;
};
// Who makes the answers of a handler.
enum class AnswerFrom : unsigned char { several, upstream, gateway };

struct HandlerFactory {
  std::function<std::shared_ptr<const Handler>(const void* config, Builder&)> make;
  std::vector<std::string> refuses;  // filters that make no sense before it
  std::vector<std::string> ignores;  // filters whose edits it does not see
  // As of a FilterFactory.
  std::function<std::optional<Stage>(const void* config)> needs{};
  // The handlers that its settings hold; may be empty.
  std::function<std::vector<const config::Choice*>(const void* config)> inner{};
  AnswerFrom answer_from = AnswerFrom::several;
};
void add_filter(config::Alternative alternative, FilterFactory factory);
void add_handler(config::Alternative alternative, HandlerFactory factory);
// `name` must be one of the table's.
const FilterFactory& filter_factory(std::string_view name);
const HandlerFactory& handler_factory(std::string_view name);

// Builds what was bound; `name` is that of the policy. A filter object belongs to one place in one chain:
// build another for each. May have complained to `builder`; never null.
Link make_link(const config::Choice& filter, std::string name, Builder& builder);
std::shared_ptr<const Handler> make_handler(const config::Choice& handler, Builder& builder);

// Finds out at compile time which hooks F overrides: the type of &F::hook names the class that declares it.
template <class F>
constexpr Hooks hooks_of() {
  return {!std::is_same_v<decltype(&F::on_request), decltype(&Filter::on_request)>,
          !std::is_same_v<decltype(&F::on_response), decltype(&Filter::on_response)>,
          !std::is_same_v<decltype(&F::on_done), decltype(&Filter::on_done)>,
          !std::is_same_v<decltype(&F::on_preflight), decltype(&Filter::on_preflight)>};
}

// Makes an X from its settings; X is constructible from (const C&, Builder&) or from (const C&) alone.
template <class X, class Base, class C>
std::shared_ptr<const Base> make(const void* config, Builder& builder) {
  const C& c = *static_cast<const C*>(config);
  if constexpr (std::constructible_from<X, const C&, Builder&>) {
    return std::make_shared<X>(c, builder);
  } else {
    return std::make_shared<X>(c);
  }
}

// Construct one at namespace scope in the filter's source file. Settings whose filter needs what another
// stage does have a member `std::optional<Stage> needs() const`; those whose filter must stand before one of
// another kind, `static std::string_view before()`.
template <class F, class C>
struct FilterKind {
  FilterKind(std::string name, Stage stage, std::string doc, std::string example = {}) {
    FilterFactory factory{stage, hooks_of<F>(), make<F, Filter, C>, {}, {}};
    if constexpr (requires(const C& c) { c.needs(); })
      factory.needs = [](const void* config) { return static_cast<const C*>(config)->needs(); };
    if constexpr (requires { C::before(); }) factory.before = C::before();
    add_filter(config::alternative<C>(std::move(name), std::move(doc), std::move(example)),
               std::move(factory));
  }
};

// The same for a handler, whose settings may have needs() too, inner() if they hold handlers, and
// `static AnswerFrom answer_from()`. `refuses`: names of filters that make no sense before it; `ignores`: of
// those whose edits it does not see.
template <class H, class C>
struct HandlerKind {
  HandlerKind(std::string name, std::string doc, std::string example = {},
              std::vector<std::string> refuses = {}, std::vector<std::string> ignores = {}) {
    HandlerFactory factory{make<H, Handler, C>, std::move(refuses), std::move(ignores)};
    if constexpr (requires(const C& c) { c.needs(); })
      factory.needs = [](const void* config) { return static_cast<const C*>(config)->needs(); };
    if constexpr (requires(const C& c) { c.inner(); })
      factory.inner = [](const void* config) { return static_cast<const C*>(config)->inner(); };
    if constexpr (requires { C::answer_from(); }) factory.answer_from = C::answer_from();
    add_handler(config::alternative<C>(std::move(name), std::move(doc), std::move(example)),
                std::move(factory));
  }
};

}  // namespace sluice::chain
