// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/list_files.h"

#include <fmt/format.h>

#include "gateway/base/log.h"
#include "gateway/config/load.h"

namespace sluice::server {
namespace {

using base::Level;

constexpr std::size_t kLargestList = 64u << 20;

}  // namespace

ListFiles::ListFiles(boost::asio::io_context* control) {
  if (control) looks_.emplace(*control, [this] { look(); });
}

base::Result<chain::IpList::Set> ListFiles::read(const std::string& path) {
  auto text = config::system_environment().read(path, kLargestList);
  if (!text.text) return base::fail(base::Reason::internal, "cannot be read: " + text.error);
  return chain::parse_ip_list(*text.text);
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
  if (looks_) looks_->begin();
  return std::shared_ptr<const chain::IpList>(std::move(list));
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
