// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/load_thread.h"

#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

#include "gateway/base/assert.h"

namespace sluice::server {

LoadThread::~LoadThread() {
  if (thread_.joinable()) thread_.join();
}

void LoadThread::load(std::function<std::unique_ptr<Loaded>()> read, Done done) {
  SLUICE_ASSERT(!thread_.joinable());
  done_ = std::make_shared<Done>(std::move(done));
  auto hand_over = [this, wanted = std::weak_ptr(done_)](std::shared_ptr<Loaded> loaded) {
    boost::asio::post(control_, [this, wanted, loaded] {
      auto waits = wanted.lock();
      if (!waits) return;
      if (thread_.joinable()) thread_.join();
      done_.reset();
      (*waits)(*loaded);
    });
  };
  try {
    thread_ = std::thread([read, hand_over] { hand_over(read()); });
  } catch (const std::system_error&) {
    hand_over(read());  // as many threads as there may be: rather late than never
  }
}

}  // namespace sluice::server
