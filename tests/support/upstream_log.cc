// SPDX-License-Identifier: Apache-2.0
#include "tests/support/upstream_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace sluice::test {

std::size_t UpstreamLog::opened() {
  std::lock_guard lock(mutex_);
  connections_.emplace_back();
  changed_.notify_all();
  return connections_.size() - 1;
}

void UpstreamLog::received(std::size_t connection, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  connections_[connection].bytes += bytes;
  changed_.notify_all();
}

void UpstreamLog::ended(std::size_t connection) {
  std::lock_guard lock(mutex_);
  connections_[connection].closed = true;
  changed_.notify_all();
}

void UpstreamLog::add(Request request) {
  std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
  changed_.notify_all();
}

std::vector<Request> UpstreamLog::requests(std::size_t from) const {
  std::lock_guard lock(mutex_);
  auto skipped = static_cast<std::ptrdiff_t>(std::min(from, requests_.size()));
  return {requests_.begin() + skipped, requests_.end()};
}

std::size_t UpstreamLog::request_count() const {
  std::lock_guard lock(mutex_);
  return requests_.size();
}

Request UpstreamLog::request(std::size_t n) const {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, kPatience, [&] { return requests_.size() > n; })) return requests_[n];
  ADD_FAILURE() << "only " << requests_.size() << " requests came";
  return {};
}

std::size_t UpstreamLog::connections() const {
  std::lock_guard lock(mutex_);
  return connections_.size();
}

std::string UpstreamLog::received(std::size_t connection) const {
  std::lock_guard lock(mutex_);
  return connection < connections_.size() ? connections_[connection].bytes : std::string();
}

std::vector<std::size_t> UpstreamLog::received_bytes() const {
  std::lock_guard lock(mutex_);
  std::vector<std::size_t> out;
  for (const auto& c : connections_) out.push_back(c.bytes.size());
  return out;
}

bool UpstreamLog::closed(std::size_t connection) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(
      lock, kPatience, [&] { return connection < connections_.size() && connections_[connection].closed; });
}

bool UpstreamLog::has_seen(std::size_t opened, std::size_t closed) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] {
    auto ended = std::ranges::count_if(connections_, [](const auto& c) { return c.closed; });
    return connections_.size() >= opened && static_cast<std::size_t>(ended) >= closed;
  });
}

}  // namespace sluice::test
