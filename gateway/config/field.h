// SPDX-License-Identifier: Apache-2.0
// How the options of options.h change a Field and its Rules: part of describe.h, which is what to include.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "gateway/config/options.h"
#include "gateway/config/structure.h"
#include "gateway/config/types.h"

namespace sluice::config {

// Index of the field at this offset; ends the process when there is none.
std::size_t field_at(const StructShape& shape, std::size_t offset);

// A test of whole texts; ends the process when `regex` is none.
std::function<bool(std::string_view)> compiled(const std::string& regex);

template <class T>
struct ContentOf {
  using type = T;
};
template <class T>
struct ContentOf<std::optional<T>> {
  using type = T;
};
template <class T>
struct ElementOf {
  using type = void;
};
template <class T>
struct ElementOf<std::vector<T>> {
  using type = T;
};
template <class T>
struct ElementOf<ByName<T>> {
  using type = T;
};

template <class T>
std::string scalar_text(const T& value) {
  return static_cast<const ScalarShape&>(shape_of<T>()).write(&value);
}

inline Rules& each_of(Rules& rules) {
  if (!rules.each) rules.each = std::make_shared<Rules>();
  return *rules.each;
}

// T is the type of the value itself, any optional around it taken off.
template <class T, class V>
void apply(Rules& rules, const AtLeast<V>& option) {
  const T low(option.value);
  rules.at_least = scalar_text(low);
  rules.checks.push_back([low, text = rules.at_least](const void* p) {
    return *static_cast<const T*>(p) < low ? "must be at least " + text : std::string();
  });
}
template <class T, class V>
void apply(Rules& rules, const AtMost<V>& option) {
  const T high(option.value);
  rules.at_most = scalar_text(high);
  rules.checks.push_back([high, text = rules.at_most](const void* p) {
    return high < *static_cast<const T*>(p) ? "must be at most " + text : std::string();
  });
}
template <class T, class A, class B>
void apply(Rules& rules, const std::tuple<AtLeast<A>, AtMost<B>>& both) {
  apply<T>(rules, std::get<0>(both));
  apply<T>(rules, std::get<1>(both));
}
template <class T, class F>
void apply(Rules& rules, const Check<F>& option) {
  rules.checks.push_back(
      [fn = option.fn](const void* p) { return std::string(fn(*static_cast<const T*>(p))); });
}
template <class T>
void apply(Rules& rules, const Pattern& option) {
  rules.pattern = option.regex;
  rules.matches = compiled(option.regex);
  rules.pattern_means = option.means;
}
template <class T>
void apply(Rules& rules, NonEmpty) {
  rules.min_items = 1;
}
template <class T>
void apply(Rules& rules, MinItems option) {
  rules.min_items = option.n;
}
template <class T>
void apply(Rules& rules, MaxItems option) {
  rules.max_items = option.n;
}
template <class T>
void apply(Rules& rules, Unique) {
  static_assert(!std::is_void_v<typename ElementOf<T>::type>, "unique is for lists");
  rules.unique = true;
}
template <class T>
void apply(Rules& rules, IsSecret) {
  rules.secret = true;
}
template <class T>
void apply(Rules& rules, const Reference& option) {
  constexpr bool is_list = !std::is_void_v<typename ElementOf<T>::type>;
  (is_list ? each_of(rules) : rules).reference = option.kind;
}
template <class T>
void apply(Rules& rules, const KeyReference& option) {
  rules.key_reference = option.kind;
}
template <class T>
void apply(Rules& rules, const Defines& option) {
  rules.defines = option.kind;
}
template <class T, class... O>
void apply(Rules& rules, const Each<O...>& option) {
  using Element = typename ElementOf<T>::type;
  static_assert(!std::is_void_v<Element>, "each(...) is for lists and mappings");
  std::apply([&](const auto&... o) { (apply<typename ContentOf<Element>::type>(each_of(rules), o), ...); },
             option.options);
}

// M is the type of the member.
template <class M, class O>
void apply_to_field(Field& field, const O& option) {
  if constexpr (std::is_same_v<O, Required>) {
    field.required = true;
  } else if constexpr (std::is_same_v<O, OneOrMany>) {
    field.one_or_many = true;
  } else if constexpr (std::is_same_v<O, Example>) {
    field.examples.push_back(option.yaml);
  } else if constexpr (std::is_same_v<O, Since>) {
    field.since = option.version;
  } else if constexpr (std::is_same_v<O, Deprecated>) {
    field.deprecated = option.instead;
  } else if constexpr (std::is_same_v<O, DefaultIs>) {
    field.default_note = option.text;
  } else {
    apply<typename ContentOf<M>::type>(field.rules, option);
  }
}

}  // namespace sluice::config
