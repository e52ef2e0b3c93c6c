// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "gateway/config/alternatives.h"
#include "gateway/config/walk.h"
#include "gateway/config/write.h"

namespace sluice::config {
namespace {

// Tells two secrets apart for as long as this process lives, and says nothing about them.
std::string masked(std::string_view text) {
  static const std::size_t salt = std::hash<const void*>{}(&salt);
  auto mark = std::hash<std::string_view>{}(text) ^ salt * 0x9e3779b97f4a7c15u;
  return "*** (" + std::to_string(mark % 10'000) + ")";
}

class Collector {
 public:
  explicit Collector(const Document& document) : document_(document) {}

  void value(const Shape& its_shape, const void* value, const Node* node, bool secret,
             const std::string& at) {
    const Shape* shape = &its_shape;
    while (shape->form == Shape::Form::optional) {
      auto& optional = static_cast<const OptionalShape&>(*shape);
      value = optional.get(value);
      if (!value) return;
      shape = &optional.content();
    }
    switch (shape->form) {
      case Shape::Form::scalar: {
        auto& scalar = static_cast<const ScalarShape&>(*shape);
        bool hidden = secret || scalar.secret || (node && node->substituted);
        // A secret writes itself as a mask: what it was written as tells two of them apart.
        return leaf(at, hidden, hidden && node ? std::string(node->text()) : scalar.write(value), node);
      }
      case Shape::Form::json:
        return leaf(at, secret || has_substitution(node), static_cast<const Json*>(value)->text, node);
      case Shape::Form::list: {
        auto& list = static_cast<const ListShape&>(*shape);
        for (std::size_t i = 0; i < list.size(value); ++i)
          this->value(list.element(), list.at(value, i), node_of(node, i), secret, below(list, value, i, at));
        return;
      }
      case Shape::Form::map: {
        auto& map = static_cast<const MapShape&>(*shape);
        for (std::size_t i = 0; i < map.size(value); ++i) {
          auto name = map.name(value, i);
          this->value(map.element(), map.at(value, i), node ? node->find(name) : nullptr,
                      secret || holds_secret(map, name), joined(at, name));
        }
        return;
      }
      default:
        return structure(static_cast<const StructShape&>(*shape), value, node, secret, at);
    }
  }
  std::vector<Leaf> out;

 private:
  static std::string joined(std::string at, std::string_view name) {
    append(at, name);
    return at;
  }
  void leaf(const std::string& at, bool secret, std::string text, const Node* node) {
    out.push_back({at, secret ? masked(text) : std::move(text),
                   node && node->place ? document_.sources().text(node->place) : std::string()});
  }

  std::string below(const ListShape& list, const void* value, std::size_t i, std::string at) {
    const Shape& element = list.element();
    if (element.form == Shape::Form::structure) {
      auto& structure = static_cast<const StructShape&>(element);
      const Field* name = structure.find("name");
      if (name && name->shape().form == Shape::Form::scalar) {
        auto text =
            static_cast<const ScalarShape&>(name->shape()).write(member_of(list.at(value, i), name->offset));
        if (!text.empty()) return joined(std::move(at), text);
      }
    }
    append(at, i);
    return at;
  }

  void structure(const StructShape& shape, const void* object, const Node* node, bool secret,
                 const std::string& at) {
    for (const Field& field : shape.fields)
      value(field.shape(), member_of(object, field.offset), node_of(shape, field, node),
            secret || holds_secret(field), joined(at, field.name));
    for (const UnionFacts& u : shape.unions) {
      auto& choice = *static_cast<const Choice*>(member_of(object, u.offset));
      if (!choice) continue;
      const Node* settings = node ? node->find(choice.name()) : nullptr;
      auto here = joined(at, choice.name());
      auto before = out.size();
      value(choice.kind()->shape(), choice.value().get(), settings, secret, here);
      if (out.size() == before) leaf(here, false, "", settings);
    }
  }

  const Document& document_;
};

}  // namespace

std::vector<Leaf> leaves(const Shape& root, const void* value, const Document& document) {
  Collector collector(document);
  collector.value(root, value, document.root(), false, "");
  return std::move(collector.out);
}

}  // namespace sluice::config
