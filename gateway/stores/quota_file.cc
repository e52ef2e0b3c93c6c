// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "gateway/base/log.h"
#include "gateway/stores/quota_lines.h"

namespace sluice::stores {
namespace {

using base::Level;
using base::Reason;
using base::Result;

constexpr auto kEvery = std::chrono::seconds(1);
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

Result<std::string> whole_text(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::string();
  std::string out;
  ssize_t n = -1;
  if (file >= 0) {
    char piece[64 * 1024];
    while ((n = ::read(file, piece, sizeof piece)) > 0) out.append(piece, static_cast<std::size_t>(n));
  }
  int error = errno;
  if (file >= 0) ::close(file);
  if (n < 0) return base::fail(Reason::internal, path + ": " + system_text(error));
  return out;
}

// By day and month: the ones before, in whatever time zone.
std::array<std::int64_t, kCalendarUnits> not_long_ago() {
  auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  std::chrono::year_month_day date(today);
  auto month =
      (static_cast<int>(date.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
  return {today.time_since_epoch().count() - 2, month - 2};
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

QuotaFile::QuotaFile(std::string directory, std::shared_ptr<QuotaBook> book)
    : directory_(std::move(directory)), path_(directory_ + "/quotas"), book_(std::move(book)) {}

QuotaFile::~QuotaFile() {
  if (writer_.joinable()) {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    end_.notify_all();
    writer_.join();
    flush();
  }
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
}

Result<std::unique_ptr<QuotaFile>> QuotaFile::open(const std::string& directory,
                                                   std::shared_ptr<QuotaBook> book, Known known) {
  std::unique_ptr<QuotaFile> out(new QuotaFile(directory, std::move(book)));
  if (auto locked = out->lock(); !locked) return std::move(locked).unexpected();
  if (known == Known::file)
    if (auto read = out->read(); !read) return std::move(read).unexpected();
  if (!out->rewrite())
    return base::fail(Reason::internal, out->path_ + " cannot be written: " + system_text());
  out->writer_ = std::thread([file = out.get()] { file->write_on(); });
  return out;
}

Result<void> QuotaFile::lock() {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST)
    return base::fail(Reason::internal, directory_ + " cannot be made: " + system_text());
  std::string path = path_ + ".lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOurs);
  if (lock_ < 0) return base::fail(Reason::internal, path + ": " + system_text());
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return base::fail(Reason::internal, directory_ + " is in use by another process");
  return {};
}

Result<void> QuotaFile::read() {
  auto text = whole_text(path_);
  if (!text) return std::move(text).unexpected();
  auto lines = read_quotas(*text);
  for (const auto& entry : lines.entries) book_->restore(entry);
  if (lines.damaged.empty()) return {};
  std::string copy = free_name(path_);
  if (::rename(path_.c_str(), copy.c_str()) != 0)
    return base::fail(Reason::internal,
                      path_ + " is damaged, and cannot be kept as " + copy + ": " + system_text());
  base::log(Level::error,
            fmt::format("{} is damaged ({} lines, the first one is line {}): it is kept as {}, and "
                        "the {} lines that are good count",
                        path_, lines.damaged.size(), lines.damaged.front(), copy, lines.entries.size()));
  return {};
}

bool QuotaFile::failed(const std::string& what) {
  int error = errno;
  if (!std::exchange(said_, true))
    base::log(Level::error, fmt::format("quotas are not kept at present: {}: {}", what, system_text(error)));
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  errno = error;
  return false;
}

bool QuotaFile::rewrite() {
  book_->make_room(not_long_ago());
  auto entries = book_->all();
  std::string text(kQuotaHeader);
  for (const auto& entry : entries) write_quota(text, entry);
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
  if (std::exchange(said_, false)) base::log(Level::info, "quotas are kept again in " + path_);
  return true;
}

bool QuotaFile::append(const std::string& text) {
  if (!write_all(file_, text) || ::fdatasync(file_) != 0) return failed(path_);
  size_ += text.size();
  return true;
}

// After a failure nobody knows what has been written: then all of it is written anew.
bool QuotaFile::flush() {
  std::lock_guard lock(file_mutex_);
  auto changed = book_->changed();
  if (file_ < 0) return rewrite();
  if (changed.empty()) return true;
  std::string text;
  for (const auto& entry : changed) write_quota(text, entry);
  if (size_ + text.size() > std::max(kSmall, 2 * size_anew_)) return rewrite();
  return append(text);
}

void QuotaFile::write_on() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (end_.wait_for(lock, kEvery, [this] { return ending_; })) return;
    }
    flush();
  }
}

}  // namespace sluice::stores
