// SPDX-License-Identifier: Apache-2.0
// Front: one worker's Service: takes each request from its connection through decision, chain and response to
// log and metrics. The steps of exchange.cc are numbered as in ARCHITECTURE.md. That worker's thread only.
#pragma once
#include <list>
#include <memory>

#include "gateway/chain/exchange.h"
#include "gateway/front/in_flight.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/failure_ring.h"
#include "gateway/observe/metrics.h"
#include "gateway/routing/decide.h"

namespace sluice::front {

struct Tunnelled;

class Front final : public http::Service {
 public:
  // Both must outlive the front.
  Front(chain::Worker& worker, observe::RouteMetrics& unmatched) noexcept
      : worker_(&worker), unmatched_(&unmatched) {}

  // Requests that begin from now on are served by this snapshot; those in flight keep theirs. Before the
  // first request.
  void install(std::shared_ptr<const routing::Snapshot> snapshot);
  // Where lines go from now on; null for nowhere.
  void log_to(observe::AccessLogLane* lane) noexcept { lane_ = lane; }
  // Where exchanges that failed are remembered; null for nowhere. Must outlive the front.
  void remember_in(observe::FailureRing* failures) noexcept { failures_ = failures; }
  // Where requests are counted by consumer; null for nowhere. Must outlive the front.
  void count_in(observe::ConsumerMetrics* consumers) noexcept { consumers_ = consumers; }
  // Lets go of the snapshots; after the last exchange.
  void drop() noexcept { held_.clear(); }
  // As memory is short to the utmost. Does nothing unless Pressure::watched(). Returns how many were cut.
  std::size_t cut() noexcept { return cut_a_quarter(in_flight_); }
  // Exchanges in flight.
  std::size_t active() const noexcept { return active_; }

  base::Task<void> serve(http::ServerStream& stream) override;
  base::Task<void> refuse(http::ServerStream& stream, const base::Error& error) override;
  // A line for a connection that was passed through.
  void log_tunnel(const http::ConnectionFacts& facts, std::string_view server_name, std::string_view upstream,
                  const Tunnelled& tunnel, base::Duration took) noexcept;

 private:
  // A snapshot and how many exchanges of this worker use it: plain counts, so that workers share no cache
  // line.
  struct Held {
    std::shared_ptr<const routing::Snapshot> snapshot;
    std::size_t exchanges = 0;
  };
  class Hold;
  struct Ending;
  class OpenStream;

  // What no chain is asked for. Begins to count the exchange where it says.
  observe::RouteMetrics& answer_at_once(chain::Exchange& ex, const routing::Plan& plan,
                                        const routing::Snapshot& snapshot) const;
  void answer_unrouted(chain::Exchange& ex, const routing::Plan& plan,
                       const routing::Snapshot& snapshot) const;
  base::Task<void> respond(chain::Exchange& ex, base::Scope& connection);
  base::Task<void> respond_waiting(chain::Exchange& ex, base::Scope& connection,
                                   base::Task<base::Result<void>> sending);
  base::Task<void> respond_failed(chain::Exchange& ex, base::Scope& connection, base::Result<void> sent);
  base::Task<void> finish_alone(chain::Exchange& ex, base::Reason failure);
  base::Task<void> tunnel(chain::Exchange& ex, Hold& hold, std::size_t route);
  Ending ending_of(const chain::Exchange& ex) const noexcept;
  void count(const chain::Exchange& ex, observe::RouteMetrics& metrics, const Ending& ending) noexcept;
  void finish(chain::Exchange& ex, observe::RouteMetrics& metrics,
              const routing::Snapshot& snapshot) noexcept;
  void write_log(chain::Exchange& ex, const Ending& ending, std::string_view config_hash) noexcept;
  // Is there anybody to tell how this one ended?
  bool to_be_told(const chain::Exchange& ex, const Ending& ending) const noexcept;

  chain::Worker* worker_;
  observe::RouteMetrics* unmatched_;
  observe::AccessLogLane* lane_ = nullptr;
  observe::FailureRing* failures_ = nullptr;
  observe::ConsumerMetrics* consumers_ = nullptr;
  std::list<Held> held_;  // the current one at the back
  std::size_t active_ = 0;
  base::List<InFlight> in_flight_;  // the oldest at the front
};

}  // namespace sluice::front
