// SPDX-License-Identifier: Apache-2.0
// Value: what a part of a condition comes to while it is evaluated. Small, copied, owns nothing: texts and
// collections belong to whoever gave them and must live as long as the evaluation.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/base/clock.h"

namespace sluice::expression {

struct Value;

// A list or the keys of a mapping, seen by conditions only through these two questions.
class Collection {
 public:
  virtual std::size_t size() const noexcept = 0;
  virtual bool contains(const Value& value) const noexcept = 0;

 protected:
  ~Collection() = default;
};

// A list of texts that somebody else has.
class Texts final : public Collection {
 public:
  explicit Texts(std::span<const std::string_view> all) noexcept : all_(all) {}
  std::size_t size() const noexcept override { return all_.size(); }
  bool contains(const Value& value) const noexcept override;

 private:
  std::span<const std::string_view> all_;
};

// What is known of a value before there is one. `any` is found out at evaluation.
enum class Type : std::uint8_t { any, null, boolean, number, text, collection, time };
std::string_view name(Type type) noexcept;  // "a number"

struct Value {
  // `absent`: there is no such thing, or the operation had no sense. It is neither true nor equal to
  // anything.
  enum class Kind : std::uint8_t { absent, null, boolean, integer, real, text, collection, time };

  Kind kind = Kind::absent;
  union {
    bool boolean;
    std::int64_t integer = 0;  // of a time: nanoseconds since 1970
    double real;
    const Collection* collection;
  };
  std::string_view text{};

  static Value of(bool b) noexcept {
    Value v;
    v.kind = Kind::boolean;
    v.boolean = b;
    return v;
  }
  static Value of(std::int64_t i) noexcept {
    Value v;
    v.kind = Kind::integer;
    v.integer = i;
    return v;
  }
  static Value of(double d) noexcept {
    Value v;
    v.kind = Kind::real;
    v.real = d;
    return v;
  }
  static Value of(std::string_view s) noexcept {
    Value v;
    v.kind = Kind::text;
    v.text = s;
    return v;
  }
  static Value of(const Collection& c) noexcept {
    Value v;
    v.kind = Kind::collection;
    v.collection = &c;
    return v;
  }
  static Value of(base::WallTime t) noexcept {
    Value v;
    v.kind = Kind::time;
    v.integer = t.time_since_epoch().count();
    return v;
  }
  static Value null() noexcept {
    Value v;
    v.kind = Kind::null;
    return v;
  }
  // The number that a text in JSON's spelling stands for; whole ones that do not fit are reals.
  static Value number(std::string_view digits) noexcept;

  bool is_number() const noexcept { return kind == Kind::integer || kind == Kind::real; }
};

// By value: numbers of both kinds are compared as numbers, values of different kinds are not equal, absent
// ones never are.
bool equal(const Value& a, const Value& b) noexcept;
// -1, 0, 1 for two numbers, two texts or two times; 2 where there is no order.
int order(const Value& a, const Value& b) noexcept;

}  // namespace sluice::expression
