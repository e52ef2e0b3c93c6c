// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

#include "tests/unit/observe/temporary.h"

namespace sluice::observe {
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

}  // namespace
}  // namespace sluice::observe
