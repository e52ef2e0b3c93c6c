// SPDX-License-Identifier: Apache-2.0
// The one call of gRPC that health checks make, grpc.health.v1.Health/Check, as bytes: its request, and what
// a response says (the health checking protocol of gRPC, doc/health-checking.md; messages as in
// grpc/health/v1/health.proto). Does no I/O.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::http {

inline constexpr std::string_view kGrpcHealthCheck = "/grpc.health.v1.Health/Check";

// HealthCheckResponse.ServingStatus; numbers that the protocol does not have are `unknown`.
enum class ServingStatus : std::uint8_t { unknown, serving, not_serving, service_unknown };
std::string_view name(ServingStatus status) noexcept;  // "NOT_SERVING"

// The body of a request, frame included. `service`: "" asks for the server as a whole.
std::string grpc_health_request(std::string_view service);
// The whole body of a response: exactly one message. upstream_protocol for anything else.
base::Result<ServingStatus> parse_grpc_health_response(std::span<const char> body);

}  // namespace sluice::http
