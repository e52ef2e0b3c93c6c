// SPDX-License-Identifier: Apache-2.0
// Shapes of values written as one scalar: part of types.h, which is what to include. Reading is in
// scalars.cc.
#pragma once
#include <limits>
#include <type_traits>

#include "gateway/config/types.h"

namespace sluice::config {

template <>
struct ShapeFor<bool> {
  static const Shape& get();
};
template <>
struct ShapeFor<double> {
  static const Shape& get();
};
template <>
struct ShapeFor<std::string> {
  static const Shape& get();
};
template <>
struct ShapeFor<Duration> {
  static const Shape& get();
};
template <>
struct ShapeFor<Size> {
  static const Shape& get();
};
template <>
struct ShapeFor<Rate> {
  static const Shape& get();
};
template <>
struct ShapeFor<Percent> {
  static const Shape& get();
};
template <>
struct ShapeFor<Secret> {
  static const Shape& get();
};
template <>
struct ShapeFor<Json> {
  static const Shape& get();
};

// Decimal digits without leading zeros, between the bounds; `bits` is the value's two's complement.
Refusal read_integer(const Node& node, std::string_view text, std::int64_t low, std::uint64_t high,
                     std::uint64_t& bits);
// The index of the word, or the refusal with the words and the one that was probably meant.
Refusal read_word(std::string_view text, const ScalarShape& shape, std::size_t& index);
// For a Text<T> whose reader gave no message of its own.
Refusal refuse_text(const Node& node, std::string_view text, const ScalarShape& shape, Complaint complaint);

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

template <Integer T>
struct ShapeFor<T> {
  struct Number final : ScalarShape {
    Number() {
      name = "integer";
      expects = "an integer";
      json_type = "integer";
    }
    Refusal read(const Node& node, std::string_view text, void* out) const override {
      std::uint64_t bits = 0;
      constexpr auto low = static_cast<std::int64_t>(std::numeric_limits<T>::min());
      constexpr auto high = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
      auto refusal = read_integer(node, text, low, high, bits);
      if (!refusal) *static_cast<T*>(out) = static_cast<T>(bits);
      return refusal;
    }
    std::string write(const void* value) const override {
      return std::to_string(*static_cast<const T*>(value));
    }
  };
  static const Shape& get() {
    static const Number shape;
    return shape;
  }
};

template <Enumerated E>
struct ShapeFor<E> {
  struct Words final : ScalarShape {
    Words() {
      Enumeration<E> described;
      describe(described);
      name = std::move(described.name);
      words = std::move(described.words);
      values = std::move(described.values);
    }
    Refusal read(const Node&, std::string_view text, void* out) const override {
      std::size_t index = 0;
      auto refusal = read_word(text, *this, index);
      if (!refusal) *static_cast<E*>(out) = values[index];
      return refusal;
    }
    std::string write(const void* value) const override {
      for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] == *static_cast<const E*>(value)) return words[i].text;
      return {};
    }
    std::vector<E> values;
  };
  static const Shape& get() {
    static const Words shape;
    return shape;
  }
};

template <Textual T>
struct ShapeFor<T> {
  struct Custom final : ScalarShape {
    Custom() {
      describe(text);
      name = text.name;
      expects = text.expects;
      pattern = text.schema_pattern;
      example = text.sample;
    }
    Refusal read(const Node& node, std::string_view in, void* out) const override {
      T value{};
      if (auto refusal = text.reader(in, value)) return refuse_text(node, in, *this, std::move(*refusal));
      *static_cast<T*>(out) = std::move(value);
      return {};
    }
    std::string write(const void* value) const override { return text.writer(*static_cast<const T*>(value)); }
    Text<T> text;
  };
  static const Shape& get() {
    static const Custom shape;
    return shape;
  }
};

}  // namespace sluice::config
