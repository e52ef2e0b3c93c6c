// SPDX-License-Identifier: Apache-2.0
#include "tests/support/growing_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tests/support/socket.h"

namespace sluice::test {

// The watch comes before the first look at the file, so that no change is missed.
GrowingFile::GrowingFile(const std::string& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), watch_(::inotify_init1(IN_CLOEXEC)) {
  if (fd_ < 0 || watch_ < 0 || ::inotify_add_watch(watch_, path.c_str(), IN_MODIFY) < 0)
    throw std::system_error(errno, std::generic_category(), path);
}

GrowingFile::~GrowingFile() {
  ::close(fd_);
  ::close(watch_);
}

bool GrowingFile::take(std::string& out) {
  char piece[16 * 1024];
  for (ssize_t n; (n = ::read(fd_, piece, sizeof piece)) > 0;)
    buffer_.append(piece, static_cast<std::size_t>(n));
  auto end = buffer_.find('\n');
  if (end == buffer_.npos) return false;
  out = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return true;
}

std::string GrowingFile::line() {
  std::string out;
  while (!take(out)) {
    pollfd entry{watch_, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(kPatience.count())) <= 0) {
      ADD_FAILURE() << "no further line came in " << path_;
      return {};
    }
    alignas(inotify_event) char events[4096];
    [[maybe_unused]] auto n = ::read(watch_, events, sizeof events);
  }
  return out;
}

std::string json_value(const std::string& line, const std::string& key) {
  auto at = line.find("\"" + key + "\":");
  if (at == line.npos) return {};
  at += key.size() + 3;
  if (line[at] != '"') return line.substr(at, line.find_first_of(",}", at) - at);
  auto end = ++at;
  while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
  return line.substr(at, end - at);
}

}  // namespace sluice::test
