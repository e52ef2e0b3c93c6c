// SPDX-License-Identifier: Apache-2.0
// What the Binder says about shapes, YAML values as JSON, and the entry points of bind.h.
#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/config/bind.h"
#include "gateway/config/binder.h"
#include "gateway/config/json.h"
#include "gateway/config/walk.h"

namespace sluice::config {

namespace {

// Is the plain text a number of JSON? Its digits are kept as they are.
bool is_json_number(std::string_view t) noexcept {
  auto digits = [&] {
    std::size_t n = 0;
    while (n < t.size() && t[n] >= '0' && t[n] <= '9') ++n;
    t.remove_prefix(n);
    return n;
  };
  if (t.starts_with('-')) t.remove_prefix(1);
  bool leading_zero = t.starts_with('0');
  std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (t.starts_with('.')) {
    t.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (t.starts_with('e') || t.starts_with('E')) {
    t.remove_prefix(1);
    if (t.starts_with('+') || t.starts_with('-')) t.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return t.empty();
}

void write_json(const Node& node, JsonWriter& out) {
  switch (node.kind) {
    case Kind::mapping:
      out.object();
      for (const Entry& entry : node.entries()) {
        out.key(entry.key);
        write_json(*entry.value, out);
      }
      out.end_object();
      return;
    case Kind::sequence:
      out.array();
      for (const Node* item : node.items()) write_json(*item, out);
      out.end_array();
      return;
    case Kind::scalar:
      break;
    default:
      out.raw("null");
      return;
  }
  std::string_view text = node.text();
  if (!node.quoted && (text == "true" || text == "True" || text == "TRUE"))
    out.boolean(true);
  else if (!node.quoted && (text == "false" || text == "False" || text == "FALSE"))
    out.boolean(false);
  else if (!node.quoted && is_json_number(text))
    out.raw(text);
  else
    out.text(text);
}

std::string expectation(const StructShape& shape) {
  std::string out;
  for (const ShortWord& word : shape.words) out += fmt::format("`{}`, ", word.text);
  for (std::size_t i : shape.shorthands) out += expectation(shape.fields[i].shape()) + ", ";
  if (!out.empty()) out.replace(out.size() - 2, 2, " or ");
  return out + fmt::format("a mapping ({})", shape.name);
}

}  // namespace

std::string to_json(const Node& node) {
  JsonWriter out;
  write_json(node, out);
  return out.str();
}

std::string expectation(const Shape& shape) {
  switch (shape.form) {
    case Shape::Form::scalar: {
      auto& scalar = static_cast<const ScalarShape&>(shape);
      if (scalar.words.empty()) return scalar.expects;
      std::string out;
      for (const WordFacts& word : scalar.words) out += (out.empty() ? "" : ", ") + word.text;
      return "one of " + out;
    }
    case Shape::Form::list:
      return "a list";
    case Shape::Form::map:
      return "a mapping from names";
    case Shape::Form::optional:
      return expectation(static_cast<const OptionalShape&>(shape).content());
    case Shape::Form::structure:
      return expectation(static_cast<const StructShape&>(shape));
    case Shape::Form::json:
      return "any value";
  }
  return {};
}

const Field* short_for(const StructShape& shape, Kind kind) noexcept {
  for (std::size_t i : shape.shorthands) {
    const Field& field = shape.fields[i];
    const Shape* content = &field.shape();
    while (content->form == Shape::Form::optional)
      content = &static_cast<const OptionalShape*>(content)->content();
    bool is_list = content->form == Shape::Form::list;
    if (kind == Kind::sequence ? is_list : kind == Kind::scalar && (!is_list || field.one_or_many))
      return &field;
  }
  return nullptr;
}

// Of maps, such as `headers`, others are called the same; their secrets are hidden where they are bound, and
// by the names of their own that sound like some.
void hide_secrets(const Shape& root, Sources& sources) {
  for (const StructShape* shape : structs_of(root))
    for (const Field& field : shape->fields)
      if (holds_secret(field) && content_of(field.shape()).form != Shape::Form::map)
        sources.hide_key(field.name);
}

void bind(const Document& document, const Shape& shape, void* out, Diagnostics& diagnostics, Names& names) {
  if (!document.root()) return;
  hide_secrets(shape, diagnostics.sources());
  Binder binder(document, diagnostics, names);
  binder.value(shape, nullptr, *document.root(), out, {});
  binder.check_references();
}

void bind(const Document& document, const Node& node, const Shape& shape, void* out,
          Diagnostics& diagnostics) {
  Names names;
  Binder(document, diagnostics, names).value(shape, nullptr, node, out, {});
}

void overlay(const Document& document, std::string_view path, const Shape& shape, void* onto) {
  const Node* node = document.find(path);
  if (!node) return;
  Diagnostics unheard;
  Names names;
  Binder(document, unheard, names).value(shape, nullptr, *node, onto, {});
}

}  // namespace sluice::config
