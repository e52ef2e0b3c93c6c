// SPDX-License-Identifier: Apache-2.0
// Exchange: all that one request and its response own while they pass through the gateway. Made by front/,
// changed by filters and handlers, read by log and metrics at the end. One worker thread.
#pragma once
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/base/scope.h"
#include "gateway/chain/capture.h"
#include "gateway/chain/filter.h"
#include "gateway/chain/identity.h"
#include "gateway/http/stream.h"
#include "gateway/net/loop.h"
#include "gateway/net/scope_timer.h"
#include "gateway/upstream/attempt.h"
#include "gateway/upstream/gate.h"
#include "gateway/upstream/importance.h"

namespace sluice::routing {
struct Route;
}

namespace sluice::chain {

class ConsumerTable;  // consumer.h
class ErrorPages;     // error_pages.h
struct RequestLine;   // as_asked.h

// One try of this exchange at a target; in the arena. The one whose answer counts is the last one.
struct Attempt {
  std::string_view target;  // "10.0.0.3:8080"
  int status = 0;           // of its answer; 0: there was none
  base::Reason reason = base::Reason::none;
  base::Duration took{};
  const Attempt* before = nullptr;  // the attempt made before this one
  bool beside = false;              // while the other one was under way: its time is not on top
};

// What the exchange saw of its upstream, for log and metrics. Times are zero for what did not happen.
struct UpstreamView {
  std::string_view name;
  std::string_view target;
  const Attempt* attempts = nullptr;  // the last one
  int attempt_count = 0;
  base::SteadyTime asked{};     // request head sent
  base::SteadyTime answered{};  // response head complete
  base::Duration connect{};     // of the last attempt; zero on a reused connection
  base::Duration queued{};      // until the upstream had room
  base::Duration waited{};      // before further attempts, and for what filters asked services
};

// What filters took of an exchange; measured only where somebody will be told.
struct FilterTimes {
  bool wanted = false;
  // By link, of those exchanges that were drawn to be timed; null in the others. For the chain.
  base::Duration* each = nullptr;
  base::SteadyTime each_since{};
  base::Duration all{};                    // request and response hooks together
  base::Duration auth{};                   // of these, the filters that find out who calls
  base::SteadyTime since{}, auth_since{};  // for the chain
};

// Where an exchange runs.
struct Worker {
  net::Loop& loop;
  unsigned index;  // from zero
  // Of what outlives the exchange that began it; cancelled when the worker ends.
  base::Scope background{};
  std::uint32_t dice = 1;

  // True in one call of 64, at random.
  bool draws() noexcept {
    dice = dice * 1664525U + 1013904223U;  // of which the high bits are the random ones
    return dice >> 26 == 0;
  }
};

struct Exchange {
  Exchange(http::ServerStream& s, Worker& w, base::Scope* parent)
      : stream(s),
        worker(w),
        arena(s.arena()),
        scope(parent),
        total(w.loop.wheel(), scope),
        request(s.request()),
        response(arena) {}
  Exchange(const Exchange&) = delete;

  http::ServerStream& stream;
  Worker& worker;
  base::Arena& arena;
  base::Scope scope;  // cancelled when the client leaves or the total timeout passes
  net::ScopeTimer
      total;  // started by the handler, if it has a total timeout; of a tunnel, its time of idleness

  // In this order, so that each is gone before what it reads from.
  http::RequestHead& request;
  http::BodyPtr request_body;             // of a tunnel: what the client sends after the switch
  http::ClientStreamPtr upstream_stream;  // of the attempt that gave the response; its head's views lie there
  std::optional<upstream::AttemptInFlight> attempt;
  upstream::Gate::Place place;  // among the requests that the upstream may have at a time, if it has a limit
  http::ResponseHead response;
  http::BodyPtr response_body;

  const routing::Route* route = nullptr;  // null: none matched
  std::string_view route_name;            // of `route`, for texts with variables; "" while there is none
  std::span<const Capture> captures;
  // The part of request.path that the route's pattern matched before its tail (`/**`, `{rest...}`), without a
  // slash at its end: "/foo" of "/foo/bar" for `/foo/**`. The whole path for a pattern without tail, "" for
  // `/**` and for expressions. Filters that change the path keep it a beginning of the path.
  std::string_view matched_prefix;
  // As the client sent it, once filters have edited it; null before. See as_asked.h.
  RequestLine* kept_line = nullptr;
  http::Fields* kept_fields = nullptr;
  std::string_view request_id;   // "" until somebody asks: use chain::request_id(ex)
  bool filter_names_it = false;  // a filter of the route says whose ids count, if its turn comes

  Identity identity;  // of nobody until a filter has found out
  // The callers that the configuration lists. Null in a tunnel, and where it lists none.
  const ConsumerTable* consumers = nullptr;
  // The route's, until a filter says otherwise.
  upstream::Importance importance = upstream::Importance::normal;

  // Why the gateway answered by itself or gave up; Reason::none while all is well.
  base::Reason reason = base::Reason::none;
  std::string_view detail;  // of that reason, for the log
  // In place of errors; null: none. Of the route, once there is one.
  const ErrorPages* error_pages = nullptr;
  int replaced_status = 0;        // that an error page has put another in place of; for log and metrics
  std::uint32_t retry_after = 0;  // seconds, for a local reply of 503; zero: not known
  bool answered_locally = false;
  bool refused_by_limit = false;  // so the limits before it give back what they have charged
  // Set once the upstream has a request that it is to finish although the client leaves: how long its answer
  // may then take in all, zero for as long as it likes.
  std::optional<base::Duration> finishes_within;
  std::string_view refused_by;  // the filter that answered, by the name of its policy; "" if none did
  // Of the limits that counted the request, what the one that has least left still allows; for the log.
  std::optional<std::uint64_t> rate_remaining;
  std::span<const std::string_view> partial;  // calls that failed of a composition that was answered
  bool hides_links = false;   // a filter takes Link from the response, so no interim one may show it
  bool sent_at_once = false;  // the response left without waiting for client or upstream
  UpstreamView upstream;
  FilterTimes filter_times;

  // The few bytes that `filter` keeps for this exchange; value-initialised at the first call. T is trivially
  // destructible.
  template <class T>
  T& local(const Filter& filter) {
    void*& at = locals[filter.slot()];
    if (!at) at = arena.make<T>();
    return *static_cast<T*>(at);
  }
  std::span<void*> locals;
  // How many filters of the chain have had their turn: those alone see the response and the end. Set by the
  // chain.
  std::uint16_t reached = 0;
};

}  // namespace sluice::chain
