// SPDX-License-Identifier: Apache-2.0
// Result<T>: a T or the Error for which there is none, with the names of std::expected (C++23) so that it can
// become an alias of it. Never throws: reading value() of an error is a bug and ends the process.
#pragma once
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

#include "gateway/base/error.h"

namespace sluice::base {

// Wraps an error on its way into any Result<T>: `return Unexpected{{Reason::bad_request, "..."}}`.
struct Unexpected {
  Error error;
};

struct Nothing {};

inline Unexpected fail(Reason reason, std::string detail = {}) { return {{reason, std::move(detail)}}; }

namespace detail {
// Errors are rare, and what is done with one is long: kept out of the way of those that go on without.
[[gnu::cold, gnu::noinline]] inline void move_error(Error* to, Error& from) noexcept {
  new (to) Error(std::move(from));
}
[[gnu::cold, gnu::noinline]] inline void end_error(Error& error) noexcept { error.~Error(); }
}  // namespace detail

// A union by hand instead of std::variant: results are made, moved and destroyed several times for each
// request, and most of them hold a value whose destruction is nothing.
template <class T>
class [[nodiscard]] Result {
  using Value = std::conditional_t<std::is_void_v<T>, Nothing, T>;

 public:
  Result()
    requires std::is_void_v<T>
      : has_value_(true) {
    new (&value_) Value();
  }
  template <class U = Value>
    requires std::is_constructible_v<Value, U&&> && (!std::is_same_v<std::remove_cvref_t<U>, Result>) &&
             (!std::is_same_v<std::remove_cvref_t<U>, Unexpected>)
  Result(U&& value) : has_value_(true) {  // NOLINT: implicit as in std
    new (&value_) Value(std::forward<U>(value));
  }
  Result(Unexpected u) : has_value_(false) {  // NOLINT: implicit as in std
    new (&error_) Error(std::move(u.error));
  }
  Result(const Result& o)
    requires std::is_copy_constructible_v<Value>
      : has_value_(o.has_value_) {
    if (has_value_) {
      new (&value_) Value(o.value_);
    } else {
      new (&error_) Error(o.error_);
    }
  }
  Result(Result&& o) noexcept : has_value_(o.has_value_) { take(std::move(o)); }
  Result& operator=(Result&& o) noexcept {
    if (this == &o) return *this;
    destroy();
    has_value_ = o.has_value_;
    take(std::move(o));
    return *this;
  }
  Result& operator=(const Result& o)
    requires std::is_copy_constructible_v<Value>
  {
    return *this = Result(o);
  }
  ~Result() { destroy(); }

  bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }

  Value& value() & {
    if (!has_value_) std::abort();
    return value_;
  }
  const Value& value() const& { return const_cast<Result*>(this)->value(); }
  Value&& value() && { return std::move(value()); }
  Value& operator*() & { return value(); }
  const Value& operator*() const& { return value(); }
  Value&& operator*() && { return std::move(value()); }
  Value* operator->() { return &value(); }
  const Value* operator->() const { return &value(); }

  Error& error() & {
    if (has_value_) std::abort();
    return error_;
  }
  const Error& error() const& { return const_cast<Result*>(this)->error(); }
  // Passes the error on into a Result of another type: `if (!r) return std::move(r).unexpected();`
  Unexpected unexpected() && { return {std::move(error())}; }

 private:
  void take(Result&& o) noexcept {
    if (has_value_) [[likely]] {
      new (&value_) Value(std::move(o.value_));
    } else {
      detail::move_error(&error_, o.error_);
    }
  }
  void destroy() noexcept {
    if (!has_value_) [[unlikely]] {
      detail::end_error(error_);
    } else if constexpr (!std::is_trivially_destructible_v<Value>) {
      value_.~Value();
    }
  }
  bool has_value_;
  union {
    Value value_;
    Error error_;
  };
};

}  // namespace sluice::base
