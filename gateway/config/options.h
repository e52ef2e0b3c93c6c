// SPDX-License-Identifier: Apache-2.0
// Options of a field: what may follow the documentation in `d.field(name, member, doc, options...)`. Each is
// a small value that describe.h turns into checks, schema and reference text alike.
#pragma once
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

namespace sluice::config {

// The setting must be written.
struct Required {};
inline constexpr Required required;

// Never shown: *** in diagnostics, excerpts and dumps. The type Secret implies it.
struct IsSecret {};
inline constexpr IsSecret secret;

// A list of one element may be written without brackets: `method: GET`.
struct OneOrMany {};
inline constexpr OneOrMany one_or_many;

// Text, list or mapping with something in it.
struct NonEmpty {};
inline constexpr NonEmpty non_empty;

// No element of the list twice.
struct Unique {};
inline constexpr Unique unique;

// Bounds, both inclusive, of a number, duration, size, rate or percentage: at_least(1ms).
template <class V>
struct AtLeast {
  V value;
};
template <class V>
struct AtMost {
  V value;
};
template <class V>
AtLeast<V> at_least(V value) {
  return {value};
}
template <class V>
AtMost<V> at_most(V value) {
  return {value};
}
template <class A, class B>
std::tuple<AtLeast<A>, AtMost<B>> between(A low, B high) {
  return {{low}, {high}};
}

// Bounds on the number of elements of a list or mapping.
struct MinItems {
  std::size_t n;
};
struct MaxItems {
  std::size_t n;
};
inline MinItems min_items(std::size_t n) { return {n}; }
inline MaxItems max_items(std::size_t n) { return {n}; }

// The whole text matches `regex` (syntax common to RE2 and ECMA 262). `means` completes "expected ...".
struct Pattern {
  std::string regex, means;
};
inline Pattern pattern(std::string regex, std::string means) { return {std::move(regex), std::move(means)}; }

// The text (or each text of a list) is the name of a thing of that kind, checked when everything has been
// read: reference("upstream").
struct Reference {
  std::string kind;
};
inline Reference reference(std::string kind) { return {std::move(kind)}; }
// The keys of the mapping are such names: `split: {orders: 90, orders-next: 10}`.
struct KeyReference {
  std::string kind;
};
inline KeyReference keys_refer_to(std::string kind) { return {std::move(kind)}; }
// The text (a `name:` in the elements of a list), or each key of the mapping, gives a thing of that kind its
// name. Names are unique per kind.
struct Defines {
  std::string kind;
};
inline Defines defines(std::string kind) { return {std::move(kind)}; }

// YAML for the reference page and the schema. May be given more than once.
struct Example {
  std::string yaml;
};
inline Example example(std::string yaml) { return {std::move(yaml)}; }

// First version that knows the setting.
struct Since {
  std::string version;
};
inline Since since(std::string version) { return {std::move(version)}; }

// Still works, with a warning. `instead` completes the sentence: "use `bind` instead".
struct Deprecated {
  std::string instead;
};
inline Deprecated deprecated(std::string instead) { return {std::move(instead)}; }

// What the reference says in place of the struct's default, where that is computed later.
struct DefaultIs {
  std::string text;
};
inline DefaultIs default_is(std::string text) { return {std::move(text)}; }

// A test of the value: fn(const T&) returns "" or what is wrong ("must not be a multicast address").
template <class F>
struct Check {
  F fn;
};
template <class F>
Check<F> check(F fn) {
  return {std::move(fn)};
}

// Options for the elements of a list or mapping: each(non_empty, pattern(...)).
template <class... O>
struct Each {
  std::tuple<O...> options;
};
template <class... O>
Each<O...> each(O... options) {
  return {{std::move(options)...}};
}

}  // namespace sluice::config
