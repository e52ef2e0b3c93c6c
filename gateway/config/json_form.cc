// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/alternatives.h"
#include "gateway/config/json.h"
#include "gateway/config/mask.h"
#include "gateway/config/walk.h"
#include "gateway/config/write.h"

namespace sluice::config {
namespace {

class Former {
 public:
  explicit Former(const Document* document, int indent) : document_(document), json_(indent) {}

  void value(const Shape& its_shape, const void* value, const Node* node, bool secret,
             const std::string& at) {
    const Shape* shape = &its_shape;
    while (shape->form == Shape::Form::optional) {
      auto& optional = static_cast<const OptionalShape&>(*shape);
      value = optional.get(value);
      if (!value) {
        json_.raw("null");
        return;
      }
      shape = &optional.content();
    }
    switch (shape->form) {
      case Shape::Form::scalar:
        return scalar(static_cast<const ScalarShape&>(*shape), value, node, secret, at);
      case Shape::Form::json:
        note(node, at);
        if (secret || has_substitution(node)) {
          json_.text(kMask);
        } else {
          json_.raw(static_cast<const Json*>(value)->text);
        }
        return;
      case Shape::Form::list:
        return list(static_cast<const ListShape&>(*shape), value, node, secret, at);
      case Shape::Form::map:
        return map(static_cast<const MapShape&>(*shape), value, node, secret, at);
      default:
        return structure(static_cast<const StructShape&>(*shape), value, node, secret, at);
    }
  }
  JsonForm take() { return {json_.str(), std::move(origins_)}; }

 private:
  void note(const Node* node, const std::string& at) {
    if (node && node->place) origins_.emplace_back(at, document_->sources().text(node->place));
  }

  void scalar(const ScalarShape& shape, const void* value, const Node* node, bool secret,
              const std::string& at) {
    note(node, at);
    if (secret || shape.secret || (node && node->substituted)) {
      json_.text(kMask);
      return;
    }
    std::string text = shape.write(value);
    bool is_text = shape.json_type == "text" || shape.json_type == "string";
    if (is_text) {
      json_.text(text);
    } else {
      json_.raw(text);
    }
  }

  void list(const ListShape& shape, const void* list, const Node* node, bool secret, const std::string& at) {
    json_.array();
    for (std::size_t i = 0; i < shape.size(list); ++i) {
      std::string below = at;
      append(below, i);
      value(shape.element(), shape.at(list, i), node_of(node, i), secret, below);
    }
    json_.end_array();
  }

  void map(const MapShape& shape, const void* map, const Node* node, bool secret, const std::string& at) {
    json_.object();
    for (std::size_t i = 0; i < shape.size(map); ++i) {
      auto name = shape.name(map, i);
      std::string below = at;
      append(below, name);
      json_.key(name);
      value(shape.element(), shape.at(map, i), node ? node->find(name) : nullptr,
            secret || holds_secret(shape, name), below);
    }
    json_.end_object();
  }

  void structure(const StructShape& shape, const void* object, const Node* node, bool secret,
                 const std::string& at) {
    json_.object();
    for (const Field& field : shape.fields) {
      const void* member = member_of(object, field.offset);
      const Node* its_node = node_of(shape, field, node);
      const Shape& its = field.shape();
      bool unset = its.form == Shape::Form::optional && !static_cast<const OptionalShape&>(its).get(member);
      if (unset || (holds_secret(field) && document_ && !its_node)) continue;
      std::string below = at;
      append(below, field.name);
      json_.key(field.name);
      value(its, member, its_node, secret || holds_secret(field), below);
    }
    for (const UnionFacts& u : shape.unions) {
      auto& choice = *static_cast<const Choice*>(member_of(object, u.offset));
      if (!choice) continue;
      std::string below = at;
      append(below, choice.name());
      json_.key(choice.name());
      value(choice.kind()->shape(), choice.value().get(), node ? node->find(choice.name()) : nullptr, secret,
            below);
    }
    json_.end_object();
  }

  const Document* document_;
  JsonWriter json_;
  std::vector<std::pair<std::string, std::string>> origins_;
};

}  // namespace

JsonForm json_form(const Shape& root, const void* value, const Document* document, int indent) {
  Former former(document, indent);
  former.value(root, value, document ? document->root() : nullptr, false, "");
  return former.take();
}

JsonForm json_form_of(const Shape& part, const void* value, const Document& document, const Node* node) {
  Former former(&document, 0);
  former.value(part, value, node, false, "");
  return former.take();
}

}  // namespace sluice::config
