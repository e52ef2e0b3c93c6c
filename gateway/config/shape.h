// SPDX-License-Identifier: Apache-2.0
// Shape: what a setting looks like, with its C++ type erased. describe.h builds shapes; the binder and the
// writers (schema, reference page, long form) walk them, so that all of them read the same description.
// Config structs use describe.h and never this. Shapes live as long as the process and are immutable.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/node.h"

namespace sluice::config {

// Why a text was refused: "expected a duration such as 250ms, got 250: add a unit".
struct Complaint {
  std::string message;
  std::string hint;
  std::size_t offset = 0;  // of the fault in the text, in bytes: where the caret goes
};
using Refusal = std::optional<Complaint>;

// One word of a closed set.
struct WordFacts {
  std::string text;
  std::string doc;
};

class Shape {
 public:
  enum class Form : unsigned char { scalar, list, map, optional, structure, json };
  explicit Shape(Form its_form) noexcept : form(its_form) {}
  Shape(const Shape&) = delete;
  Shape& operator=(const Shape&) = delete;
  virtual ~Shape() = default;
  const Form form;
};
using ShapeOf = const Shape& (*)();  // late, so that types may contain themselves

// A value written as one scalar.
class ScalarShape : public Shape {
 public:
  ScalarShape() : Shape(Form::scalar) {}
  std::string name;     // "duration"; for the reference page
  std::string expects;  // "a duration such as 250ms"; for complaints
  std::string json_type{
      "string"};        // "string", "integer", "number", "boolean", or "text": any scalar, read as text
  std::string pattern;  // of the text, ECMA 262; may be empty
  std::string example;
  std::vector<WordFacts> words;  // the only texts allowed, when not empty
  bool secret = false;

  // `text` is the node's; the node says whether it was quoted. Leaves `out` alone when it refuses.
  virtual Refusal read(const Node& node, std::string_view text, void* out) const = 0;
  virtual std::string write(const void* value) const = 0;
};

class ListShape : public Shape {
 public:
  ListShape() : Shape(Form::list) {}
  virtual const Shape& element() const = 0;
  virtual void resize(void* list, std::size_t n) const = 0;
  virtual std::size_t size(const void* list) const = 0;
  virtual void* at(void* list, std::size_t i) const = 0;
  const void* at(const void* list, std::size_t i) const { return at(const_cast<void*>(list), i); }
};

class MapShape : public Shape {
 public:
  MapShape() : Shape(Form::map) {}
  virtual const Shape& element() const = 0;
  virtual void reserve(void* map, std::size_t n) const = 0;
  virtual void* emplace(void* map, std::string_view name) const = 0;
  virtual std::size_t size(const void* map) const = 0;
  virtual std::string_view name(const void* map, std::size_t i) const = 0;
  virtual const void* at(const void* map, std::size_t i) const = 0;
};

class OptionalShape : public Shape {
 public:
  OptionalShape() : Shape(Form::optional) {}
  virtual const Shape& content() const = 0;
  virtual void* emplace(void* optional) const = 0;          // keeps a value that is there
  virtual const void* get(const void* optional) const = 0;  // nullptr when empty
};

class JsonShape final : public Shape {
 public:
  JsonShape() : Shape(Form::json) {}
};

}  // namespace sluice::config
