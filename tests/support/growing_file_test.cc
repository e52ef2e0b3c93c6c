// SPDX-License-Identifier: Apache-2.0
#include "tests/support/growing_file.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/temporary_directory.h"

namespace sluice::test::growing_file_test {
namespace {

TEST(GrowingFile, GivesTheLinesThatAreThere) {
  TemporaryDirectory directory;
  GrowingFile file(directory.write("log", "one\ntwo\n"));

  EXPECT_EQ(file.line(), "one");
  EXPECT_EQ(file.line(), "two");
}

TEST(GrowingFile, WaitsForALineToBeWhole) {
  TemporaryDirectory directory;
  GrowingFile file(directory.write("log", ""));
  std::thread writer([&] {
    std::ofstream out(directory / "log", std::ios::app);
    out << "half" << std::flush << " and half\n" << std::flush;
  });

  EXPECT_EQ(file.line(), "half and half");
  writer.join();
}

TEST(JsonValue, FindsTextsAndNumbers) {
  std::string line = R"({"status":404,"path":"/a\"b","last":true})";

  EXPECT_EQ(json_value(line, "status"), "404");
  EXPECT_EQ(json_value(line, "path"), R"(/a\"b)");
  EXPECT_EQ(json_value(line, "last"), "true");
  EXPECT_EQ(json_value(line, "absent"), "");
}

}  // namespace
}  // namespace sluice::test::growing_file_test
