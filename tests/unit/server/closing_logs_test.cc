// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/closing_logs.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "gateway/base/log.h"

namespace sluice::server::closing_logs_test {
namespace {

using namespace std::chrono_literals;
using observe::AccessLog;
using observe::LogLosses;

// A collector that answers when it may.
class Collector {
 public:
  void answer() {
    std::lock_guard lock(mutex_);
    answers_ = true;
    changed_.notify_all();
  }
  bool answers_within(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [&] { return answers_; });
  }
  void took_one() {
    std::lock_guard lock(mutex_);
    ++taken_;
  }
  int taken() {
    std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool answers_ = false;
  int taken_ = 0;
};

class Wire final : public observe::OtlpWire {
 public:
  explicit Wire(Collector& collector) : collector_(collector) {}
  void post(std::string /*body*/, std::function<void(observe::OtlpAnswer)> done) override {
    done_ = std::move(done);
  }
  void run(std::chrono::milliseconds at_most) override {
    if (!collector_.answers_within(at_most)) return;
    if (auto done = std::exchange(done_, nullptr)) {
      collector_.took_one();
      done({200, "", "", ""});
    }
  }
  const std::string& where() const noexcept override { return where_; }

 private:
  Collector& collector_;
  std::function<void(observe::OtlpAnswer)> done_;
  const std::string where_ = "http://c:4318/v1/logs";
};

class ClosingLogsTest : public testing::Test {
 protected:
  ClosingLogsTest() {
    base::set_log_sink([](base::Level, std::string_view) {});
  }
  ~ClosingLogsTest() override { base::set_log_sink(nullptr); }
  // With a line that the collector has not got.
  std::unique_ptr<AccessLog> log() {
    observe::AccessLogConfig config;
    config.otlp.emplace();
    auto out = std::make_unique<AccessLog>(config, 1, std::make_unique<Wire>(collector_));
    EXPECT_TRUE(out->start());
    out->lane(0).write({});
    return out;
  }

  Collector collector_;
  boost::asio::io_context control_;
  ClosingLogs closing_{control_};
};

TEST_F(ClosingLogsTest, WriteOutWhatTheyHoldWhileNobodyWaits) {
  closing_.add(log(), 1min);
  closing_.add(log(), 1min);
  EXPECT_EQ(closing_.count(), 2u);
  EXPECT_EQ(collector_.taken(), 0);

  collector_.answer();
  control_.run();  // as long as there is one

  EXPECT_EQ(closing_.count(), 0u);
  EXPECT_EQ(collector_.taken(), 2);
  EXPECT_EQ(closing_.losses(), LogLosses());
}

TEST_F(ClosingLogsTest, CountWhatTheyHaveLostWhenTheirPatienceIsOver) {
  closing_.add(log(), 1ms);
  control_.run();
  EXPECT_EQ(closing_.count(), 0u);
  EXPECT_EQ(closing_.losses().unwritten, 1u);

  control_.restart();
  closing_.add(log(), 1ms);
  control_.run();
  EXPECT_EQ(closing_.losses().unwritten, 2u);
}

TEST_F(ClosingLogsTest, AreWaitedForAtTheEnd) {
  {
    ClosingLogs closing(control_);
    closing.add(log(), 1min);
    collector_.answer();
  }

  EXPECT_EQ(collector_.taken(), 1);
}

}  // namespace
}  // namespace sluice::server::closing_logs_test
