// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/timeouts.h"

#include <algorithm>

#include "gateway/config/amounts.h"

namespace sluice::upstream {

using namespace config;

namespace {

// What holds where nobody says anything.
DefaultIs unless_said(base::Duration Timeouts::* limit) {
  auto value = Timeouts{}.*limit;
  return default_is(value == base::Duration{} ? "none" : to_text(value));
}

}  // namespace

void describe(Description<TimeoutsConfig>& d) {
  d.about(
      "timeouts",
      "How long each phase of an exchange with an upstream may take; 0s stands for no limit. What a route "
      "leaves out its upstream says, what that leaves out `defaults` say. A 504 names the limit that was "
      "reached.");
  d.field("connect", &TimeoutsConfig::connect, "Time to establish a connection to a target.",
          unless_said(&Timeouts::connect), example("500ms"));
  d.field("first_byte", &TimeoutsConfig::first_byte,
          "Time from the request sent to the first byte of the response.",
          unless_said(&Timeouts::first_byte));
  d.field("idle", &TimeoutsConfig::idle,
          "Time without a byte in either direction once the exchange has begun.",
          unless_said(&Timeouts::idle));
  d.field(
      "total", &TimeoutsConfig::total,
      "Time for the whole exchange, all attempts included; for a response that is a stream, or does not say "
      "how long it is, until its head has come.",
      unless_said(&Timeouts::total));
  d.field("tunnel", &TimeoutsConfig::tunnel,
          "Time without a byte in either direction on a connection that was upgraded, to a WebSocket for "
          "instance. Once it is, none of the other limits applies.",
          unless_said(&Timeouts::tunnel));
  d.field("attempt", &TimeoutsConfig::attempt,
          "Time for one attempt: to connect, and from the request sent to the first byte of the response. "
          "Another attempt begins anew, within `total`.",
          unless_said(&Timeouts::attempt), example("5s"));
  d.field(
      "propagate", &TimeoutsConfig::propagate,
      "Tells the target how much of `total` is left, as X-Request-Deadline in milliseconds, and takes such "
      "a field of the request as a limit that may be shorter. gRPC does so by itself, with grpc-timeout.",
      default_is(Timeouts{}.propagate ? "true" : "false"));
}

void describe(Enumeration<GrpcRetry>& e) {
  e.about("gRPC code");
  e.value("cancelled", GrpcRetry::cancelled);
  e.value("deadline_exceeded", GrpcRetry::deadline_exceeded);
  e.value("resource_exhausted", GrpcRetry::resource_exhausted);
  e.value("aborted", GrpcRetry::aborted);
  e.value("internal", GrpcRetry::internal);
  e.value("unavailable", GrpcRetry::unavailable);
}

void describe(Description<RetryConfig>& d) {
  d.about(
      "retry",
      "How often a failed attempt is repeated, on another target or else on a fresh connection. Only what "
      "cannot have been processed is repeated: any method when nothing was sent, otherwise methods that "
      "are idempotent.");
  d.field("attempts", &RetryConfig::attempts, "Attempts in all, the first one included.",
          between(1u, RetryConfig::kMost));
  d.field("grpc", &RetryConfig::grpc,
          "Codes of gRPC that are repeated too, when the target answers with nothing but such a code and the "
          "request's messages are no longer than 64 KiB. Only where calling twice does no harm.",
          example("[unavailable]"));
  d.field("on", &RetryConfig::on,
          "Answers with such a status are repeated too, for methods that are idempotent and requests with an "
          "Idempotency-Key.",
          one_or_many, example("[502, 503, 504]"));
  d.field(
      "backoff", &RetryConfig::backoff,
      "The wait before a retry. None before the first one that goes to another target, or takes the place "
      "of a connection that had gone stale.");
  d.field(
      "budget", &RetryConfig::budget,
      "How many retries may be under way at the upstream, all workers together: what fails for all is not "
      "asked of it twice.",
      example("10%"));
  d.check([](const RetryConfig& c, const Site& at) {
    for (std::size_t i = 0; i < c.on.size(); ++i)
      if (c.on[i].first < 400) at.error(config::path("on", i), "only 400 to 599 say that a request failed");
  });
  d.word("none", "One attempt only.", [](RetryConfig& r) { r.attempts = 1; });
  d.word("safe", "One repetition where it is safe.", [](RetryConfig& r) { r.attempts = 2; });
}

void describe(Description<BackoffConfig>& d) {
  d.about("backoff",
          "A random time up to `first`, which doubles with each further retry, up to `most`; kept to about "
          "2 ms.");
  d.field("first", &BackoffConfig::first, "The longest wait before the first retry; 0s for none.",
          at_most(Duration(std::chrono::minutes(1))));
  d.field("most", &BackoffConfig::most, "The longest wait before any.",
          at_most(Duration(std::chrono::minutes(1))));
}

void describe(Description<BudgetConfig>& d) {
  d.about("retry budget", "The retries that may be under way at a time.");
  d.field("share", &BudgetConfig::share, "As a share of the upstream's requests under way.");
  d.field("at_least", &BudgetConfig::at_least, "So many at any rate.", at_most(1'000'000u));
  d.shorthand(&BudgetConfig::share);
}

void describe(Description<HedgeConfig>& d) {
  d.about(
      "hedge",
      "A request that is late gets a second attempt beside the first one, on another target if there is one; "
      "the first good answer counts, and the other attempt is given up at once. Only of requests with safe "
      "methods and no body, and only while nothing says that the upstream has too much to do.");
  d.field("after", &HedgeConfig::after,
          "How late: time from the begin of the attempt to the head of its answer.",
          between(Duration(std::chrono::milliseconds(1)), Duration(std::chrono::hours(1))),
          default_is("the time within which 95 % of the latest answers came, once 64 have"), example("50ms"));
  d.field("budget", &HedgeConfig::budget,
          "So many of the requests, at most, are made twice. A worker saves up no more than ten.");
  d.shorthand(&HedgeConfig::after);
  d.word("auto", "As the defaults say.", [](HedgeConfig& c) { c.on = true; });
  d.word("off", "No second attempt.", [](HedgeConfig& c) { c.on = false; });
}

void describe(Description<DefaultsConfig>& d) {
  d.about("defaults", "What holds for every upstream and route that does not say otherwise.");
  describe_fields(d);
}

Timeouts merge(Timeouts under, const TimeoutsConfig& over) noexcept {
  under.connect = over.connect.value_or(under.connect);
  under.first_byte = over.first_byte.value_or(under.first_byte);
  under.idle = over.idle.value_or(under.idle);
  under.total = over.total.value_or(under.total);
  under.tunnel = over.tunnel.value_or(under.tunnel);
  under.attempt = over.attempt.value_or(under.attempt);
  under.propagate = over.propagate.value_or(under.propagate);
  return under;
}

base::Duration shorter(base::Duration a, base::Duration b) noexcept {
  constexpr auto kNone = base::Duration::zero();
  if (a <= kNone) return b;
  return b <= kNone ? a : std::min(a, b);
}

base::Duration Timeouts::to_connect() const noexcept { return shorter(connect, attempt); }

base::Duration Timeouts::first_byte_after(base::Duration connecting) const noexcept {
  if (attempt <= base::Duration::zero()) return first_byte;
  return shorter(first_byte, std::max(attempt - connecting, base::Duration(1)));
}

std::string_view Timeouts::passed(base::Reason reason, base::Duration connecting,
                                  bool tunnelled) const noexcept {
  switch (reason) {
    case base::Reason::timeout_connect:
      return to_connect() == connect ? "connect" : "attempt";
    case base::Reason::timeout_first_byte:
      return first_byte_after(connecting) == first_byte ? "first_byte" : "attempt";
    case base::Reason::timeout_idle:
      return tunnelled ? "tunnel" : "idle";
    case base::Reason::timeout_total:
      return "total";
    default:
      return "";
  }
}

}  // namespace sluice::upstream
