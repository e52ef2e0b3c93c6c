// SPDX-License-Identifier: Apache-2.0
// As asked: what the client sent of a request that filters have edited for the upstream. Whoever edits keeps
// it first; what is made for the client, log and metrics read it. Where nothing was edited nothing is kept,
// and the request itself is read.
#pragma once
#include <string_view>

#include "gateway/chain/exchange.h"

namespace sluice::chain {

// What filters may edit of a request beside its fields. In the arena.
struct RequestLine {
  http::Method method = http::Method::other;
  bool has_query = false;
  std::string_view method_text;
  std::string_view path;
  std::string_view query;
};

// The fields that are read on the way out.
inline constexpr http::FieldSet kReadLater = http::field_set(
    http::FieldId::accept, http::FieldId::cookie, http::FieldId::origin, http::FieldId::referer,
    http::FieldId::traceparent, http::FieldId::user_agent, http::FieldId::x_request_id);

// Before an edit of the method, the path or the query.
void keep_line(Exchange& ex);
// Before an edit of one of kReadLater.
void keep_fields(Exchange& ex);

// A query parameter that has brought a credential: out of the target as received, which is for the log.
void hide_parameter(Exchange& ex, std::string_view name);
// Out of what the upstream gets and of what the client is shown.
void take_parameter(Exchange& ex, std::string_view name);

RequestLine client_line(const Exchange& ex) noexcept;
// To be asked for those of kReadLater alone.
inline http::Fields& client_fields(const Exchange& ex) noexcept {
  return ex.kept_fields ? *ex.kept_fields : ex.request.fields;
}

// While it lives the request has the line that the client sent: for texts that the client gets, which may
// show it nothing that is meant for the upstream.
class AsAsked {
 public:
  explicit AsAsked(Exchange& ex) noexcept;
  AsAsked(const AsAsked&) = delete;
  ~AsAsked();

 private:
  http::RequestHead* edited_ = nullptr;  // null: it is as the client sent it
  RequestLine line_;                     // as edited
};

}  // namespace sluice::chain
