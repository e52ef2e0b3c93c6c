// SPDX-License-Identifier: Apache-2.0
// FormCall: how an authorization server is asked (RFC 6749 section 3.2, RFC 7662 section 2.1): a form is
// posted to it, with what the gateway shows of itself, and JSON is expected. One worker thread.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "gateway/chain/call.h"

namespace sluice::chain {

// The value of Authorization for these credentials of a client. Each of the two is encoded as in a form
// before they are joined (RFC 6749 section 2.3.1).
std::string client_authorization(std::string_view id, std::string_view secret);

class FormCall {
 public:
  // `uri`: path and query; `authorization`: the whole value, "" for none; `most`: bytes of the answer. All
  // texts must outlive the call.
  FormCall(std::string_view uri, std::string_view authorization, std::string_view form,
           std::size_t most) noexcept;
  FormCall(const FormCall&) = delete;

  const CallRequest& request() const noexcept { return request_; }

 private:
  std::array<http::Field, 3> fields_;
  CallRequest request_;
};

}  // namespace sluice::chain
