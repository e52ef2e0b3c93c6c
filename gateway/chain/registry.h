// SPDX-License-Identifier: Apache-2.0
// Registry: the kinds of filter and handler that this binary knows. Each registers itself from its own source
// file, so adding one touches no other file:
//
//   const FilterKind<HeadersFilter, HeadersConfig> kKind{"headers", Stage::shape, "Edits header fields."};
//
// Registration happens before main() in static initialisers; read-only afterwards.
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

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
};
struct HandlerFactory {
  std::function<std::shared_ptr<const Handler>(const void* config, Builder&)> make;
};
void add_filter(config::Alternative alternative, FilterFactory factory);
void add_handler(config::Alternative alternative, HandlerFactory factory);
const FilterFactory& filter_factory(std::string_view name);
const HandlerFactory& handler_factory(std::string_view name);

// Finds out at compile time which hooks F overrides: the type of &F::hook names the class that declares it.
template <class F>
constexpr Hooks hooks_of() {
  return {!std::is_same_v<decltype(&F::on_request), decltype(&Filter::on_request)>,
          !std::is_same_v<decltype(&F::on_response), decltype(&Filter::on_response)>,
          !std::is_same_v<decltype(&F::on_done), decltype(&Filter::on_done)>};
}

// Makes an X from its settings; X is constructible from (const C&, Builder&) or from (const C&) alone.
template <class X, class C>
std::shared_ptr<X> build(const void* config, Builder& builder) {
  const C& c = *static_cast<const C*>(config);
  if constexpr (std::constructible_from<X, const C&, Builder&>) {
    return std::make_shared<X>(c, builder);
  } else {
    return std::make_shared<X>(c);
  }
}

// Construct one at namespace scope in the filter's source file.
template <class F, class C>
struct FilterKind {
  FilterKind(std::string name, Stage stage, std::string doc, std::string example = {}) {
    add_filter(config::alternative<C>(std::move(name), std::move(doc), std::move(example)),
               {stage, hooks_of<F>(), [](const void* c, Builder& b) -> std::shared_ptr<const Filter> {
                  return build<F, C>(c, b);
                }});
  }
};

template <class H, class C>
struct HandlerKind {
  HandlerKind(std::string name, std::string doc, std::string example = {}) {
    add_handler(
        config::alternative<C>(std::move(name), std::move(doc), std::move(example)),
        {[](const void* c, Builder& b) -> std::shared_ptr<const Handler> { return build<H, C>(c, b); }});
  }
};

}  // namespace sluice::chain
