// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/registry.h"

#include <map>

#include "gateway/base/assert.h"

namespace sluice::chain {
namespace {

template <class Factory>
using Table = std::map<std::string, Factory, std::less<>>;

Table<FilterFactory>& filters() {
  static Table<FilterFactory> table;
  return table;
}
Table<HandlerFactory>& handlers() {
  static Table<HandlerFactory> table;
  return table;
}

template <class Factory>
const Factory& at(const Table<Factory>& table, std::string_view name) {
  auto found = table.find(name);
  SLUICE_ASSERT(found != table.end());  // the binder knows the names of the table of alternatives only
  return found->second;
}

}  // namespace

std::string_view name(Stage stage) noexcept {
  switch (stage) {
    case Stage::observe:
      return "observe";
    case Stage::admit:
      return "admit";
    case Stage::identify:
      return "identify";
    case Stage::allow:
      return "allow";
    case Stage::limit:
      return "limit";
    case Stage::shape:
      return "shape";
  }
  return "";
}

config::Alternatives& filter_alternatives() {
  static config::Alternatives table("filter");
  return table;
}
config::Alternatives& handler_alternatives() {
  static config::Alternatives table("handler");
  return table;
}

void add_filter(config::Alternative alternative, FilterFactory factory) {
  filters().emplace(alternative.name, std::move(factory));
  filter_alternatives().add(std::move(alternative));
}
void add_handler(config::Alternative alternative, HandlerFactory factory) {
  handlers().emplace(alternative.name, std::move(factory));
  handler_alternatives().add(std::move(alternative));
}

const FilterFactory& filter_factory(std::string_view name) { return at(filters(), name); }
const HandlerFactory& handler_factory(std::string_view name) { return at(handlers(), name); }

Link make_link(const config::Choice& filter, std::string name, Builder& builder) {
  const FilterFactory& factory = filter_factory(filter.name());
  return {factory.make(filter.value().get(), builder), factory.hooks, std::move(name)};
}

std::shared_ptr<const Handler> Builder::handler(const config::Choice& choice, std::string_view) {
  return make_handler(choice, *this);
}

std::shared_ptr<const Handler> make_handler(const config::Choice& handler, Builder& builder) {
  return handler_factory(handler.name()).make(handler.value().get(), builder);
}

}  // namespace sluice::chain
