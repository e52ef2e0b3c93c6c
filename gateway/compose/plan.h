// SPDX-License-Identifier: Apache-2.0
// Plan: a composition as it was built: each call compiled, and who waits for whom. Immutable, shared by all
// exchanges of a route.
#pragma once
#include <algorithm>
#include <memory>

#include "gateway/chain/call.h"
#include "gateway/chain/condition.h"
#include "gateway/chain/per_worker.h"
#include "gateway/compose/config.h"
#include "gateway/compose/kept_answers.h"
#include "gateway/compose/metrics.h"
#include "gateway/compose/shadow.h"
#include "gateway/compose/text.h"
#include "gateway/json/shape.h"
#include "gateway/observe/result_metrics.h"

namespace sluice::compose {

// JSON that stands in the configuration, in memory as json/scan.h wants it.
class StaticJson {
 public:
  explicit StaticJson(const std::string& text) : bytes_(text) { bytes_.append(json::kPadding, '\0'); }
  std::string_view text() const noexcept {
    return std::string_view(bytes_).substr(0, bytes_.size() - json::kPadding);
  }

 private:
  std::string bytes_;
};

struct JoinPlan {
  std::uint32_t call = 0;
  std::vector<json::PathStep> list, on;  // of the enriched value: its list, the reference in the items
  std::vector<json::PathStep> other_list, with;  // the same of the other call's
  std::string as;                                // in quotes
};

// Where answers to one call are kept.
struct Keeping {
  base::Duration most{};
  std::size_t bytes = 0;  // of each worker
  chain::PerWorker<KeptAnswers> own;

  KeptAnswers& of(unsigned worker) const {
    return own.of(worker, [this] { return std::make_unique<KeptAnswers>(bytes); });
  }
};

class Plan;

struct CallPlan {
  std::string name;
  http::Method method = http::Method::get;
  std::string upstream;
  std::optional<chain::Caller> caller;
  CallText uri;
  std::vector<std::pair<std::string, CallText>> headers, query;
  std::optional<CallText> body;
  bool body_is_json = false;
  PassConfig forward;
  std::size_t max_body = 0;
  std::optional<base::Duration> timeout;
  base::Duration inherited{};              // time for it where it has none of its own; zero: not known
  std::unique_ptr<const Keeping> keeping;  // null: nothing is kept
  std::optional<upstream::HedgeConfig> hedge;
  std::shared_ptr<CallMetrics> metrics;
  const Plan* inner = nullptr;  // of the composition that it asks, which the caller holds
  std::vector<std::pair<std::string, CallText>> captures;  // for that one
  std::shared_ptr<const Shadow> shadow;                    // null: its answer is awaited

  std::optional<chain::Condition> when;
  std::vector<Reference> looked_at;  // by `when`, by slot
  bool required = false;
  std::vector<upstream::StatusRange> success;
  std::optional<StaticJson> fallback;
  std::vector<FallbackCase> fallback_on;

  std::optional<Reference> each;
  std::uint32_t concurrency = 1, batch = 1, at_most = 0;

  Format format = Format::json;
  std::vector<std::string> xml_lists;
  Expect expect = Expect::any;
  json::Path pick;
  json::Shape shape;
  std::optional<JoinPlan> join;
  std::optional<std::uint32_t> zip;
  std::vector<json::PathStep> place;
  bool hidden = false;
  bool shown = true;  // does the client see anything of its value?
  json::OnConflict on_conflict = json::OnConflict::last;
  std::vector<std::string> response_headers;

  std::vector<std::uint32_t> needs;       // calls that must have ended before
  std::vector<std::uint32_t> dependents;  // calls that need this one

  // All of its request.
  std::vector<const CallText*> texts() const;
  // Is the fallback taken then, whatever the status?
  bool falls_back_on(FallbackCase::Kind kind) const noexcept {
    return fallback && std::any_of(fallback_on.begin(), fallback_on.end(),
                                   [kind](const FallbackCase& c) { return c.kind == kind; });
  }
  // Has an answer of that status a value?
  bool succeeds(int status) const noexcept {
    return std::any_of(success.begin(), success.end(), [status](const auto& s) { return s.holds(status); });
  }
  // Is an answer of that status an answer, though one without a value?
  bool takes(int status) const noexcept {
    return fallback && std::any_of(fallback_on.begin(), fallback_on.end(), [status](const FallbackCase& c) {
             return c.kind == FallbackCase::Kind::status && status >= c.from && status <= c.to;
           });
  }
};

class Plan {
 public:
  // Complains to the builder about whatever does not fit; is then not to be run.
  Plan(const ComposeConfig& config, chain::Builder& builder);
  Plan(const Plan&) = delete;

  std::vector<CallPlan> calls;  // as written
  base::Duration timeout{};
  std::optional<StaticJson> always, complete, partial;
  json::OnConflict on_conflict = json::OnConflict::last;
  std::optional<CallText> json;
  std::optional<std::uint32_t> raw;
  json::Shape shape;   // of the whole
  std::string errors;  // name in quotes, "" for none
  bool error_bodies = false;
  bool stream = false;
  std::string completed_header;  // "" for none
  bool server_timing = false;
  bool wants_body = false;  // does a call get the request's body?
  bool personal = false;    // does the answer depend on more of the request than method, path and query?
  // The order in which joins and zips are made: calls that others take from come first.
  std::vector<std::uint32_t> enriching;

  // complete, partial, failed.
  std::unique_ptr<observe::ResultMetrics> responses;

  static constexpr std::size_t kMostRequestBody = 1 << 20;
  // The bodies that are kept while an answer is made, those of the compositions that are asked as well.
  std::vector<chain::Holding> holds() const;
  // For people: the calls as a picture, one line each.
  std::string drawn() const;
};

// A handler that has a plan: compositions ask others by it.
class Composer : public chain::Handler {
 public:
  virtual const Plan& plan() const noexcept = 0;
};

}  // namespace sluice::compose
