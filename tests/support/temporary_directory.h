// SPDX-License-Identifier: Apache-2.0
// TemporaryDirectory: a directory for the files of one test, gone with it.
#pragma once
#include <filesystem>
#include <string>

namespace sluice::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  // A file with that text; its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace sluice::test
