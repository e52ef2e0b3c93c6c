// SPDX-License-Identifier: Apache-2.0
// StateFile: a file of lines (state_lines.h) in the directory of what has to outlive restarts, which no other
// process uses at the same time. It is written anew beside the old one, synchronised, and put in its place by
// rename; lines that are appended are on the disk when append() returns. Errors are for people and name the
// file. One thread at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::stores {

class StateFile {
 public:
  // Makes the directory if only its last part is missing, and locks the file called `name` in it.
  static base::Result<std::unique_ptr<StateFile>> open(const std::string& directory, const std::string& name);
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  ~StateFile();

  // All of it; "" if there is none yet.
  base::Result<std::string> read() const;
  // Keeps it, as it is damaged, under a name that nothing has yet, which is returned.
  base::Result<std::string> set_aside() const;
  // The same, logged: the numbers of the lines that are damaged, from 1, and what of it counts nevertheless.
  base::Result<void> set_aside(std::span<const std::size_t> damaged, std::string_view good) const;
  base::Result<void> replace(std::string_view text);
  // After a replace(). A failure leaves it unknown what was written: the next thing is another replace().
  base::Result<void> append(std::string_view text);
  // May it be appended to?
  bool appendable() const noexcept { return file_ >= 0; }
  // Would most of it be out of date with so many bytes more?
  bool outgrown_by(std::size_t bytes) const noexcept;

  const std::string& directory() const noexcept { return directory_; }
  const std::string& path() const noexcept { return path_; }

 private:
  StateFile(std::string directory, const std::string& name);
  base::Unexpected failed(const std::string& what);

  const std::string directory_, path_;
  int lock_ = -1;
  int file_ = -1;
  std::uint64_t size_ = 0;       // of the file
  std::uint64_t size_anew_ = 0;  // when it was last written anew
};

}  // namespace sluice::stores
