// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/said_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/stores/state_lines.h"
#include "gateway/upstream/endpoints.h"
#include "gateway/upstream/source_table.h"

namespace sluice::server {

using base::Level;

using ToldKind = admin::TargetsTold::Kind;

admin::TargetsTold SaidTargets::put(upstream::Upstream& upstream, upstream::TargetTable& targets,
                                    std::string body, bool persist) {
  auto read = upstream::parse_endpoints(body, upstream.speaks_tls());
  if (!read) return {ToldKind::bad, 0, read.error().detail};
  if (read->empty())
    return {ToldKind::bad, 0, "the list is empty: DELETE goes back to the targets of the configuration"};
  if (persist && !kept_.has_place()) return {ToldKind::no_place, 0, {}};
  if (persist) {
    auto kept = kept_.put(upstream.name(), body);
    if (!kept) return {ToldKind::not_persisted, 0, kept.error().detail};
  }
  say(upstream, targets, *read, std::move(body), true);
  base::log(Level::warning,
            fmt::format("upstream {}: {} targets of the admin server, in place of the configuration's{}",
                        upstream.name(), read->size(), persist ? ", after a restart too" : ""));
  return {ToldKind::done, read->size(), {}};
}

void SaidTargets::say(upstream::Upstream& upstream, upstream::TargetTable& targets,
                      std::span<const upstream::TargetConfig> list, std::string body, bool others_serve) {
  auto& [source, said] = said_[upstream.name()];
  said = std::move(body);
  if (!source) {
    source = targets.sources().list(upstream.group(), "the admin server");
    source->moves();
    if (others_serve) upstream.hand_to(*source);
  }
  source->says(targets.sources().parts(upstream.group(), list));
  upstream.use_instead(source);
}

void SaidTargets::restore(Upstreams upstreams, upstream::TargetTable& targets) {
  for (const auto& u : upstreams) {
    const std::string* body = kept_.find(u->name());
    if (!body || said_.contains(u->name())) continue;
    auto read = upstream::parse_endpoints(*body, u->speaks_tls());
    if (!read) {
      base::log(Level::error,
                fmt::format("upstream {}: the targets that were persisted cannot be used, those "
                            "of the configuration are: {}",
                            u->name(), read.error().detail));
      continue;
    }
    say(*u, targets, *read, *body, u->group()->served);
    base::log(Level::warning, fmt::format("upstream {}: {} targets of the admin server, as they were "
                                          "persisted, in place of the configuration's",
                                          u->name(), read->size()));
  }
}

SaidTargets::Told SaidTargets::told(std::string_view upstream) const {
  auto at = said_.find(upstream);
  if (at == said_.end()) return {};
  const std::string* kept = kept_.find(upstream);
  bool these = kept && *kept == at->second.body;
  return {true, these, kept && !these};
}

admin::TargetsTold SaidTargets::forget(upstream::Upstream& upstream) {
  bool known = said_.contains(upstream.name()) || kept_.find(upstream.name());
  if (!known) return {ToldKind::nothing, 0, {}};
  auto kept = kept_.forget(upstream.name());
  if (!kept) return {ToldKind::not_persisted, 0, kept.error().detail};
  said_.erase(upstream.name());
  upstream.use_instead(nullptr);
  base::log(Level::info, fmt::format("upstream {}: the targets of the configuration again", upstream.name()));
  return {};
}

void SaidTargets::apply(Upstreams upstreams,
                        const std::function<bool(std::string_view upstream)>& configured) {
  std::erase_if(said_, [&](const auto& entry) { return !configured(entry.first); });
  kept_.keep_only(configured);
  for (const auto& u : upstreams)
    if (auto at = said_.find(u->name()); at != said_.end()) u->use_instead(at->second.source);
}

namespace {

constexpr std::string_view kListsHeader = "sluice lists of targets 1\n";

}  // namespace

std::string SaidTargets::text() const {
  std::string out(kListsHeader);
  for (const auto& [upstream, said] : said_) {
    std::string line;
    stores::append_part(line, upstream);
    line += '\t';
    stores::append_part(line, said.body);
    stores::append_line(out, line);
  }
  return out;
}

void SaidTargets::take_over(std::string_view text, Upstreams upstreams, upstream::TargetTable& targets) {
  stores::read_lines(text, kListsHeader, [&](std::string_view rest) {
    auto name = stores::part_text(stores::take_until(rest, '\t'));
    auto at = std::ranges::find(upstreams, name, [](const auto& u) { return u->name(); });
    if (at == upstreams.end()) return true;  // it is not in use any more
    auto put = this->put(**at, targets, stores::part_text(rest));
    if (put.kind != ToldKind::done) base::log(Level::error, fmt::format("upstream {}: {}", name, put.fault));
    return true;
  });
}

}  // namespace sluice::server
