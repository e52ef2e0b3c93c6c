// SPDX-License-Identifier: Apache-2.0
// Forward::Try: what the attempts of one exchange share while it is forwarded, and Forward::Rival, the second
// attempt beside one that is late. Private to forward.cc and hedge.cc.
#pragma once
#include <memory>
#include <optional>

#include "gateway/base/job.h"
#include "gateway/handlers/deadline.h"
#include "gateway/handlers/forward.h"
#include "gateway/http/replay_body.h"

namespace sluice::handlers {

// While the first attempt goes on in `lane`, this one waits until that is late and then makes its own in
// `job`. Whoever has a good answer ends the other one. In the arena of the exchange.
struct Forward::Rival {
  explicit Rival(chain::Exchange& ex) noexcept : lane(&ex.scope), response(ex.arena), job(&ex.scope) {}

  base::Scope lane;     // of the first attempt's waits
  upstream::Picked at;  // no target: not begun
  chain::Attempt* record = nullptr;
  base::SteadyTime asked{}, answered{};
  http::ResponseHead response;
  bool won = false;  // it has a good answer
  // Each is gone before what it uses.
  http::ClientStreamPtr stream;
  std::optional<upstream::AttemptInFlight> attempt;
  base::Job<void> job;

  struct Destroy {
    void operator()(Rival* r) const noexcept { r->~Rival(); }
  };
};

struct Forward::Try {
  // One beside the first counts as one of them.
  upstream::Target* tried[upstream::RetryConfig::kMost];
  std::size_t count = 0;
  upstream::Picked at;                 // the target of the present attempt
  chain::Attempt* record = nullptr;    // of that
  upstream::Circuit::Trial trial;      // by which the upstream has admitted the next attempt
  bool elsewhere = false;              // the circuit of the upstream is open, but others take over
  std::string_view extra;              // field lines for the target
  std::string_view host;               // as filters left it, where attempts may ask for different ones
  bool fresh = false;                  // no idle connection this time
  http::ReplayBody* replay = nullptr;  // the request's body, if it can be sent once more
  Deadline deadline;
  upstream::Gate::Place unanswered;  // among those that the upstream owes an answer, if they have a limit
  std::uint32_t in_flight = 0;       // these, when it came
  bool timed = false;                // it is sent at once, so that what it takes is the upstream's time
  upstream::Tally::Token retry;      // of the next attempt
  base::Reason cause = base::Reason::none;  // of the last retry
  base::Duration pause{};                   // before the next attempt
  bool may_hedge = false;                   // the first attempt, if it is late
  std::unique_ptr<Rival, Rival::Destroy> rival;

  // Has the task wait where a rival can end it.
  template <class T>
  void beside_rival(base::Task<T>& task) noexcept {
    if (rival) [[unlikely]]
      (void)std::move(task).in(rival->lane);
  }
};

}  // namespace sluice::handlers
