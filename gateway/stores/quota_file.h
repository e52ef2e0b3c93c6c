// SPDX-License-Identifier: Apache-2.0
// QuotaFile: keeps a QuotaBook over restarts, in the file `quotas` of a directory that no other process uses
// at the same time. A thread of its own appends what has changed once a second and has it written to the disk
// (fdatasync); so what a crash or a loss of power can make forgotten is what was spent in the last second. At
// the start, and when most of it is out of date, the file is written anew beside the old one, synchronised,
// and put in its place by rename. One that is damaged is kept as `quotas.damaged-N`, the log names it, and
// what can be read of it counts. A disk that fails is said once and tried again: requests never wait for it.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/base/result.h"
#include "gateway/stores/quota_book.h"
#include "gateway/stores/state_file.h"

namespace sluice::stores {

class QuotaFile {
 public:
  // Who knows what was used up when the file is opened: the file, or the book, which went on without it.
  enum class Known : unsigned char { file, book };
  // Makes the directory if only its last part is missing, reads what is kept there, and begins to write. The
  // error is for people, and names the file. Control thread.
  static base::Result<std::unique_ptr<QuotaFile>> open(const std::string& directory,
                                                       std::shared_ptr<QuotaBook> book,
                                                       Known known = Known::file);
  QuotaFile(const QuotaFile&) = delete;
  QuotaFile& operator=(const QuotaFile&) = delete;
  // Writes what is left.
  ~QuotaFile();

  // Writes what has changed now; false if that failed.
  bool flush();
  const std::string& directory() const noexcept { return file_->directory(); }

 private:
  QuotaFile(std::unique_ptr<StateFile> file, std::shared_ptr<QuotaBook> book);
  base::Result<void> read();
  base::Result<void> rewrite();
  // Says it once when writing fails.
  base::Result<void> told(base::Result<void> written);
  void write_on();

  const std::shared_ptr<QuotaBook> book_;
  std::mutex file_mutex_;  // of what follows
  const std::unique_ptr<StateFile> file_;
  bool said_ = false;  // that it fails

  std::mutex mutex_;
  std::condition_variable end_;
  bool ending_ = false;
  std::thread writer_;
};

}  // namespace sluice::stores
