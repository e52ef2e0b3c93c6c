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

base::Result<std::size_t> SaidTargets::put(upstream::Upstream& upstream, upstream::TargetTable& targets,
                                           std::string body) {
  auto read = upstream::parse_endpoints(body, upstream.speaks_tls());
  if (!read) return std::move(read).unexpected();
  if (read->empty())
    return base::fail(base::Reason::internal,
                      "the list is empty: DELETE goes back to the targets of the configuration");
  auto& [source, said] = said_[upstream.name()];
  said = std::move(body);
  if (!source) {
    source = targets.sources().list(upstream.group(), "the admin server");
    source->moves();
    upstream.hand_to(*source);
  }
  source->says(targets.sources().parts(upstream.group(), *read));
  upstream.use_instead(source);
  base::log(Level::warning,
            fmt::format("upstream {}: {} targets of the admin server, in place of the configuration's",
                        upstream.name(), read->size()));
  return read->size();
}

bool SaidTargets::forget(upstream::Upstream& upstream) {
  if (said_.erase(upstream.name()) == 0) return false;
  upstream.use_instead(nullptr);
  base::log(Level::info, fmt::format("upstream {}: the targets of the configuration again", upstream.name()));
  return true;
}

void SaidTargets::apply(std::span<const std::shared_ptr<upstream::Upstream>> upstreams) {
  std::erase_if(said_, [&](const auto& entry) {
    return std::ranges::none_of(upstreams, [&](const auto& u) { return u->name() == entry.first; });
  });
  for (const auto& u : upstreams)
    if (auto at = said_.find(u->name()); at != said_.end()) u->use_instead(at->second.source);
}

namespace {

constexpr std::string_view kHeader = "sluice lists of targets 1\n";

}  // namespace

std::string SaidTargets::text() const {
  std::string out(kHeader);
  for (const auto& [upstream, said] : said_) {
    std::string line;
    stores::append_part(line, upstream);
    line += '\t';
    stores::append_part(line, said.body);
    stores::append_line(out, line);
  }
  return out;
}

void SaidTargets::take_over(std::string_view text,
                            std::span<const std::shared_ptr<upstream::Upstream>> upstreams,
                            upstream::TargetTable& targets) {
  stores::read_lines(text, kHeader, [&](std::string_view rest) {
    auto name = stores::part_text(stores::take_until(rest, '\t'));
    auto at = std::ranges::find(upstreams, name, [](const auto& u) { return u->name(); });
    if (at == upstreams.end()) return true;  // it is not in use any more
    auto put = this->put(**at, targets, stores::part_text(rest));
    if (!put) base::log(Level::error, fmt::format("upstream {}: {}", name, put.error().detail));
    return true;
  });
}

}  // namespace sluice::server
