// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/timeouts.h"

namespace sluice::upstream {

using namespace config;

void describe(Description<TimeoutsConfig>& d) {
  d.about(
      "timeouts",
      "How long each phase of an exchange with an upstream may take; 0s stands for no limit. What a route "
      "leaves out its upstream says, what that leaves out `defaults` say. A 504 names the limit that was "
      "reached.");
  d.field("connect", &TimeoutsConfig::connect, "Time to establish a connection to a target.",
          default_is("2s"), example("500ms"));
  d.field("first_byte", &TimeoutsConfig::first_byte,
          "Time from the request sent to the first byte of the response.", default_is("30s"));
  d.field("idle", &TimeoutsConfig::idle,
          "Time without a byte in either direction once the exchange has begun.", default_is("60s"));
  d.field("total", &TimeoutsConfig::total, "Time for the whole exchange, all attempts included.",
          default_is("60s"));
  d.field("tunnel", &TimeoutsConfig::tunnel,
          "Time without a byte in either direction on a connection that was upgraded, to a WebSocket for "
          "instance. Once it is, none of the other limits applies.",
          default_is("1h"));
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
  d.field("attempts", &RetryConfig::attempts, "Attempts in all, the first one included.", between(1u, 10u));
  d.field("grpc", &RetryConfig::grpc,
          "Codes of gRPC that are repeated too, when the target answers with nothing but such a code and the "
          "request's messages are no longer than 64 KiB. Only where calling twice does no harm.",
          example("[unavailable]"));
  d.word("none", "One attempt only.", [](RetryConfig& r) { r.attempts = 1; });
  d.word("safe", "One repetition where it is safe.", [](RetryConfig& r) { r.attempts = 2; });
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
  return under;
}

}  // namespace sluice::upstream
