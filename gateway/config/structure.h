// SPDX-License-Identifier: Apache-2.0
// StructShape: the description of a struct, as a Description<T> left it: its fields with their rules, the
// open sets that stand beside them, the short forms and the rules between fields. See shape.h.
#pragma once
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/shape.h"

namespace sluice::config {

class Alternatives;
class Site;

// What options say about one value. The checks get the value itself, never an optional around it.
struct Rules {
  std::vector<std::function<std::string(const void*)>> checks;  // "" or why the value is refused
  std::function<bool(std::string_view)> matches;                // the text; empty without a pattern
  std::string at_least, at_most;       // as written in YAML, for the schema and the reference
  std::string pattern, pattern_means;  // ECMA 262 and RE2 alike; "letters, digits and -"
  std::size_t min_items = 0;           // of texts: characters
  std::size_t max_items = std::numeric_limits<std::size_t>::max();
  bool unique = false;
  bool secret = false;
  std::string reference, key_reference;  // kind of thing that the text (each key) names
  std::string defines;                   // kind of thing that the text (each key) gives a name to
  std::shared_ptr<Rules> each;           // for the elements of a list or map
};

struct Field {
  std::string name, doc;
  std::size_t offset = 0;
  ShapeOf shape = nullptr;
  Rules rules;
  bool required = false;
  bool one_or_many = false;  // a list of one element may be written without brackets
  std::string since, deprecated, default_note;
  std::vector<std::string> examples;
};

// A key that stands for a member of an open set: exactly one of the table's names, beside the ordinary
// fields.
struct UnionFacts {
  std::string doc;
  std::size_t offset = 0;  // of a Choice
  const Alternatives* table = nullptr;
  bool required = false;
};

enum class HowMany : unsigned char { exactly_one, at_most_one, at_least_one };
struct Group {
  HowMany how_many;
  std::vector<std::string> names;
};

struct ShortWord {
  std::string text, doc;
  std::function<void(void*)> apply;
};

class StructShape : public Shape {
 public:
  StructShape() : Shape(Form::structure) {}
  std::string name, doc;  // "timeouts"; names the definition in the schema and the heading of the reference
  std::vector<Field> fields;
  std::vector<UnionFacts> unions;
  std::vector<Group> groups;
  std::vector<std::size_t> shorthands;  // fields for which a bare scalar or list may stand
  std::vector<ShortWord> words;
  std::vector<std::string> examples;
  bool about_a_text = false;  // what the text by some name, the key of a mapping, is to be like
  std::vector<std::function<void(const void*, const Site&)>> checks;
  std::shared_ptr<const void> defaults;       // a default-constructed struct
  std::shared_ptr<void> (*make)() = nullptr;  // another one

  const Field* find(std::string_view key) const noexcept;
};

}  // namespace sluice::config
