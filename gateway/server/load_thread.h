// SPDX-License-Identifier: Apache-2.0
// LoadThread: reads a configuration on a thread of its own, as Vault may be waited for, and hands it over on
// the control thread, which goes on meanwhile. One at a time. Control thread.
#pragma once
#include <functional>
#include <memory>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "gateway/server/loaded.h"

namespace sluice::server {

class LoadThread {
 public:
  using Done = std::function<void(Loaded&)>;

  explicit LoadThread(boost::asio::io_context& control) : control_(control) {}
  LoadThread(const LoadThread&) = delete;
  // Waits for `read`, and forgets `done`.
  ~LoadThread();

  // `read` runs on the thread, `done` is called later, from a handler of `control`, and may load again.
  void load(std::function<std::unique_ptr<Loaded>()> read, Done done);

 private:
  boost::asio::io_context& control_;
  std::thread thread_;
  std::shared_ptr<Done> done_;
};

}  // namespace sluice::server
