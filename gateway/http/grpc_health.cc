// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/grpc_health.h"

#include "gateway/http/protobuf.h"

namespace sluice::http {

using base::Reason;

std::string_view name(ServingStatus status) noexcept {
  switch (status) {
    case ServingStatus::unknown:
      return "UNKNOWN";
    case ServingStatus::serving:
      return "SERVING";
    case ServingStatus::not_serving:
      return "NOT_SERVING";
    case ServingStatus::service_unknown:
      return "SERVICE_UNKNOWN";
  }
  return "";
}

std::string grpc_health_request(std::string_view service) {
  return grpc_frame(ProtoWriter().text(1, service).bytes());
}

base::Result<ServingStatus> parse_grpc_health_response(std::span<const char> body) {
  auto message = grpc_unframed({body.data(), body.size()});
  if (!message) return std::move(message).unexpected();
  std::uint64_t status = 0;
  ProtoReader reader(*message);
  for (ProtoField f; reader.next(f);)
    if (f.is_number(1)) status = f.value;
  if (!reader.good())
    return base::fail(Reason::upstream_protocol, "a message that is no HealthCheckResponse");
  return status <= 3 ? static_cast<ServingStatus>(status) : ServingStatus::unknown;
}

}  // namespace sluice::http
