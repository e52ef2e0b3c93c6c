// SPDX-License-Identifier: Apache-2.0
// Json: a JSON text (RFC 8259) as a flat tree, for headers and claims of tokens, key sets and answers of
// authorization servers. Strict where two readers could disagree: no member twice, no invalid UTF-8, no lone
// surrogate, nothing behind the value; and bounded in depth and in number of values.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sluice::jose {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

// A node of the tree; the views live as long as the Json that it is part of.
struct JsonValue {
  JsonKind kind = JsonKind::null;
  std::string_view name;    // of a member: its name, decoded
  std::string_view raw;     // as received
  std::string_view text;    // of a string: what it says; of all others as `raw`
  std::uint32_t first = 0;  // index of the first member or element, 0 for none
  std::uint32_t next = 0;   // index of the one behind this

  bool is(JsonKind k) const noexcept { return kind == k; }
  // Of a number that a double can hold.
  std::optional<double> number() const noexcept;
};

struct JsonLimits {
  std::size_t depth = 16;
  std::size_t values = 4096;
  std::size_t members = 256;  // of one object
};

class Json {
 public:
  // The error completes "the header is not JSON: ".
  static base::Result<Json> parse(std::string_view text, const JsonLimits& limits = {});

  const JsonValue& root() const noexcept { return values_.front(); }
  std::size_t size() const noexcept { return values_.size(); }  // values, those in others too
  // The member of that name of an object; null if there is none, or if `of` is no object.
  const JsonValue* find(const JsonValue& of, std::string_view name) const noexcept;
  const JsonValue* find(std::string_view name) const noexcept { return find(root(), name); }
  // A walk over members or elements: `for (auto* v = json.first(list); v; v = json.next(*v))`.
  const JsonValue* first(const JsonValue& of) const noexcept { return at(of.first); }
  const JsonValue* next(const JsonValue& of) const noexcept { return at(of.next); }

 private:
  friend class JsonReader;
  const JsonValue* at(std::uint32_t index) const noexcept { return index ? &values_[index] : nullptr; }

  std::vector<char> text_, decoded_;  // what the views point at
  std::vector<JsonValue> values_;
};

}  // namespace sluice::jose
