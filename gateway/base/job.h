// SPDX-License-Identifier: Apache-2.0
// Job, all, any, spawn: several tasks at once. Each runs in a child scope of its own. Nothing outlives its
// parent: all() and any() return when every child has ended, and a Job that is destroyed takes its task with
// it.
#pragma once
#include <memory>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/base/task.h"

namespace sluice::base {
namespace detail {

// Counts running children and says which coroutine goes on when the last one ends.
struct Join {
  std::coroutine_handle<> parent;
  std::size_t running = 0;
  virtual void ended(std::size_t /*index*/) noexcept {}

 protected:
  ~Join() = default;
};

// The frame that runs one child; owned by whoever holds its handle.
struct Child {
  struct promise_type {
    Scope* scope = nullptr;
    Join* join = nullptr;
    std::size_t index = 0;
    static void* operator new(std::size_t n) { return FramePool::get(n); }
    static void operator delete(void* p, std::size_t n) noexcept { FramePool::put(p, n); }
    Child get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      // By symmetric transfer, so that the parent may destroy this frame: it is suspended by then.
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        Join& all = *h.promise().join;
        all.ended(h.promise().index);
        if (--all.running == 0 && all.parent) return std::exchange(all.parent, {});
        return std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }  // run() has caught everything
  };
  std::coroutine_handle<promise_type> handle;
};

template <class T>
struct Slot {
  std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value;
  std::exception_ptr thrown;
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    if constexpr (!std::is_void_v<T>) return std::move(*value);
  }
};

template <class T>
Child run(Task<T> task, Slot<T>& slot) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await task;
      slot.value.emplace();
    } else {
      slot.value.emplace(co_await task);
    }
  } catch (...) {
    slot.thrown = std::current_exception();
  }
}

// One child with its scope and its result.
template <class T>
struct Branch {
  Scope scope;
  Slot<T> slot;
  std::coroutine_handle<Child::promise_type> handle;

  explicit Branch(Scope* parent) : scope(parent) {}
  Branch(const Branch&) = delete;
  ~Branch() {
    if (handle) handle.destroy();
  }
  void start(Task<T> task, Join& join, std::size_t index) {
    handle = run(std::move(task), slot).handle;
    handle.promise().scope = &scope;
    handle.promise().join = &join;
    handle.promise().index = index;
    ++join.running;
    handle.resume();
  }
};

template <class T>
struct Group : Join {
  std::vector<Task<T>> tasks;
  std::vector<std::unique_ptr<Branch<T>>> branches;

  explicit Group(std::vector<Task<T>> t) : tasks(std::move(t)) {}
  bool await_ready() const noexcept { return tasks.empty(); }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> p) {
    for (std::size_t i = 0; i < tasks.size(); ++i)
      branches.push_back(std::make_unique<Branch<T>>(p.promise().scope));
    running = 1;  // ours, so that children that end at once do not resume a parent that has not suspended
    for (std::size_t i = 0; i < tasks.size(); ++i) branches[i]->start(std::move(tasks[i]), *this, i);
    if (--running == 0) return false;
    parent = p;
    return true;
  }
};

template <class T>
struct All final : Group<T> {
  using Group<T>::Group;
  std::vector<T> await_resume() {
    std::vector<T> out;
    out.reserve(this->branches.size());
    for (auto& b : this->branches) out.push_back(b->slot.take());
    return out;
  }
};

template <class T>
struct Any final : Group<T> {
  using Group<T>::Group;
  std::optional<std::size_t> winner;
  Reason why;
  Any(std::vector<Task<T>> t, Reason w) : Group<T>(std::move(t)), why(w) {}
  void ended(std::size_t index) noexcept override {
    if (winner) return;
    winner = index;
    for (std::size_t i = 0; i < this->branches.size(); ++i)
      if (i != index) this->branches[i]->scope.cancel(why);
  }
  std::pair<std::size_t, T> await_resume() {
    SLUICE_ASSERT(winner.has_value());  // any() of nothing
    return {*winner, this->branches[*winner]->slot.take()};
  }
};

// Owns itself: freed when the task ends.
struct Detached {
  struct promise_type {
    Scope* scope;
    template <class... A>
    explicit promise_type(Scope& s, A&&...) noexcept : scope(&s) {}
    static void* operator new(std::size_t n) { return FramePool::get(n); }
    static void operator delete(void* p, std::size_t n) noexcept { FramePool::put(p, n); }
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace detail

// Runs all tasks at once and gives their values in the order given. An exception of any is thrown after all
// ended.
template <class T>
detail::All<T> all(std::vector<Task<T>> tasks) {
  return detail::All<T>(std::move(tasks));
}

// Runs all tasks at once; when the first one ends the others are cancelled with `why`, and once they have
// ended too the result is the winner's index and value. Needs at least one task.
template <class T>
detail::Any<T> any(std::vector<Task<T>> tasks, Reason why) {
  return detail::Any<T>(std::move(tasks), why);
}

// The return type of a coroutine that is its own owner: its first parameter is the Scope& that it runs in,
// which must outlive it. An exception in it ends the process.
using Detached = detail::Detached;

// Starts a task that nobody awaits, in `scope`, which must outlive it; an exception in it ends the process.
inline Detached spawn(Scope& /*scope*/, Task<void> task) { co_await task; }

// One task beside its owner. The task runs until it waits inside start(); destroying the Job destroys it.
template <class T>
class Job {
 public:
  explicit Job(Scope* parent) : branch_(parent) {}

  void start(Task<T> task) { branch_.start(std::move(task), join_, 0); }
  bool started() const noexcept { return static_cast<bool>(branch_.handle); }
  bool running() const noexcept { return join_.running != 0; }
  void cancel(Reason why) noexcept { branch_.scope.cancel(why); }

  // `co_await job.join()` gives the task's value, once.
  auto join() noexcept {
    struct Awaiter {
      Job* job;
      bool await_ready() const noexcept { return !job->running(); }
      void await_suspend(std::coroutine_handle<> h) noexcept { job->join_.parent = h; }
      T await_resume() { return job->branch_.slot.take(); }
    };
    return Awaiter{this};
  }

 private:
  struct JobJoin final : detail::Join {};
  JobJoin join_;
  detail::Branch<T> branch_;
};

}  // namespace sluice::base
