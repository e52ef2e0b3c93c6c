// SPDX-License-Identifier: Apache-2.0
// Task<T>: a value now, or a coroutine that will produce it. A plain function may return a T where a Task<T>
// is declared and then costs no frame; a coroutine with the same signature may wait. Await a task once; a
// task that is destroyed while suspended takes its whole call chain with it. Single-threaded.
//
//   Task<int> answer() { return 42; }                                  // no frame
//   Task<int> slower(Timer& t) { co_await t.sleep(1s); co_return 42; }
//
// The child is started inside await_suspend, which returns false when it is already done: a loop of immediate
// awaits does not grow the stack.
#pragma once
#include <concepts>
#include <coroutine>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "gateway/base/frame_pool.h"
#include "gateway/base/scope.h"

namespace sluice::base {

template <class T>
class Task;

namespace detail {

struct Nothing {};

[[noreturn, gnu::cold, gnu::noinline]] inline void rethrow(const std::exception_ptr& thrown) {
  std::rethrow_exception(thrown);
}

struct TaskPromise {
  std::coroutine_handle<> parent;
  Scope* scope = nullptr;  // the scope that this coroutine's waits are listed in; inherited when awaited
  std::exception_ptr thrown;
  bool starting = false;

  static void* operator new(std::size_t n) { return FramePool::get(n); }
  static void operator delete(void* p, std::size_t n) noexcept { FramePool::put(p, n); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) noexcept {
      auto& p = h.promise();
      if (p.starting || !p.parent) return std::noop_coroutine();
      return p.parent;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct Promise : TaskPromise {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
};
template <>
struct Promise<void> : TaskPromise {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
  using Value = std::conditional_t<std::is_void_v<T>, detail::Nothing, T>;

 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  template <class U>
    requires std::convertible_to<U&&, Value> && (!std::same_as<std::remove_cvref_t<U>, Task>)
  Task(U&& value) : holds_(Holds::value) {  // NOLINT: a value is a task
    new (&value_) Value(std::forward<U>(value));
  }
  Task()
    requires std::is_void_v<T>
      : holds_(Holds::value) {
    new (&value_) Value();
  }
  explicit Task(Handle h) noexcept : holds_(Holds::frame), frame_(h) {}
  Task(Task&& o) noexcept : holds_(o.holds_) {
    if (holds_ == Holds::value) {
      new (&value_) Value(std::move(o.value_));
    } else if (holds_ == Holds::frame) {
      frame_ = o.frame_;
      o.holds_ = Holds::nothing;
    }
  }
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (holds_ == Holds::frame) {
      frame_.destroy();
    } else if constexpr (!std::is_trivially_destructible_v<Value>) {
      if (holds_ == Holds::value) value_.~Value();
    }
  }

  // Runs this task in `scope` instead of the awaiting coroutine's: `co_await task.in(scope)`.
  Task&& in(Scope& scope) && noexcept {
    if (holds_ == Holds::frame) frame_.promise().scope = &scope;
    return std::move(*this);
  }

  bool await_ready() const noexcept { return holds_ == Holds::value; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) {
    auto& p = frame_.promise();
    if (!p.scope) p.scope = parent.promise().scope;
    p.parent = parent;
    p.starting = true;
    frame_.resume();
    p.starting = false;
    return !frame_.done();
  }
  T await_resume() {
    if (holds_ == Holds::frame) {
      auto& p = frame_.promise();
      if (p.thrown) [[unlikely]]
        detail::rethrow(p.thrown);
      if constexpr (!std::is_void_v<T>) return std::move(*p.value);
    } else if constexpr (!std::is_void_v<T>) {
      return std::move(value_);
    }
  }

 private:
  enum class Holds : unsigned char { nothing, value, frame };
  Holds holds_;
  union {
    Value value_;
    Handle frame_;
  };
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
}  // namespace detail

// `Scope* s = co_await this_scope();`
struct this_scope {
  Scope* scope = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    scope = h.promise().scope;
    return false;
  }
  Scope* await_resume() const noexcept { return scope; }
};

}  // namespace sluice::base
