// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/watched_files.h"

#include <sys/stat.h>

#include <utility>

namespace sluice::server {
namespace {

bool same(const std::timespec& a, const std::timespec& b) noexcept {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

bool WatchedFiles::Stamp::operator==(const Stamp& other) const noexcept {
  return device == other.device && number == other.number && size == other.size &&
         same(modified, other.modified) && same(touched, other.touched);
}

WatchedFiles::Stamp WatchedFiles::look(const std::string& path) noexcept {
  struct stat s;
  if (::stat(path.c_str(), &s) != 0) return {};
  return {s.st_dev, s.st_ino, s.st_size, s.st_mtim, s.st_ctim};
}

void WatchedFiles::only(const std::vector<std::string>& paths, const WatchedFiles& read) {
  auto known = std::exchange(files_, {});
  known.insert(read.files_.begin(), read.files_.end());  // what is there stays
  for (const auto& path : paths) {
    auto at = known.find(path);
    files_[path] = at == known.end() ? look(path) : at->second;
  }
}

bool WatchedFiles::moved() {
  bool moves = false;
  for (auto& [path, stamp] : files_) {
    Stamp now = look(path);
    if (now == stamp) continue;
    stamp = now;
    moves = true;
  }
  return moves;
}

bool WatchedFiles::changed() {
  bool moves = moved();
  return std::exchange(moving_, moves) && !moves;
}

}  // namespace sluice::server
