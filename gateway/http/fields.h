// SPDX-License-Identifier: Apache-2.0
// Fields: the header or trailer section of one message, as a flat table of views. Order, spelling and
// duplicates are kept as received. The bytes belong to the connection's read buffer or to the exchange's
// arena and must outlive the table; nothing is copied here. Single-threaded, one exchange.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/base/strings.h"

namespace sluice::http {

enum class FieldId : std::uint8_t {
  other,
#define FIELD_NAME(id, text) id,
#include "gateway/http/field_names.def"
#undef FIELD_NAME
};

// Several known names as one word: a bit each.
using FieldSet = std::uint64_t;
template <class... Id>
constexpr FieldSet field_set(Id... ids) noexcept {
  return ((FieldSet{1} << static_cast<unsigned>(ids)) | ... | FieldSet{0});
}

// The spelling that we use for a known name; "" for other.
std::string_view field_name(FieldId id) noexcept;
// Case-insensitive (RFC 9110 section 5.1).
FieldId field_id(std::string_view name) noexcept;
// Characters of a token: names, methods, parameters (RFC 9110 section 5.6.2).
bool token_char(char c) noexcept;
// The control characters that no value of a field may hold (RFC 9110 section 5.5).
inline bool is_control_but_tab(char c) noexcept { return base::is_control(c) && c != '\t'; }
bool has_control_but_tab(std::string_view text) noexcept;
// Is `name` a token (RFC 9110 section 5.6.2)?
bool valid_field_name(std::string_view name) noexcept;
// Nothing but letters, digits and "-", as nearly every name is; not empty.
bool plain_field_name(std::string_view name) noexcept;
// How servers of the CGI family read a character of a name: in one case, and "_" is "-" to all of them (RFC
// 3875 section 4.1.18), "." to PHP too (php_register_variable_ex), every other sign to some.
inline char cgi_char(char c) noexcept {
  c = base::lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}
// Are these two names the same there, but not here? Remote_User is Remote-User.
bool lookalike(std::string_view name, std::string_view other) noexcept;
// No control characters but TAB, no leading or trailing blank (RFC 9110 section 5.5).
bool valid_field_value(std::string_view value) noexcept;

// A name that is set or added in many messages, with what would have to be found out each time. The text must
// outlive it.
struct FieldName {
  explicit FieldName(std::string_view name) noexcept
      : text(name), id(field_id(name)), valid(valid_field_name(name)) {}
  std::string_view text;
  FieldId id;
  bool valid;  // a token
};

struct Field {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::other;
  bool dropped = false;  // not part of the message any more; kept so that the neighbours stay where they are
  bool received =
      false;  // name and value lie in the received head as "name: value CRLF", and may be copied with it
  bool named = false;  // the name is certainly a token; others are looked at before they are written
};

class Fields {
 public:
  explicit Fields(base::Arena& arena) noexcept : arena_(&arena) {}

  // Every line including dropped ones, in order.
  std::span<Field> lines() noexcept { return {lines_, size_}; }
  std::span<const Field> lines() const noexcept { return {lines_, size_}; }
  base::Arena& arena() const noexcept { return *arena_; }

  // First line of that name, or null. The pointer is valid until a line is added.
  const Field* find(FieldId id) const noexcept {
    return id != FieldId::other && may_have(field_set(id)) ? find_line(id) : nullptr;
  }
  const Field* find(std::string_view name) const noexcept { return find(field_id(name), name); }
  const Field* find(const FieldName& name) const noexcept { return find(name.id, name.text); }
  // Value of the first line of that name, "" if there is none.
  std::string_view value(FieldId id) const noexcept {
    const Field* f = find(id);
    return f ? f->value : std::string_view{};
  }
  bool has(FieldId id) const noexcept { return find(id) != nullptr; }
  std::size_t count(FieldId id) const noexcept;
  // False: there is no line of any of these names. True: there may be one. A bit test.
  bool may_have(FieldSet ids) const noexcept { return (present_ & ids) != 0; }

  // Appends a line; both texts must outlive the table (literals, the arena, the read buffer).
  void add(FieldId id, std::string_view value) { push({field_name(id), value, id, false, false}); }
  void add(std::string_view name, std::string_view value) {
    push({name, value, field_id(name), false, false});
  }
  void add(const FieldName& name, std::string_view value) {
    push({name.text, value, name.id, false, false, name.valid});
  }
  // Used by the parser: a line whose bytes lie in the received head.
  void add_received(std::string_view name, std::string_view value, FieldId id) {
    push({name, value, id, false, true});
  }
  // Also for the parser, which adds many lines in a row: memory behind the last line for one or more of them,
  // which count once added() says how many were written there and with which names.
  std::span<Field> room() {
    if (size_ == capacity_) grow();
    return {lines_ + size_, capacity_ - size_};
  }
  void added(std::size_t count, FieldSet ids) noexcept {
    size_ += static_cast<std::uint32_t>(count);
    present_ |= ids;
  }
  // One line with that value: the first of that name is replaced in place, others are dropped, none is added
  // if there was none.
  void set(FieldId id, std::string_view value) { set_line(id, field_name(id), value, true); }
  void set(std::string_view name, std::string_view value) { set_line(field_id(name), name, value, false); }
  void set(const FieldName& name, std::string_view value) { set_line(name.id, name.text, value, name.valid); }
  // For a request that has names which are not plain: drops those that look like a known name. From then on
  // remove() and set() by name drop the lookalikes of that name as well.
  void beware_of_lookalikes() noexcept;
  bool has_lookalikes() const noexcept { return lookalikes_; }
  // For a request that has unknown names which begin with "X-Forwarded-": whoever removes claims about
  // clients (semantics.h) looks at every line then.
  void beware_of_claims() noexcept { claims_ = true; }
  bool has_claims() const noexcept { return claims_; }
  // Adds the lines of another table but for dropped ones, as they are named.
  void add_all(const Fields& from);
  void remove(FieldId id) noexcept;
  void remove(std::string_view name) noexcept { remove(field_id(name), name); }
  void remove(const FieldName& name) noexcept { remove(name.id, name.text); }
  void remove_all(FieldSet ids) noexcept;
  void clear() noexcept {
    size_ = 0;
    present_ = 0;
    lookalikes_ = claims_ = false;
  }

 private:
  void push(const Field& f) {
    if (size_ == capacity_) grow();
    std::construct_at(lines_ + size_++, f);
    present_ |= field_set(f.id);
  }
  void grow();
  const Field* find_line(FieldId id) const noexcept;
  const Field* find(FieldId id, std::string_view name) const noexcept;
  void set_line(FieldId id, std::string_view name, std::string_view value, bool named);
  void remove(FieldId id, std::string_view name) noexcept;
  void drop_lookalikes(std::string_view name) noexcept;

  base::Arena* arena_;
  Field* lines_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  FieldSet present_ = 0;  // a set bit: there may be a line of that id; a clear one: there is none
  bool lookalikes_ = false;
  bool claims_ = false;
};

}  // namespace sluice::http
