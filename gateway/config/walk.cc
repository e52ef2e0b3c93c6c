// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "gateway/base/assert.h"
#include "gateway/base/strings.h"
#include "gateway/config/alternatives.h"
#include "gateway/config/bind.h"
#include "gateway/config/binder.h"

namespace sluice::config {

namespace {

void collect(const Shape& shape, std::vector<const StructShape*>& out);

void collect(const StructShape& shape, std::vector<const StructShape*>& out) {
  for (const StructShape* known : out) {
    if (known == &shape) return;
    if (known->name == shape.name)
      base::assertion_failed(("two descriptions are named `" + shape.name + "`").c_str(), __FILE__, __LINE__);
  }
  out.push_back(&shape);
  for (const Field& field : shape.fields) collect(field.shape(), out);
  for (const UnionFacts& u : shape.unions)
    for (const auto& alternative : u.table->all()) collect(alternative->shape(), out);
}

void collect(const Shape& shape, std::vector<const StructShape*>& out) {
  switch (shape.form) {
    case Shape::Form::structure:
      return collect(static_cast<const StructShape&>(shape), out);
    case Shape::Form::list:
      return collect(static_cast<const ListShape&>(shape).element(), out);
    case Shape::Form::map:
      return collect(static_cast<const MapShape&>(shape).element(), out);
    case Shape::Form::optional:
      return collect(static_cast<const OptionalShape&>(shape).content(), out);
    default:
      return;
  }
}

}  // namespace

const Shape& content_of(const Shape& shape) {
  if (shape.form != Shape::Form::optional) return shape;
  return content_of(static_cast<const OptionalShape&>(shape).content());
}

bool is_secret(const Shape& its_shape) {
  const Shape& shape = content_of(its_shape);
  switch (shape.form) {
    case Shape::Form::scalar:
      return static_cast<const ScalarShape&>(shape).secret;
    case Shape::Form::list:
      return is_secret(static_cast<const ListShape&>(shape).element());
    case Shape::Form::map:
      return is_secret(static_cast<const MapShape&>(shape).element());
    default:
      return false;
  }
}

bool holds_secret(const Field& field) {
  return field.rules.secret || (field.rules.each && field.rules.each->secret) || is_secret(field.shape());
}

bool holds_secret(const MapShape& map, std::string_view name) {
  const Shape& element = content_of(map.element());
  if (element.form == Shape::Form::structure)
    return static_cast<const StructShape&>(element).about_a_text && carries_credentials(name);
  if (element.form != Shape::Form::scalar) return false;
  const auto& type = static_cast<const ScalarShape&>(element).json_type;
  if (type != "text" && type != "string") return false;
  return carries_credentials(name);
}

std::string with_article(const std::string& noun) {
  bool vowel = !noun.empty() && std::string_view("aeiou").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

std::vector<const StructShape*> structs_of(const Shape& root) {
  std::vector<const StructShape*> out;
  collect(root, out);
  return out;
}

bool has_substitution(const Node* node) noexcept {
  if (!node) return false;
  if (node->substituted) return true;
  for (const Entry& entry : node->entries())
    if (has_substitution(entry.value)) return true;
  for (const Node* item : node->items())
    if (has_substitution(item)) return true;
  return false;
}

bool is_word(const StructShape& shape, const Node* node) noexcept {
  return node && node->kind == Kind::scalar &&
         std::any_of(shape.words.begin(), shape.words.end(), [&](auto& w) { return w.text == node->text(); });
}

const Node* node_of(const StructShape& shape, const Field& field, const Node* node) noexcept {
  if (!node) return nullptr;
  if (node->kind == Kind::mapping) return node->find(field.name);
  if (is_word(shape, node)) return node;
  return short_for(shape, node->kind) == &field ? node : nullptr;
}

const Node* node_of(const Node* list, std::size_t index) noexcept {
  if (!list || list->kind != Kind::sequence) return list;
  return index < list->items().size() ? list->items()[index] : nullptr;
}

Origin origin(const Document& document, const Shape& root, std::string_view path) {
  const Shape* shape = &root;
  const Node* node = document.root();
  bool hidden = false;
  while (!path.empty() && node) {
    auto step = next_step(path);
    if (!step) return {};
    shape = &content_of(*shape);
    switch (shape->form) {
      case Shape::Form::structure: {
        auto& structure = static_cast<const StructShape&>(*shape);
        if (const Field* field = structure.find(step->name)) {
          node = node_of(structure, *field, node);
          hidden = hidden || field->rules.secret;
          shape = &field->shape();
          break;
        }
        node = node->find(step->name);
        const Alternative* alternative = nullptr;
        for (const UnionFacts& u : structure.unions)
          if (!alternative) alternative = u.table->find(step->name);
        if (!alternative) return {};
        shape = &alternative->shape();
        break;
      }
      case Shape::Form::list:
        if (!step->index) return {};
        node = node_of(node, *step->index);
        shape = &static_cast<const ListShape*>(shape)->element();
        break;
      case Shape::Form::map:
        node = node->find(step->name);
        hidden = hidden || holds_secret(static_cast<const MapShape&>(*shape), step->name);
        shape = &static_cast<const MapShape*>(shape)->element();
        break;
      default:
        return {};
    }
  }
  if (!node) return {};
  return {node->place, hidden || is_secret(*shape) || node->substituted};
}

std::string rules_text(const Rules& rules) {
  std::string out;
  auto add = [&](const std::string& sentence) { out += (out.empty() ? "" : " ") + sentence; };
  if (!rules.at_least.empty() && !rules.at_most.empty())
    add(fmt::format("{} to {}.", rules.at_least, rules.at_most));
  else if (!rules.at_least.empty())
    add(fmt::format("At least {}.", rules.at_least));
  else if (!rules.at_most.empty())
    add(fmt::format("At most {}.", rules.at_most));
  if (rules.min_items == 1) add("Not empty.");
  if (rules.min_items > 1) add(fmt::format("At least {} of them.", rules.min_items));
  if (rules.max_items != std::numeric_limits<std::size_t>::max())
    add(fmt::format("At most {} of them.", rules.max_items));
  if (rules.unique) add("Each only once.");
  if (!rules.pattern_means.empty()) add(fmt::format("Only {}.", rules.pattern_means));
  if (!rules.reference.empty()) add("The name of " + with_article(rules.reference) + ".");
  if (!rules.key_reference.empty()) add("Each key is the name of " + with_article(rules.key_reference) + ".");
  if (rules.each)
    if (std::string each = rules_text(*rules.each); !each.empty()) add("Each: " + each);
  if (rules.secret) add("Secret: never shown.");
  return out;
}

}  // namespace sluice::config
