// SPDX-License-Identifier: Apache-2.0
// WatchedFiles: which files something was made from, and whether they have changed since. By polling: it sees
// whatever replaces a file, be it a rename, a mount or the links of a Kubernetes volume. Control thread.
#pragma once
#include <sys/types.h>

#include <ctime>
#include <map>
#include <string>

namespace sluice::server {

class WatchedFiles {
 public:
  // To be called before the file is read: what changes afterwards is then seen as a change.
  void add(const std::string& path) { files_[path] = look(path); }
  // True once after files have changed and then stayed the same for one call: whoever replaces a certificate
  // and its key does so one after the other.
  bool changed();

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t number = 0;
    off_t size = -1;  // no such file
    std::timespec modified{}, touched{};
    bool operator==(const Stamp& other) const noexcept;
  };
  static Stamp look(const std::string& path) noexcept;

  std::map<std::string, Stamp> files_;
  bool moving_ = false;  // the last call saw a change
};

}  // namespace sluice::server
