// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/load_thread.h"

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
      thread_.join();
      done_.reset();
      (*waits)(*loaded);
    });
  };
  thread_ = std::thread([read = std::move(read), hand_over] { hand_over(read()); });
}

}  // namespace sluice::server
