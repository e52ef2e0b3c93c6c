// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "gateway/base/scope.h"

namespace sluice::net {

Loop::Loop(const base::Clock& clock) : clock_(&clock), now_(clock.steady()), wheel_(now_) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  wakeup_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.ptr = this;  // the inbox; no Source has this address
  if (wakeup_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &e) != 0) {
    int error = errno;
    ::close(epoll_);
    if (wakeup_ >= 0) ::close(wakeup_);
    throw std::system_error(error, std::generic_category(), "eventfd");
  }
}

Loop::~Loop() {
  // First, while the loop is whole: objects that were sent here to be destroyed may use it.
  std::vector<std::function<void()>>().swap(inbox_);
  ::close(wakeup_);
  ::close(epoll_);
}

void Loop::run() {
  while (!stop_.load(std::memory_order_acquire)) run_once(std::chrono::hours(1));
}

void Loop::stop() noexcept {
  stop_.store(true, std::memory_order_release);
  std::uint64_t one = 1;
  (void)!::write(wakeup_, &one, sizeof one);
}

void Loop::post(std::function<void()> fn) {
  {
    std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(fn));
  }
  std::uint64_t one = 1;
  (void)!::write(wakeup_, &one, sizeof one);
}

bool Loop::add(int fd, std::uint32_t events, Source& source) noexcept {
  epoll_event e{};
  e.events = events;
  e.data.ptr = &source;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) == 0;
}

bool Loop::move(int fd, std::uint32_t events, Source& source) noexcept {
  epoll_event e{};
  e.events = events;
  e.data.ptr = &source;
  return ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e) == 0;
}

void Loop::remove_shared(int fd, Source& source) noexcept {
  epoll_event unused{};
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &unused);
  remove(fd, source);
}

void Loop::remove(int /*fd*/, Source& source) noexcept {
  // Closing the descriptor takes it out of epoll; only events of this round need to be forgotten.
  for (int i = served_; i < fetched_; ++i)
    if (events_[i].data.ptr == &source) events_[i].data.ptr = nullptr;
}

void Loop::make_fine_wheel() { fine_ = std::make_unique<FineWheel>(now_); }

int Loop::timeout(base::Duration at_most) noexcept {
  using std::chrono::milliseconds;
  if (!guests_.empty()) return 0;
  auto next = fine_ ? std::min(wheel_.next_tick(), fine_->next_tick()) : wheel_.next_tick();
  auto wait = std::min(at_most, std::max(base::Duration::zero(), next - now_));
  auto ms = std::chrono::ceil<milliseconds>(wait).count();
  return static_cast<int>(std::min<std::int64_t>(ms, 3'600'000));
}

void Loop::run_once(base::Duration at_most) {
  auto before = clock_->steady();
  busy_.store(busy_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>((before - now_).count()),
              std::memory_order_relaxed);
  now_ = before;
  int n = ::epoll_wait(epoll_, events_, kBatch, timeout(at_most));
  now_ = clock_->steady();
  idle_.store(idle_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>((now_ - before).count()),
              std::memory_order_relaxed);
  wheel_.observe(now_);
  if (fine_) fine_->observe(now_);
  quota_.begin_round();
  fetched_ = std::max(n, 0);
  for (served_ = 0; served_ < fetched_;) {
    auto& e = events_[served_++];
    if (e.data.ptr == this) {
      std::uint64_t count;
      (void)!::read(wakeup_, &count, sizeof count);
      serve_inbox();
    } else if (e.data.ptr) {
      static_cast<Source*>(e.data.ptr)->on_events(e.events);
    }
  }
  fetched_ = served_ = 0;
  if (!guests_.empty()) serve_guests();
  wheel_.advance(now_);
  if (fine_) fine_->advance(now_);
  base::run_ready();
}

// Those who ask again while they are served come in the next round.
void Loop::serve_guests() {
  base::List<Guest> now;
  now.take_all(guests_);
  while (Guest* guest = now.pop_front()) guest->round();
}

void Loop::serve_inbox() {
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(inbox_mutex_);
    work.swap(inbox_);
  }
  for (auto& fn : work) fn();
}

}  // namespace sluice::net
