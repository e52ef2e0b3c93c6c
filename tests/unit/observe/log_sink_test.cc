// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

#include "tests/unit/observe/temporary.h"

namespace sluice::observe::log_sink_test {
namespace {

using namespace std::chrono_literals;

TEST(LogSink, AppendsBothPiecesToAFile) {
  TemporaryDirectory directory;
  std::ofstream(directory / "access.log") << "before\n";
  LogSink sink(directory / "access.log");
  ASSERT_TRUE(sink.open());

  EXPECT_EQ(sink.write("one\ntw", "o\n", 0ms), 8u);
  EXPECT_EQ(sink.write("three\n", "", 0ms), 6u);

  EXPECT_EQ(content(directory / "access.log"), "before\none\ntwo\nthree\n");
}

TEST(LogSink, NamesTheFileThatItCannotOpen) {
  LogSink sink("/no/such/directory/access.log");

  auto opened = sink.open();

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail, "cannot open /no/such/directory/access.log: No such file or directory");
}

TEST(LogSink, KeepsTheOldFileWhenItCannotBeOpenedAgain) {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "logs");
  LogSink sink(directory / "logs/access.log");
  ASSERT_TRUE(sink.open());
  std::filesystem::rename(directory / "logs", directory / "moved");

  EXPECT_FALSE(sink.open());
  EXPECT_EQ(sink.write("one\n", "", 0ms), 4u);

  EXPECT_EQ(content(directory / "moved/access.log"), "one\n");
}

TEST(LogSink, TellsThatTheDiskIsFull) {
  LogSink sink("/dev/full");
  ASSERT_TRUE(sink.open());

  EXPECT_EQ(sink.write("one\n", "", 0ms), 0u);
  EXPECT_EQ(sink.error(), ENOSPC);
}

TEST(LogSink, GivesUpOnAPipeThatNobodyReads) {
  PipedStdout out;
  LogSink sink("stdout");
  ASSERT_TRUE(sink.open());
  std::string much(1 << 20, 'x');

  auto written = sink.write(much, "", 0ms);
  EXPECT_GT(written, 0u);
  EXPECT_LT(written, much.size());
  EXPECT_EQ(sink.error(), 0);
  EXPECT_EQ(sink.write(much, "", 0ms), 0u);

  std::size_t read = 0;
  while (read < written) read += out.read(written - read).size();
  EXPECT_GT(sink.write(much, "", 0ms), 0u);
}

TEST(LogSink, TellsThatThePipesReaderHasGone) {
  PipedStdout out;
  LogSink sink("stdout");
  ASSERT_TRUE(sink.open());
  out.close_reader();
  signal(SIGPIPE, SIG_IGN);

  EXPECT_EQ(sink.write("one\n", "", 0ms), 0u);
  EXPECT_EQ(sink.error(), EPIPE);
  signal(SIGPIPE, SIG_DFL);
}

TEST(LogSink, RefusesAFifoWithoutAReader) {
  TemporaryDirectory directory;
  ASSERT_EQ(mkfifo((directory / "fifo").c_str(), 0600), 0);
  LogSink sink(directory / "fifo");

  EXPECT_FALSE(sink.open());
}

// A collector that answers as soon as it is run.
class PromptWire final : public OtlpWire {
 public:
  explicit PromptWire(std::vector<std::string>& bodies) : bodies_(bodies) {}
  void post(std::string body, std::function<void(OtlpAnswer)> done) override {
    bodies_.push_back(std::move(body));
    done_ = std::move(done);
  }
  void run(std::chrono::milliseconds) override {
    if (auto done = std::exchange(done_, nullptr)) done({status, "", "", ""});
  }
  const std::string& where() const noexcept override { return where_; }
  unsigned status = 200;

 private:
  std::vector<std::string>& bodies_;
  std::function<void(OtlpAnswer)> done_;
  const std::string where_ = "http://c:4318/v1/logs";
};

class CollectorSink : public testing::Test {
 protected:
  LogSink sink(unsigned batch) {
    OtlpConfig config;
    config.batch = batch;
    auto wire = std::make_unique<PromptWire>(bodies_);
    wire_ = wire.get();
    return LogSink(std::make_unique<OtlpQueue>(config, std::move(wire)));
  }
  std::vector<std::string> bodies_;
  PromptWire* wire_ = nullptr;
};

TEST_F(CollectorSink, TakesWholeLines) {
  LogSink out = sink(3);
  ASSERT_TRUE(out.open());

  EXPECT_EQ(out.write("{1}\n{2", "2}\n{3}\n", 0ms), 13u);
  EXPECT_TRUE(out.tick());

  ASSERT_EQ(bodies_.size(), 1u);
  EXPECT_THAT(bodies_[0], testing::HasSubstr("[{1},{22},{3}]"));
  EXPECT_EQ(out.to(), "http://c:4318/v1/logs");
}

TEST_F(CollectorSink, WaitsForAnAnswerWhereThereIsNoRoom) {
  LogSink out = sink(1);

  EXPECT_EQ(out.write("{1}\n{2}\n{3}\n", "", 0ms), 8u);
  EXPECT_EQ(out.error(), 0);
  EXPECT_EQ(out.write("{3}\n", "", 100ms), 4u);
}

TEST_F(CollectorSink, HasFinishedWhenAllIsDelivered) {
  LogSink out = sink(10);
  out.write("{1}\n", "", 0ms);

  EXPECT_FALSE(out.finish());
  out.wait(1ms);
  EXPECT_TRUE(out.finish());
  EXPECT_EQ(out.abandon(), 0u);
}

TEST_F(CollectorSink, CountsWhatTheCollectorDoesNotWant) {
  LogSink out = sink(10);
  wire_->status = 400;
  out.write("{1}\n{2}\n", "", 0ms);
  out.finish();
  out.wait(1ms);
  out.tick();

  LogLosses losses;
  out.add_losses(losses);
  EXPECT_EQ(losses, (LogLosses{0, 0, 2, 0}));
}

}  // namespace
}  // namespace sluice::observe::log_sink_test
