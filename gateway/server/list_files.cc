// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/list_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "gateway/base/log.h"

namespace sluice::server {
namespace {

using base::Level;

// A change is taken up at the second look after it at the latest: within a second.
constexpr auto kLook = std::chrono::milliseconds(400);

}  // namespace

ListFiles::ListFiles(boost::asio::io_context* control) {
  if (control) timer_.emplace(*control);
}

base::Result<chain::IpList::Set> ListFiles::read(const std::string& path) {
  auto failed = [] {
    return base::fail(base::Reason::internal, "cannot be read: " + std::generic_category().message(errno));
  };
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed();
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad() || errno) return failed();  // a directory can be opened
  return chain::parse_ip_list(text);
}

base::Result<std::shared_ptr<const chain::IpList>> ListFiles::open(const std::string& path,
                                                                   std::size_t workers) {
  auto& entry = entries_[path];
  if (auto living = entry.list.lock()) return std::shared_ptr<const chain::IpList>(std::move(living));
  entry.file = {};
  entry.file.add(path);
  auto set = read(path);
  if (!set) {
    entries_.erase(path);
    return std::move(set).unexpected();
  }
  auto list = std::make_shared<chain::IpList>(std::move(*set), workers);
  entry.list = list;
  if (timer_ && !watching_) {
    watching_ = true;
    watch();
  }
  return std::shared_ptr<const chain::IpList>(std::move(list));
}

void ListFiles::watch() {
  timer_->expires_after(kLook);
  timer_->async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    look();
    watch();
  });
}

void ListFiles::look() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.list.expired(); });
  for (auto& [path, entry] : entries_) {
    if (!entry.file.changed()) continue;
    auto list = entry.list.lock();
    auto set = read(path);
    if (!set) {
      base::log(Level::error,
                fmt::format("{}: the addresses of before stay in force: {}", path, set.error().detail));
    } else if (list) {
      auto ranges = (*set)->ranges();
      list->replace(std::move(*set));
      base::log(Level::info, fmt::format("{}: addresses read again, {} ranges", path, ranges));
    }
  }
}

}  // namespace sluice::server
