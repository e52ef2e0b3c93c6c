// SPDX-License-Identifier: Apache-2.0
// What the gateway needs to know of gRPC (the gRPC over HTTP/2 protocol description, doc/PROTOCOL-HTTP2.md of
// gRPC): which messages are gRPC, deadlines, status codes and messages. Does not look into bodies.
#pragma once
#include <optional>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/error.h"
#include "gateway/http/fields.h"

namespace sluice::http {

// Codes of gRPC; names as in its documentation, in lower case.
enum class GrpcCode : std::uint8_t {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated
};
inline constexpr int kGrpcCodes = 17;

inline constexpr std::string_view kGrpcStatus = "grpc-status";
inline constexpr std::string_view kGrpcMessage = "grpc-message";
inline constexpr std::string_view kGrpcTimeout = "grpc-timeout";
inline constexpr std::string_view kGrpcType = "application/grpc";

std::string_view name(GrpcCode code) noexcept;    // "deadline_exceeded"
std::string_view number(GrpcCode code) noexcept;  // "4"
std::optional<GrpcCode> grpc_code(std::string_view number) noexcept;

// Is the content application/grpc, whatever its messages are written in, and not gRPC-Web?
bool is_grpc_type(std::string_view content_type) noexcept;
inline bool is_grpc(const Fields& fields) noexcept {
  return fields.has(FieldId::content_type) && is_grpc_type(fields.value(FieldId::content_type));
}

// What a content type says of gRPC-Web (doc/PROTOCOL-WEB.md of gRPC).
struct GrpcWebType {
  bool web = false;       // it is gRPC-Web
  bool text = false;      // in base64
  std::string_view rest;  // of which messages: "+proto", and parameters
};
inline constexpr std::string_view kGrpcWebType = "application/grpc-web";
inline constexpr std::string_view kGrpcWebText = "-text";  // behind it
GrpcWebType grpc_web_type(std::string_view content_type) noexcept;
// The frame that ends an answer of gRPC-Web: the trailers, which browsers cannot see as such. Not in base64.
// In the arena.
std::string_view grpc_web_frame(const Fields& trailers, base::Arena& arena);

// The value of grpc-timeout: at most eight digits and a unit. None if it is anything else.
std::optional<base::Duration> parse_grpc_timeout(std::string_view text) noexcept;
// The same the other way, rounded down to what eight digits can say; at least a nanosecond. In the arena.
std::string_view grpc_timeout(base::Duration left, base::Arena& arena);

// What an HTTP status means that an answer without gRPC has (doc/http-grpc-status-mapping.md of gRPC).
GrpcCode grpc_code_of_status(int status) noexcept;
// `text` as a grpc-message, percent-encoded. In the arena.
std::string_view grpc_message(std::string_view text, base::Arena& arena);

// What `row` is to a caller of gRPC: the code, and a message that begins with its name.
void add_grpc_status(Fields& to, const base::ReasonRow& row, std::string_view shown);

}  // namespace sluice::http
