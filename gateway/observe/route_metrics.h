// SPDX-License-Identifier: Apache-2.0
// Metrics of one route: the front layer tells RouteCells of its worker when a request begins and how it
// ended. RouteMetrics is shared by all snapshots that have a route of that name, so counts survive a reload;
// when the last of them is gone, so are the series.
#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/http/head.h"
#include "gateway/observe/cells.h"
#include "gateway/observe/keyed_cells.h"
#include "gateway/observe/series.h"
#include "gateway/observe/source.h"

namespace sluice::observe {

// What the client still had to do when it left.
enum class AbortStage : std::uint8_t { none, request, waiting, response };
std::string_view name(AbortStage stage) noexcept;

// What an upgraded connection became, or an answer of server-sent events, or a call of gRPC.
enum class StreamKind : std::uint8_t { websocket, upgrade, sse, grpc };
std::string_view name(StreamKind kind) noexcept;

// Which side could not take something.
enum class Side : std::uint8_t { downstream, upstream };

// How one request ended.
struct RequestOutcome {
  http::Method method = http::Method::other;
  int status = 0;
  Source source = Source::upstream;
  base::Reason reason = base::Reason::none;
  // Not none: the client gave up. Such a request counts in client_aborts, bytes and in_flight only.
  AbortStage aborted = AbortStage::none;
  base::Duration duration{};   // first byte in to last byte out
  base::Duration overhead{};   // duration without the waits for upstream and client
  std::uint64_t received = 0;  // bytes from the client, head and body
  std::uint64_t sent = 0;      // bytes to the client, head and body
};

// One route on one worker; that worker's thread only. Lives as long as its RouteMetrics.
class alignas(64) RouteCells {
 public:
  RouteCells(SeriesStore& store, const std::string& route, unsigned worker);

  // Once a route is chosen; each begin() has its end().
  void begin() noexcept { in_flight_->add(1); }
  // After the last byte or the abort.
  void end(const RequestOutcome& outcome);

  // Of a message that had trailers, where the side it went to takes none.
  void trailers_dropped(Side to);

  // A connection goes on when the request that upgraded it has ended; the other kinds count as requests too.
  // Each stream_began() has its stream_ended(), which is told the bytes that no request counts.
  void stream_began(StreamKind kind);
  void stream_ended(StreamKind kind, base::Duration took, std::uint64_t received,
                    std::uint64_t sent) noexcept;

 private:
  void count(const RequestOutcome& outcome);
  Cell* add_request_series(std::uint32_t key, const RequestOutcome& outcome);
  void add_duration_series(std::size_t code_class);

  Cell* in_flight_;
  Cell* received_;
  Cell* sent_;
  OverheadCells overhead_;
  SizeCells request_size_, response_size_;  // none where they are not exposed
  std::array<DurationCells, 6> duration_;   // by code class, made when first needed
  KeyedCells requests_;
  std::array<Cell*, 3> aborts_;              // by AbortStage, without none
  std::array<Cell*, 2> dropped_trailers_{};  // by Side, made when first met
  struct Streams {
    Cell* open = nullptr;
    StreamCells duration;
  };
  std::array<Streams, 4> streams_;  // by StreamKind, made when first met
  Cell* websockets_ = nullptr;      // likewise
  SeriesStore& store_;
  const std::string& route_;
  unsigned worker_;
  bool full_codes_;
  std::vector<SeriesRef> series_;  // keeps the cells above alive
};

class RouteMetrics {
 public:
  RouteMetrics(SeriesStore& store, std::string_view name);

  const std::string& name() const noexcept { return name_; }
  // The cells of that worker, made at its first request. Call from that worker's thread only.
  RouteCells& on(unsigned worker) {
    auto& cells = workers_[worker];
    return cells ? *cells : make(worker);
  }
  // Shows a request series with count 0 before the first such request. Any thread.
  void expect(http::Method method, int status, Source source, base::Reason reason = base::Reason::none);

 private:
  RouteCells& make(unsigned worker);

  SeriesStore& store_;
  std::string name_;
  std::vector<std::unique_ptr<RouteCells>> workers_;
  std::mutex mutex_;                 // guards expected_
  std::vector<SeriesRef> expected_;  // kept so that they show with 0
};

}  // namespace sluice::observe
