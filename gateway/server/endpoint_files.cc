// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/endpoint_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/config/load.h"
#include "gateway/upstream/endpoints.h"
#include "gateway/upstream/source_table.h"

namespace sluice::server {
namespace {

using base::Level;

constexpr std::size_t kLargestEndpoints = 4u << 20;
constexpr const char* kEmpty = "the list is empty";

}  // namespace

EndpointFiles::EndpointFiles(boost::asio::io_context* control) {
  if (control) looks_.emplace(*control, [this] { look(); });
}

std::string EndpointFiles::read(const std::string& path, Entry& entry, upstream::ListSource& source,
                                bool building) {
  entry.empty = false;  // what cannot be read says nothing of the kind
  auto text = config::system_environment().read(path, kLargestEndpoints);
  if (!text.text) return text.error;
  auto targets = upstream::parse_endpoints(std::move(*text.text), building || entry.group->tls != nullptr);
  if (!targets) return targets.error().detail;
  entry.empty = targets->empty();
  if (entry.empty) {
    source.says_nothing(kEmpty);
    return {};
  }
  bool tls = std::ranges::any_of(*targets, [](const auto& t) { return t.url.tls; });
  entry.uses_tls |= tls;
  // Nobody could speak to them yet: look() takes them up once settings of TLS are in force.
  entry.early = building && tls && !entry.group->tls && !source.members()->empty();
  if (entry.early) return {};
  source.says(entry.targets->sources().parts(entry.group, *targets));
  return {};
}

base::Result<EndpointFiles::Opened> EndpointFiles::open(const std::string& path,
                                                        upstream::TargetTable& targets,
                                                        const std::shared_ptr<upstream::TargetGroup>& group,
                                                        bool may_use_tls) {
  auto& entry = entries_[{group->upstream, path}];
  auto source = entry.source.lock();
  bool known = source != nullptr;
  if (!known) {
    source = targets.sources().list(group, "endpoints file " + path);
    source->moves();
    entry = {source, group, &targets, {}, false, false, false};
  }
  bool used_tls = std::exchange(entry.uses_tls, may_use_tls);
  entry.file = {};
  entry.file.add(path);
  auto why = read(path, entry, *source, true);
  if (!why.empty() && !known) {
    entries_.erase({group->upstream, path});
    return base::fail(base::Reason::internal, why);
  }
  if (!why.empty()) {
    source->cannot_be_read(why);
    entry.uses_tls |= used_tls;
  }
  if (looks_) looks_->begin();
  return Opened{std::move(source), entry.uses_tls};
}

void EndpointFiles::look() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.source.expired(); });
  for (auto& [key, entry] : entries_) {
    auto source = entry.source.lock();
    const auto& path = key.second;
    if (!entry.file.changed() && !(entry.early && entry.group->tls)) {
      if (entry.empty) source->still_says_nothing(kEmpty);  // for how long by now?
      continue;
    }
    auto why = read(path, entry, *source, false);
    if (!why.empty()) {
      source->cannot_be_read(why);
      base::log(Level::error, fmt::format("upstream {}: {}: the targets of before stay in force: {}",
                                          key.first, path, why));
    } else if (!entry.empty) {
      base::log(Level::info, fmt::format("upstream {}: {} read again, {} targets", key.first, path,
                                         source->members()->size()));
    }
  }
}

}  // namespace sluice::server
