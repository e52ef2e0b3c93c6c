// SPDX-License-Identifier: Apache-2.0
// CryptoThreads: a few threads for computations that would hold up a worker: TLS handshakes with slow private
// keys. One object for the process, shared by the workers; its threads start with the first work. Destroy it
// after the workers' threads have ended and while their loops are still there.
//
// Measured on the machine that this was written on (OpenSSL 3.0, one signature): P-256 0.014 ms, Ed25519
// 0.023, RSA-2048 0.21, P-384 0.53, RSA-4096 3.1. Passing work on to another thread and back costs about
// 0.02.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice::net {

class CryptoThreads {
 public:
  // More waiting work than this is refused: at 3 ms each it would not be done before its clients give up.
  static constexpr std::size_t kMaxWaiting = 2048;

  explicit CryptoThreads(unsigned threads) : count_(threads ? threads : 1) {}
  CryptoThreads(const CryptoThreads&) = delete;
  CryptoThreads& operator=(const CryptoThreads&) = delete;
  // Waits for the work that runs; what has not begun is destroyed unrun.
  ~CryptoThreads();

  // Runs `work` soon on one of the threads and destroys it there. False: too much is waiting already. Any
  // thread.
  bool submit(std::function<void()> work);

 private:
  void run();

  const unsigned count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  bool stop_ = false;
};

}  // namespace sluice::net
