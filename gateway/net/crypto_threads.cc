// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/crypto_threads.h"

#include <pthread.h>

namespace sluice::net {

CryptoThreads::~CryptoThreads() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (auto& t : threads_) t.join();
}

bool CryptoThreads::submit(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) return false;
    while (threads_.size() < count_) threads_.emplace_back([this] { run(); });
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void CryptoThreads::run() {
  ::pthread_setname_np(::pthread_self(), "crypto");
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (stop_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace sluice::net
