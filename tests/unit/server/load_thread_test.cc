// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/load_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace sluice::server::load_thread_test {
namespace {

const char* kText = "listeners: {web: \":0\"}\nroutes: [{name: a, match: {path: /}, respond: 200}]\n";

TEST(LoadThread, HandsOverOnTheControlThreadWhatItHasRead) {
  boost::asio::io_context control;
  auto work = boost::asio::make_work_guard(control);
  LoadThread loader(control);
  std::promise<void> may_end;
  std::vector<std::string> order;
  loader.load(
      [&] {
        may_end.get_future().wait();
        return load_text(kText);
      },
      [&](Loaded& loaded) {
        order.push_back("read " + loaded.config.routes.at(0).name);
        control.stop();
      });
  boost::asio::post(control, [&] {
    order.emplace_back("meanwhile");
    may_end.set_value();
  });

  control.run();

  EXPECT_EQ(order, (std::vector<std::string>{"meanwhile", "read a"}));
}

TEST(LoadThread, MayReadAgainAtOnce) {
  boost::asio::io_context control;
  auto work = boost::asio::make_work_guard(control);
  LoadThread loader(control);
  int done = 0;
  auto read = [] { return load_text(kText); };
  loader.load(read, [&](Loaded&) {
    ++done;
    loader.load(read, [&](Loaded&) {
      ++done;
      control.stop();
    });
  });

  control.run();

  EXPECT_EQ(done, 2);
}

TEST(LoadThread, ForgetsWhatNobodyWaitsForAnyMore) {
  boost::asio::io_context control;
  bool told = false;
  {
    LoadThread loader(control);
    loader.load([] { return load_text(kText); }, [&](Loaded&) { told = true; });
  }

  control.run();

  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace sluice::server::load_thread_test
