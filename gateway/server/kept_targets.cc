// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/kept_targets.h"

#include <fmt/format.h>

#include <utility>

#include "gateway/base/log.h"
#include "gateway/stores/state_lines.h"

namespace sluice::server {

using base::Level;
using base::Result;

namespace {

constexpr std::string_view kKeptHeader = "sluice persisted targets 1\n";

std::string written(const KeptTargets::Lists& lists) {
  std::string out(kKeptHeader);
  for (const auto& [upstream, body] : lists) {
    std::string line;
    stores::append_part(line, upstream);
    line += '\t';
    stores::append_part(line, body);
    stores::append_line(out, line);
  }
  return out;
}

}  // namespace

void KeptTargets::keep_in(const std::string& directory) {
  if (file_ || lent_ || directory.empty()) return;
  auto opened = stores::StateFile::open(directory, "targets");
  Result<void> kept;
  if (opened) {
    file_ = std::move(*opened);
    kept = read();
  } else {
    kept = std::move(opened).unexpected();
  }
  if (kept) return;
  file_.reset();
  base::log(Level::error, fmt::format("targets that were persisted are not used, and none can be: {}",
                                      kept.error().detail));
}

// The lists that are good count, as each stands for itself.
Result<void> KeptTargets::read() {
  auto text = file_->read();
  if (!text) return std::move(text).unexpected();
  Lists lists;
  auto damaged = stores::read_lines(*text, kKeptHeader, [&](std::string_view rest) {
    auto upstream = stores::part_text(stores::take_until(rest, '\t'));
    if (upstream.empty() || rest.empty()) return false;
    lists[upstream] = stores::part_text(rest);
    return true;
  });
  if (damaged.empty()) {
    lists_ = std::move(lists);
    return {};
  }
  auto aside =
      file_->set_aside(damaged, fmt::format("the targets of {} upstreams that are good", lists.size()));
  if (!aside) return aside;
  return replace(std::move(lists));
}

const std::string* KeptTargets::find(std::string_view upstream) const {
  auto at = lists_.find(upstream);
  return at == lists_.end() ? nullptr : &at->second;
}

Result<void> KeptTargets::replace(Lists lists) {
  auto replaced = file_->replace(written(lists));
  if (replaced) lists_ = std::move(lists);
  return replaced;
}

Result<void> KeptTargets::put(std::string_view upstream, std::string body) {
  if (!file_) return base::fail(base::Reason::internal, "there is no state directory to persist it in");
  auto lists = lists_;
  lists[std::string(upstream)] = std::move(body);
  return replace(std::move(lists));
}

Result<void> KeptTargets::forget(std::string_view upstream) {
  auto lists = lists_;
  auto at = lists.find(upstream);
  if (at == lists.end()) return {};
  lists.erase(at);
  if (!file_) return base::fail(base::Reason::internal, "the state directory is not at hand");
  return replace(std::move(lists));
}

void KeptTargets::keep_only(const std::function<bool(std::string_view upstream)>& configured) {
  auto lists = lists_;
  std::erase_if(lists, [&](const auto& entry) {
    if (configured(entry.first)) return false;
    base::log(Level::warning, fmt::format("upstream {} is not configured any more: the targets that were "
                                          "persisted for it are forgotten",
                                          entry.first));
    return true;
  });
  if (lists.size() == lists_.size() || !file_) return;
  if (auto kept = replace(std::move(lists)); !kept)
    base::log(Level::error, "targets that were persisted are not forgotten: " + kept.error().detail);
}

void KeptTargets::let_go() {
  lent_ = true;
  lent_directory_ = file_ ? file_->directory() : std::string();
  file_.reset();
}

void KeptTargets::take_back() {
  lent_ = false;
  keep_in(std::exchange(lent_directory_, {}));
}

}  // namespace sluice::server
