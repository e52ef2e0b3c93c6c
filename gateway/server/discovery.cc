// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/discovery.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "gateway/upstream/source_table.h"

namespace sluice::server {

using observe::Emit;
using observe::Family;

Discovery::Discovery(boost::asio::io_context& control, const base::Clock& clock,
                     observe::MetricsRegistry& metrics, const ResolverConfig& config)
    : Discovery(control, clock, metrics, std::make_unique<net::DnsLookup>(control, config.options())) {}

Discovery::Discovery(boost::asio::io_context& control, const base::Clock& clock,
                     observe::MetricsRegistry& metrics, std::unique_ptr<net::DnsLookup> lookup)
    : control_(control),
      metrics_(metrics),
      lookup_(lookup.get()),
      resolver_(control, clock, std::move(lookup)),
      files_(&control) {
  for (auto [took, result] :
       {std::pair(&ok_, "ok"), std::pair(&none_, "none"), std::pair(&failed_, "failed")}) {
    took->series = metrics.store().series(Family::sluice_dns_lookup_seconds, {result});
    took->cells = observe::DurationCells(took->series.cells(0));
  }
  resolver_.on_lookup([this](const net::Answer& answer, base::Duration took) {
    std::string_view result = answer.good() ? "ok" : answer.none ? "none" : "failed";
    (answer.good() ? ok_ : answer.none ? none_ : failed_).cells.observe(took);
    metrics_.store().add(Family::sluice_dns_lookups_total, {result}, 1);
  });
}

void Discovery::use(const ResolverConfig& config) { lookup_->use(config.options()); }

void Discovery::follow(upstream::TargetTable& targets, std::function<void()> changed) {
  targets.sources().on_change([this, changed = std::move(changed), alive = std::weak_ptr(alive_)] {
    if (std::exchange(change_told_, true)) return;
    boost::asio::post(control_, [this, changed, alive] {
      if (alive.expired()) return;
      change_told_ = false;
      changed();
    });
  });
  auto show = [&](Family family, auto emit) {
    shown_.push_back(metrics_.store().at_scrape(family, [&targets, emit](const Emit& out) {
      targets.sources().each([&](const upstream::Source& source) {
        auto facts = source.facts();
        if (facts.moves && facts.shown) emit(out, source, facts);
      });
    }));
  };
  using upstream::Source;
  show(Family::sluice_discovery_updates_total, [](const Emit& out, const Source& s, const Source::Facts& f) {
    out({s.upstream(), s.names().text, "ok"}, static_cast<double>(f.updates));
    out({s.upstream(), s.names().text, "failed"}, static_cast<double>(f.failures));
    out({s.upstream(), s.names().text, "empty"}, static_cast<double>(f.empties));
  });
  show(Family::sluice_discovery_last_success_timestamp_seconds,
       [](const Emit& out, const Source& s, const Source::Facts& f) {
         out({s.upstream(), s.names().text},
             std::chrono::duration<double>(f.last_success.time_since_epoch()).count());
       });
  show(Family::sluice_discovery_kept, [](const Emit& out, const Source& s, const Source::Facts& f) {
    out({s.upstream(), s.names().text}, f.kept ? 1 : 0);
  });
}

}  // namespace sluice::server
