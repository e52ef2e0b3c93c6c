// SPDX-License-Identifier: Apache-2.0
// Writers: what else follows from a description: the JSON Schema for editors, the reference page for people,
// and the canonical long form of a bound configuration. Used by the verbs schema, reference, explain and fmt.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/node.h"
#include "gateway/config/shape.h"
#include "gateway/config/types.h"

namespace sluice::config {

struct Title {
  std::string id;     // of the schema, a URI; may be empty
  std::string title;  // "Sluice configuration"
};

// JSON Schema, draft 2020-12, indented.
std::string json_schema(const Shape& root, const Title& title);
// Markdown: a section and a table for each structure, in the order in which they are first used.
std::string reference_page(const Shape& root, const Title& title);

struct LongForm {
  bool with_defaults = true;  // false: only what was written, shorthands expanded; needs the document
};
// YAML with every shorthand expanded and secrets as ***, texts under names such as Authorization too. With
// the document, values that came from ${env:}, ${file:} or ${vault:} are secret too; without it only what the
// description calls secret.
std::string long_form(const Shape& root, const void* value, const Document* document, LongForm how = {});

struct JsonForm {
  std::string text;
  // Of each value that was written, its path and its place: "upstreams.orders.url", "gateway.yaml:4:13".
  std::vector<std::pair<std::string, std::string>> origins;
};
// The same as JSON, with all defaults; values that are not set are left out. Origins need the document.
JsonForm json_form(const Shape& root, const void* value, const Document* document, int indent = 0);
// Of a part of what the document holds, which stands at that node; null: at none.
JsonForm json_form_of(const Shape& part, const void* value, const Document& document, const Node* node);

// One value of a configuration, for comparing two of them. Elements of lists that have names stand under
// those in the path, not under their number: "routes.orders.timeout".
struct Leaf {
  std::string path;
  std::string value;  // as it is written; *** of a secret, with a mark that differs if the secret does
  std::string from;   // its place; "" for a default
};
std::vector<Leaf> leaves(const Shape& root, const void* value, const Document& document);

template <class T>
std::string json_schema(const Title& title) {
  return json_schema(shape_of<T>(), title);
}
template <class T>
std::string reference_page(const Title& title) {
  return reference_page(shape_of<T>(), title);
}
template <class T>
std::string long_form(const T& value, const Document* document = nullptr, LongForm how = {}) {
  return long_form(shape_of<T>(), &value, document, how);
}

template <class T>
JsonForm json_form(const T& value, const Document* document = nullptr, int indent = 0) {
  return json_form(shape_of<T>(), &value, document, indent);
}
template <class T>
JsonForm json_form_of(const T& value, const Document& document, const Node* node) {
  return json_form_of(shape_of<T>(), &value, document, node);
}
template <class T>
std::vector<Leaf> leaves(const T& value, const Document& document) {
  return leaves(shape_of<T>(), &value, document);
}

}  // namespace sluice::config
