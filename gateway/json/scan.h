// SPDX-License-Identifier: Apache-2.0
// Scanning of JSON (RFC 8259) without a tree: a text is checked once, and from then on its values are slices
// of it that are looked up, cut and copied as they are. So numbers keep their digits and nothing is escaped
// anew. Everything here but check() expects text that check() has accepted. Used by whatever composes or
// looks into bodies; knows nothing of HTTP. No allocation.
//
// Whoever owns a text sees to it that kPadding bytes behind it may be read; their content means nothing.
// Slices need no care: what is behind them is the rest of their text.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::json {

inline constexpr std::size_t kPadding = 64;
inline constexpr unsigned kDeepest = 1024;  // arrays and objects in one another

struct Fault {
  std::size_t offset = 0;
  const char* message = "";
};
// Is the text one JSON value, with nothing but white space around it? Strings must be well-formed UTF-8.
// Objects may have several members of one name.
std::optional<Fault> check(std::string_view text) noexcept;

// The text without the white space around it.
std::string_view trimmed(std::string_view text) noexcept;

enum class Type : std::uint8_t { null, boolean, number, string, array, object };
std::string_view name(Type type) noexcept;  // "an array"
// Of a value without white space around it.
Type type_of(std::string_view value) noexcept;
inline bool is(std::string_view value, Type type) noexcept { return type_of(value) == type; }

// One past the value that begins at `at`.
const char* skip_value(const char* at) noexcept;
// The first byte that is no white space.
inline const char* skip_space(const char* at) noexcept {
  if (static_cast<unsigned char>(*at) > ' ') return at;  // nearly always
  while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') ++at;
  return at;
}
// `at` is a quote: the quote that closes the string.
const char* closing_quote(const char* at) noexcept;

struct Key {
  std::string_view text;  // as written, without the quotes
  bool escaped = false;   // is there a backslash in it?
};
struct Member {
  std::string_view key;    // as written, without the quotes
  std::string_view value;  // without white space around it
};

// The members of an object: `Members all(object); while (all.next(member)) ...`
class Members {
 public:
  explicit Members(std::string_view object) noexcept : at_(object.data() + 1) {}
  bool next(Member& out) noexcept;
  // The same for whoever finds the value's end by itself: the key and where the value begins; then end() with
  // where it ends. After the last one past() is behind the object.
  bool begin(Key& key, const char*& value) noexcept;
  void end(const char* at) noexcept { at_ = at; }
  const char* past() const noexcept { return skip_space(at_) + 1; }

 private:
  const char* at_;
};

// The items of an array.
class Items {
 public:
  explicit Items(std::string_view array) noexcept : at_(array.data() + 1) {}
  bool next(std::string_view& out) noexcept;
  // As those of Members.
  bool begin(const char*& value) noexcept;
  void end(const char* at) noexcept { at_ = at; }
  const char* past() const noexcept { return skip_space(at_) + 1; }

 private:
  const char* at_;
};

}  // namespace sluice::json
