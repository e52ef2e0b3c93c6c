// SPDX-License-Identifier: Apache-2.0
// The JSON Schema of a description. Editors complete best from `properties`, `enum` and `oneOf` by required
// key, so that is what comes out, with a definition for each struct.
#include <charconv>
#include <limits>

#include "gateway/base/ascii.h"
#include "gateway/config/alternatives.h"
#include "gateway/config/binder.h"
#include "gateway/config/examples.h"
#include "gateway/config/json.h"
#include "gateway/config/load.h"
#include "gateway/config/walk.h"
#include "gateway/config/write.h"

namespace sluice::config {

namespace {

// Any setting may come from ${env:}, ${file:} or ${vault:}, whatever its type.
constexpr std::string_view kSubstituted = "\\$\\{(env|file|vault):";

bool is_literal(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return text == "true" || text == "false" ||
         (error == std::errc() && end == text.data() + text.size() && base::is_digit(text.front()));
}

class SchemaWriter {
 public:
  std::string write(const Shape& root, const Title& title) {
    json_.object().member("$schema", "https://json-schema.org/draft/2020-12/schema");
    if (!title.id.empty()) json_.member("$id", title.id);
    json_.member("title", title.title);
    value(root, nullptr);
    json_.key("$defs").object();
    auto& top = content_of(root);
    for (const StructShape* shape : structs_of(root)) definition(*shape, shape == &top);
    return json_.end_object().end_object().str() + '\n';
  }

 private:
  // Members of the open object that say what a value of the shape looks like.
  void value(const Shape& its_shape, const Rules* rules) {
    const Shape& shape = content_of(its_shape);
    switch (shape.form) {
      case Shape::Form::scalar:
        return scalar(static_cast<const ScalarShape&>(shape), rules);
      case Shape::Form::list:
        return list(static_cast<const ListShape&>(shape), rules);
      case Shape::Form::map: {
        json_.member("type", "object").key("additionalProperties").object();
        value(static_cast<const MapShape&>(shape).element(), rules ? rules->each.get() : nullptr);
        json_.end_object();
        return counts(rules, "minProperties", "maxProperties");
      }
      case Shape::Form::structure:
        json_.member("$ref", "#/$defs/" + static_cast<const StructShape&>(shape).name);
        return;
      default:
        return;
    }
  }

  void substituted() { json_.object().member("type", "string").member("pattern", kSubstituted).end_object(); }

  // A word that YAML takes for a number or a boolean, such as 1.2 and true, may stand with quotes and without.
  template <class Words>
  void words(const Words& words) {
    json_.object().key("enum").array();
    for (const auto& word : words) {
      if (is_literal(word.text)) json_.raw(word.text);
      json_.text(word.text);
    }
    json_.end_array().key("enumDescriptions").array();
    for (const auto& word : words)
      for (int forms = is_literal(word.text) ? 2 : 1; forms > 0; --forms) json_.text(word.doc);
    json_.end_array().end_object();
  }

  void scalar(const ScalarShape& shape, const Rules* rules) {
    if (!shape.words.empty()) {
      json_.key("anyOf").array();
      words(shape.words);
      substituted();
      json_.end_array();
      return;
    }
    std::string pattern = rules && !rules->pattern.empty() ? "^(?:" + rules->pattern + ")$" : shape.pattern;
    // A text that no pattern restricts may look like a number to YAML: `X-Version: 2`, `expect: 200`.
    bool is_text = shape.json_type == "text" || (shape.json_type == "string" && pattern.empty());
    bool is_number = shape.json_type == "integer" || shape.json_type == "number";
    if (is_text) {
      json_.key("type").array().text("string").text("number").text("boolean").end_array();
      counts(rules, "minLength", "maxLength");
    } else if (shape.json_type == "string") {
      json_.member("type", "string");
    } else {
      json_.key("type").array().text(shape.json_type).text("string").end_array();
      json_.member("pattern", kSubstituted);
    }
    if (is_number && rules && !rules->at_least.empty()) json_.key("minimum").raw(rules->at_least);
    if (is_number && rules && !rules->at_most.empty()) json_.key("maximum").raw(rules->at_most);
    if (!pattern.empty()) json_.member("pattern", pattern + '|' + std::string(kSubstituted));
  }

  void list(const ListShape& shape, const Rules* rules) {
    json_.member("type", "array").key("items").object();
    value(shape.element(), rules ? rules->each.get() : nullptr);
    json_.end_object();
    counts(rules, "minItems", "maxItems");
    if (rules && rules->unique) json_.key("uniqueItems").boolean(true);
  }

  void counts(const Rules* rules, std::string_view at_least, std::string_view at_most) {
    if (!rules) return;
    if (rules->min_items > 0) json_.key(at_least).number(rules->min_items);
    if (rules->max_items != std::numeric_limits<std::size_t>::max())
      json_.key(at_most).number(rules->max_items);
  }

