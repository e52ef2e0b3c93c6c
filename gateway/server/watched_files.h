// SPDX-License-Identifier: Apache-2.0
// WatchedFiles: which files something was made from, and whether they have changed since. By polling: it sees
// whatever replaces a file, be it a rename, a mount or the links of a Kubernetes volume. Control thread.
#pragma once
#include <sys/types.h>

#include <ctime>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::server {

class WatchedFiles {
 public:
  // To be called before the file is read: what changes afterwards is then seen as a change.
  void add(const std::string& path) { files_[path] = look(path); }
  // The same, unless it is there already.
  void note(const std::string& path) {
    if (!files_.contains(path)) add(path);
  }
  // What a pattern for files meant when they were read; the first answer stays.
  void note_matches(const std::string& pattern, std::vector<std::string> names) {
    matches_.try_emplace(pattern, std::move(names));
  }
  // Null if that was not noted.
  const std::vector<std::string>* matches(const std::string& pattern) const noexcept {
    auto noted = matches_.find(pattern);
    return noted == matches_.end() ? nullptr : &noted->second;
  }
  // Watches these and no others; those that were watched are compared with what they were, and the others
  // with what they were in `read`.
  void only(const std::vector<std::string>& paths, const WatchedFiles& read);
  void only(const std::vector<std::string>& paths) { only(paths, WatchedFiles()); }
  // True once after files have changed and then stayed the same for one call: whoever replaces a certificate
  // and its key does so one after the other.
  bool changed();
  // Has a file changed since it was added or this was last asked?
  bool moved();

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
  std::map<std::string, std::vector<std::string>> matches_;  // by pattern
  bool moving_ = false;                                      // the last call saw a change
};

}  // namespace sluice::server
