// SPDX-License-Identifier: Apache-2.0
// GrowingFile: reads the lines of a file while somebody else writes it, for access logs. Waits for the kernel
// to tell that the file has grown.
#pragma once
#include <fstream>
#include <string>

namespace sluice::test {

class GrowingFile {
 public:
  // The file exists already.
  explicit GrowingFile(const std::string& path);
  GrowingFile(const GrowingFile&) = delete;
  ~GrowingFile();

  // The next line without its end, waiting for it. The test fails, and the line is "", when none comes.
  std::string line();

 private:
  bool take(std::string& out);

  std::string path_;
  int fd_;
  int watch_;
  std::string buffer_;
};

// The value of a key in a line of flat JSON, strings without their quotes and escapes as they stand; "" if
// the key is not there.
std::string json_value(const std::string& line, const std::string& key);

}  // namespace sluice::test