  void field(const StructShape& shape, const Field& field) {
    std::string rules = rules_text(field.rules);
    json_.key(field.name).object().member("description", field.doc + (rules.empty() ? "" : ' ' + rules));
    if (!field.deprecated.empty()) json_.key("deprecated").boolean(true);
    if (field.one_or_many) {
      auto& list_shape = static_cast<const ListShape&>(content_of(field.shape()));
      json_.key("anyOf").array().object();
      value(list_shape.element(), field.rules.each.get());
      json_.end_object().object();
      list(list_shape, &field.rules);
      json_.end_object().end_array();
    } else {
      value(field.shape(), &field.rules);
    }
    default_value(shape, field);
    if (!field.examples.empty()) {
      json_.key("examples").array();
      for (const std::string& example : field.examples) json_.raw(example_json(example));
      json_.end_array();
    }
    json_.end_object();
  }

  void default_value(const StructShape& shape, const Field& field) {
    if (field.required || holds_secret(field) || !field.default_note.empty()) return;
    if (field.shape().form != Shape::Form::scalar) return;
    auto& scalar = static_cast<const ScalarShape&>(field.shape());
    std::string text = scalar.write(member_of(shape.defaults.get(), field.offset));
    bool quoted = scalar.json_type == "text" || scalar.json_type == "string";
    if (quoted && text.empty()) return;
    json_.key("default");
    quoted ? json_.text(text) : json_.raw(text);
  }

  void definition(const StructShape& shape, bool is_root) {
    json_.key(shape.name).object().member("description", shape.doc);
    bool has_short_form = !shape.words.empty() || !shape.shorthands.empty();
    if (has_short_form) {
      json_.key("anyOf").array();
      if (!shape.words.empty()) words(shape.words);
      for (std::size_t i : shape.shorthands) {
        json_.object().member("description",
                              "Short for " + shape.fields[i].name + ": " + shape.fields[i].doc);
        value(shape.fields[i].shape(), &shape.fields[i].rules);
        json_.end_object();
      }
      json_.object();
    }
    object(shape, is_root);
    if (has_short_form) json_.end_object().end_array();
    json_.end_object();
  }

  void object(const StructShape& shape, bool is_root) {
    json_.member("type", "object").key("properties").object();
    for (const Field& f : shape.fields) field(shape, f);
    if (is_root && !shape.find("include")) include();
    for (const UnionFacts& u : shape.unions) {
      for (const auto& alternative : u.table->all()) {
        json_.key(alternative->name).object().member("description", alternative->doc);
        value(alternative->shape(), nullptr);
        if (!alternative->example.empty())
          json_.key("examples").array().raw(example_json(alternative->example)).end_array();
        json_.end_object();
      }
    }
    json_.end_object().key("additionalProperties").boolean(false);
    json_.key("required").array();
    for (const Field& f : shape.fields)
      if (f.required) json_.text(f.name);
    json_.end_array();
    rules_between(shape);
  }

  void include() {
    json_.key("include").object().member("description", std::string(kIncludeDoc)).key("anyOf").array();
    json_.object().member("type", "string").end_object();
    json_.object()
        .member("type", "array")
        .key("items")
        .object()
        .member("type", "string")
        .end_object()
        .end_object();
    json_.end_array().end_object();
  }

  // [{"required":["a"]},{"required":["b"]}]
  void one_required(const std::vector<std::string>& names, bool or_none) {
    auto each = [&] {
      for (const std::string& name : names)
        json_.object().key("required").array().text(name).end_array().end_object();
    };
    json_.array();
    each();
    if (or_none) {
      json_.object().key("not").object().key("anyOf").array();
      each();
      json_.end_array().end_object().end_object();
    }
    json_.end_array();
  }

  void rules_between(const StructShape& shape) {
    if (shape.groups.empty() && shape.unions.empty()) return;
    json_.key("allOf").array();
    for (const Group& group : shape.groups) {
      bool at_least = group.how_many == HowMany::at_least_one;
      json_.object().key(at_least ? "anyOf" : "oneOf");
      one_required(group.names, group.how_many == HowMany::at_most_one);
      json_.end_object();
    }
    for (const UnionFacts& u : shape.unions) {
      std::vector<std::string> names;
      for (const auto& alternative : u.table->all()) names.push_back(alternative->name);
      if (names.empty()) continue;
      json_.object().key("oneOf");
      one_required(names, !u.required);
      json_.end_object();
    }
    json_.end_array();
  }

  JsonWriter json_{2};
};

}  // namespace

std::string json_schema(const Shape& root, const Title& title) { return SchemaWriter().write(root, title); }

}  // namespace sluice::config
