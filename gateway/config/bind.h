// SPDX-License-Identifier: Apache-2.0
// bind: from a Document to config structs, with every mistake reported at once. References are checked at the
// end, when all names are known. Pure: no files, no clock.
//
//   config::Diagnostics diagnostics;
//   config::hide_secrets<RootConfig>(diagnostics);
//   config::Document document = config::load("gateway.yaml", diagnostics);
//   config::Names names;
//   auto root = config::bind<RootConfig>(document, diagnostics, names);
//   config::Report report(document, diagnostics);
//   check_ties(root, report);                  // a late pass: report.error(path("routes", i, "match"),
//   "...") if (diagnostics.has_errors()) return print(diagnostics.text());
#pragma once
#include <string_view>

#include "gateway/config/diagnostic.h"
#include "gateway/config/names.h"
#include "gateway/config/node.h"
#include "gateway/config/report.h"
#include "gateway/config/shape.h"
#include "gateway/config/types.h"

namespace sluice::config {

// Hides the values of every key that the description calls secret, in whatever file and even if it cannot be
// parsed. Call it before loading; bind() does it again.
void hide_secrets(const Shape& root, Sources& sources);
template <class T>
void hide_secrets(Diagnostics& diagnostics) {
  hide_secrets(shape_of<T>(), diagnostics.sources());
}
// Binds the whole document onto `out`, which holds the defaults, and checks the references.
void bind(const Document& document, const Shape& shape, void* out, Diagnostics& diagnostics, Names& names);
// Binds one value of the document. References in it are not checked.
void bind(const Document& document, const Node& node, const Shape& shape, void* out,
          Diagnostics& diagnostics);
// Writes what stands at `path` over `onto` and leaves the rest as it is: how a route's own timeouts go on top
// of the defaults. Nothing happens when the path was not written. Says nothing that bind() has not said
// before.
void overlay(const Document& document, std::string_view path, const Shape& shape, void* onto);

// `names` may hold built-in names beforehand. What could not be read keeps its default.
template <class T>
T bind(const Document& document, Diagnostics& diagnostics, Names& names) {
  T out{};
  bind(document, shape_of<T>(), &out, diagnostics, names);
  return out;
}
template <class T>
T bind(const Document& document, Diagnostics& diagnostics) {
  Names names;
  return bind<T>(document, diagnostics, names);
}
template <class T>
void overlay(const Document& document, std::string_view path, T& onto) {
  overlay(document, path, shape_of<T>(), &onto);
}

// Where an effective value comes from.
struct Origin {
  Place place;          // nowhere: the default
  bool secret = false;  // show the value as ***
  explicit operator bool() const noexcept { return static_cast<bool>(place); }
};
// Follows the path through the description, so that a value that a shorthand leaves to its default counts as
// such.
Origin origin(const Document& document, const Shape& root, std::string_view path);
template <class T>
Origin origin(const Document& document, std::string_view path) {
  return origin(document, shape_of<T>(), path);
}

}  // namespace sluice::config
