// SPDX-License-Identifier: Apache-2.0
// The call by which Envoy asks a service whether a request may pass,
// envoy.service.auth.v3.Authorization/Check, as bytes: its request, and what a response says (field numbers
// of envoy/service/auth/v3/external_auth.proto and attribute_context.proto, envoy/config/core/v3/base.proto,
// google/rpc/status.proto). Services that are written for it can be asked by Sluice. Does no I/O.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/fields.h"

namespace sluice::http {

inline constexpr std::string_view kCheckCall = "/envoy.service.auth.v3.Authorization/Check";

struct CheckRequest {
  std::string_view id;
  std::string_view method, path, host, scheme, protocol;  // path with query; protocol "HTTP/1.1"
  std::string_view address;                               // of the client; "" if it has none
  std::uint16_t port = 0;
  std::span<const Field> fields;  // those of one name are joined with commas
};
// The body of the call, frame included.
std::string write_check_request(const CheckRequest& request);

// What the service said, in slices of the answer's body. Names and values are checked, so that they can be
// sent; what concerns a connection or the frame of a message is left out.
struct CheckResponse {
  struct Line {
    std::string_view name, value;
  };
  bool allowed = false;
  int status = 403;  // for the client, if not allowed
  std::string_view message;
  std::vector<Line> fields;              // for the target if allowed, else for the client
  std::vector<std::string_view> remove;  // fields of the request that the target is not to see
  std::string_view body;                 // for the client
};
// `body`: the whole one of the answer. upstream_protocol for what is no CheckResponse.
base::Result<CheckResponse> parse_check_response(std::string_view body);

}  // namespace sluice::http
