// SPDX-License-Identifier: Apache-2.0
// Result<T>: a T or the Error for which there is none, with the names of std::expected (C++23) so that it can
// become an alias of it. Never throws: reading value() of an error is a bug and ends the process.
#pragma once
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

#include "gateway/base/error.h"

namespace sluice::base {

// Wraps an error on its way into any Result<T>: `return Unexpected{{Reason::bad_request, "..."}}`.
struct Unexpected {
  Error error;
};

inline Unexpected fail(Reason reason, std::string detail = {}) { return {{reason, std::move(detail)}}; }

template <class T>
class [[nodiscard]] Result {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  Result()
    requires std::is_void_v<T>
      : state_(std::in_place_index<0>) {}
  template <class U = Value>
    requires std::is_constructible_v<Value, U&&> && (!std::is_same_v<std::remove_cvref_t<U>, Result>) &&
             (!std::is_same_v<std::remove_cvref_t<U>, Unexpected>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT: implicit as in std
  Result(Unexpected u) : state_(std::in_place_index<1>, std::move(u.error)) {}   // NOLINT: implicit as in std

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  Value& value() & { return get<0>(); }
  const Value& value() const& { return const_cast<Result*>(this)->template get<0>(); }
  Value&& value() && { return std::move(get<0>()); }
  Value& operator*() & { return value(); }
  const Value& operator*() const& { return value(); }
  Value&& operator*() && { return std::move(*this).value(); }
  Value* operator->() { return &value(); }
  const Value* operator->() const { return &value(); }

  Error& error() & { return get<1>(); }
  const Error& error() const& { return const_cast<Result*>(this)->template get<1>(); }
  // Passes the error on into a Result of another type: `if (!r) return std::move(r).unexpected();`
  Unexpected unexpected() && { return {std::move(get<1>())}; }

 private:
  template <std::size_t I>
  auto& get() {
    auto* p = std::get_if<I>(&state_);
    if (!p) std::abort();
    return *p;
  }
  std::variant<Value, Error> state_;
};

}  // namespace sluice::base
