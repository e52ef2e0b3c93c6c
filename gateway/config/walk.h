// SPDX-License-Identifier: Apache-2.0
// What the writers have in common: walking a description, alone or along with the document that was bound by
// it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/node.h"
#include "gateway/config/structure.h"

namespace sluice::config {

// Without any optional around it.
const Shape& content_of(const Shape& shape);
inline const void* member_of(const void* object, std::size_t offset) noexcept {
  return static_cast<const char*>(object) + offset;
}
// Are values of this type, or of this field, never to be shown?
bool is_secret(const Shape& shape);
bool holds_secret(const Field& field);
// Is that entry of a mapping the text of a header field or the like, or about it, by whose name it is never to
// be shown?
// Authorization, for instance, or X-Api-Key.
bool holds_secret(const MapShape& map, std::string_view name);
// Every struct that can be reached, in the order of first use, alternatives of open sets included.
std::vector<const StructShape*> structs_of(const Shape& root);

// The node from which a field of the struct got its value: its own, or the short form that stands for it;
// nullptr for the default. `node` is the struct's and may be nullptr.
const Node* node_of(const StructShape& shape, const Field& field, const Node* node) noexcept;
// The node of a list's element, which may be the list's where brackets were left out.
const Node* node_of(const Node* list, std::size_t index) noexcept;
// Came anything of it from ${env:}, ${file:} or ${vault:}? nullptr: no.
bool has_substitution(const Node* node) noexcept;
// Is the struct's node one of its words?
bool is_word(const StructShape& shape, const Node* node) noexcept;

// "a route", "an upstream".
std::string with_article(const std::string& noun);
// The rules of a field as sentences, for descriptions.
std::string rules_text(const Rules& rules);

}  // namespace sluice::config
