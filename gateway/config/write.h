// SPDX-License-Identifier: Apache-2.0
// Writers: what else follows from a description: the JSON Schema for editors, the reference page for people,
// and the canonical long form of a bound configuration. Used by the verbs schema, reference, explain and fmt.
#pragma once
#include <string>

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
// YAML with every shorthand expanded and secrets as ***. With the document, values that came from ${env:} or
// ${file:} are secret too; without it only what the description calls secret.
std::string long_form(const Shape& root, const void* value, const Document* document, LongForm how = {});

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

}  // namespace sluice::config
