// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/base/log.h"

namespace sluice::stores {
namespace {

using base::Reason;
using base::Result;

constexpr std::uint64_t kSmall = 1 << 20;  // bytes; a file below is not worth being written anew
constexpr mode_t kOurs = 0600;

std::string system_text(int error = errno) { return std::generic_category().message(error); }

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// A name for what is damaged that nothing has yet.
std::string free_name(const std::string& path) {
  for (int i = 1;; ++i) {
    std::string name = fmt::format("{}.damaged-{}", path, i);
    std::error_code ignored;
    if (!std::filesystem::exists(name, ignored)) return name;
  }
}

}  // namespace

StateFile::StateFile(std::string directory, const std::string& name)
    : directory_(std::move(directory)), path_(directory_ + "/" + name) {}

StateFile::~StateFile() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
}

Result<std::unique_ptr<StateFile>> StateFile::open(const std::string& directory, const std::string& name) {
  std::unique_ptr<StateFile> out(new StateFile(directory, name));
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return base::fail(Reason::internal, directory + " cannot be made: " + system_text());
  std::string lock = out->path_ + ".lock";
  out->lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOurs);
  if (out->lock_ < 0) return base::fail(Reason::internal, lock + ": " + system_text());
  if (::flock(out->lock_, LOCK_EX | LOCK_NB) != 0)
    return base::fail(Reason::internal, directory + " is in use by another process");
  return out;
}

Result<std::string> StateFile::read() const {
  int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::string();
  std::string out;
  ssize_t n = -1;
  if (file >= 0) {
    char piece[64 * 1024];
    while ((n = ::read(file, piece, sizeof piece)) > 0) out.append(piece, static_cast<std::size_t>(n));
  }
  int error = errno;
  if (file >= 0) ::close(file);
  if (n < 0) return base::fail(Reason::internal, path_ + ": " + system_text(error));
  return out;
}

Result<std::string> StateFile::set_aside() const {
  std::string copy = free_name(path_);
  // The name stays until replace() gives it to another file: nothing here is the only copy, ever.
  if (::link(path_.c_str(), copy.c_str()) == 0) return copy;
  return base::fail(Reason::internal,
                    path_ + " is damaged, and cannot be kept as " + copy + ": " + system_text());
}

Result<void> StateFile::set_aside(std::span<const std::size_t> damaged, std::string_view good) const {
  auto copy = set_aside();
  if (!copy) return std::move(copy).unexpected();
  base::log(base::Level::error,
            fmt::format("{} is damaged ({} lines, the first one is line {}): it is kept as {}, and {} count",
                        path_, damaged.size(), damaged.front(), *copy, good));
  return {};
}

base::Unexpected StateFile::failed(const std::string& what) {
  auto text = what + ": " + system_text();
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  return base::fail(Reason::internal, std::move(text));
}

Result<void> StateFile::replace(std::string_view text) {
  std::string fresh = path_ + ".new";
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  file_ = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, kOurs);
  if (file_ < 0 || !write_all(file_, text) || ::fsync(file_) != 0) return failed(fresh);
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return failed(path_);
  int directory = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  size_ = size_anew_ = text.size();
  return {};
}

Result<void> StateFile::append(std::string_view text) {
  if (!write_all(file_, text) || ::fdatasync(file_) != 0) return failed(path_);
  size_ += text.size();
  return {};
}

bool StateFile::outgrown_by(std::size_t bytes) const noexcept {
  return size_ + bytes > std::max(kSmall, 2 * size_anew_);
}

}  // namespace sluice::stores
