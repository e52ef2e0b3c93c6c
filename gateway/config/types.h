// SPDX-License-Identifier: Apache-2.0
// From C++ types to shapes. `shape_of<T>()` is the shape of a member of type T; a type of another layer joins
// by a function `describe` in its own namespace that takes one of three things:
//   Description<T>&   a struct written as a mapping (describe.h)
//   Enumeration<T>&   an enum written as one of a few words
//   Text<T>&          a value with a syntax of its own: an address, a URL, a pattern
//
//   inline void describe(config::Enumeration<Balance>& e) {
//     e.value("round_robin", Balance::round_robin, "One target after the other, by weight.");
//   }
//   inline void describe(config::Text<Address>& t) {
//     t.about("address", "an address such as :8080 or 127.0.0.1:8080");
//     // A Complaint{} with no message says "expected <about>, got ...".
//     t.read([](std::string_view text, Address& out) -> config::Refusal { ... });
//     t.write([](const Address& a) { return a.text(); });
//   }
#pragma once
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/config/shape.h"
#include "gateway/config/values.h"

namespace sluice::config {

template <class T>
class Description;

template <class E>
class Enumeration {
 public:
  Enumeration& about(std::string what) {
    name = std::move(what);
    return *this;
  }
  Enumeration& value(std::string word, E value, std::string doc = {}) {
    words.push_back({std::move(word), std::move(doc)});
    values.push_back(value);
    return *this;
  }
  std::string name{"word"};
  std::vector<WordFacts> words;
  std::vector<E> values;
};

template <class T>
class Text {
 public:
  // `expects` completes "expected ...".
  Text& about(std::string what, std::string expected) {
    name = std::move(what);
    expects = std::move(expected);
    return *this;
  }
  // For editors only: reading decides. ECMA 262.
  Text& pattern(std::string regex) {
    schema_pattern = std::move(regex);
    return *this;
  }
  Text& example(std::string text) {
    sample = std::move(text);
    return *this;
  }
  Text& read(std::function<Refusal(std::string_view, T&)> fn) {
    reader = std::move(fn);
    return *this;
  }
  Text& write(std::function<std::string(const T&)> fn) {
    writer = std::move(fn);
    return *this;
  }
  std::string name, expects, schema_pattern, sample;
  std::function<Refusal(std::string_view, T&)> reader;
  std::function<std::string(const T&)> writer;
};

template <class T>
concept Described = std::is_class_v<T> && requires(Description<T>& d) { describe(d); };
template <class T>
concept Enumerated = std::is_enum_v<T> && requires(Enumeration<T>& e) { describe(e); };
template <class T>
concept Textual = std::is_class_v<T> && requires(Text<T>& t) { describe(t); };

// One specialisation for each kind of type, in types_*.h.
template <class T>
struct ShapeFor {
  static_assert(sizeof(T) == 0,
                "no `describe` takes this type: write one in its namespace, before its first use");
};

// The one shape of the type; made at the first call.
template <class T>
const Shape& shape_of() {
  return ShapeFor<T>::get();
}

}  // namespace sluice::config

#include "gateway/config/types_containers.h"
#include "gateway/config/types_scalars.h"
