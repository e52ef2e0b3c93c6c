// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_file.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/stores/quota_lines.h"

namespace sluice::stores {
namespace {

using base::Level;
using base::Reason;
using base::Result;

constexpr auto kEvery = std::chrono::seconds(1);

// By day and month: the ones before, in whatever time zone.
std::array<std::int64_t, kCalendarUnits> not_long_ago() {
  auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  std::chrono::year_month_day date(today);
  auto month =
      (static_cast<int>(date.year()) - 1970) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
  return {today.time_since_epoch().count() - 2, month - 2};
}

}  // namespace

QuotaFile::QuotaFile(std::unique_ptr<StateFile> file, std::shared_ptr<QuotaBook> book)
    : book_(std::move(book)), file_(std::move(file)) {}

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
}

Result<std::unique_ptr<QuotaFile>> QuotaFile::open(const std::string& directory,
                                                   std::shared_ptr<QuotaBook> book, Known known) {
  auto opened = StateFile::open(directory, "quotas");
  if (!opened) return std::move(opened).unexpected();
  std::unique_ptr<QuotaFile> out(new QuotaFile(std::move(*opened), std::move(book)));
  if (known == Known::file)
    if (auto read = out->read(); !read) return std::move(read).unexpected();
  if (auto written = out->rewrite(); !written)
    return base::fail(Reason::internal, "quotas cannot be kept: " + written.error().detail);
  out->writer_ = std::thread([file = out.get()] { file->write_on(); });
  return out;
}

Result<void> QuotaFile::read() {
  auto text = file_->read();
  if (!text) return std::move(text).unexpected();
  auto lines = read_quotas(*text);
  for (const auto& entry : lines.entries) book_->restore(entry);
  if (lines.damaged.empty()) return {};
  return file_->set_aside(lines.damaged, fmt::format("the {} lines that are good", lines.entries.size()));
}

Result<void> QuotaFile::told(Result<void> written) {
  if (!written && !std::exchange(said_, true))
    base::log(Level::error, "quotas are not kept at present: " + written.error().detail);
  return written;
}

Result<void> QuotaFile::rewrite() {
  book_->make_room(not_long_ago());
  auto entries = book_->all();
  std::string text(kQuotaHeader);
  for (const auto& entry : entries) write_quota(text, entry);
  auto written = told(file_->replace(text));
  if (written && std::exchange(said_, false))
    base::log(Level::info, "quotas are kept again in " + file_->path());
  return written;
}

// After a failure nobody knows what has been written: then all of it is written anew.
bool QuotaFile::flush() {
  std::lock_guard lock(file_mutex_);
  auto changed = book_->changed();
  if (!file_->appendable()) return rewrite().has_value();
  if (changed.empty()) return true;
  std::string text;
  for (const auto& entry : changed) write_quota(text, entry);
  if (file_->outgrown_by(text.size())) return rewrite().has_value();
  return told(file_->append(text)).has_value();
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
