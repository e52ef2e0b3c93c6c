// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/form_call.h"

#include "gateway/base/base64.h"
#include "gateway/chain/escape.h"

namespace sluice::chain {

using http::FieldId;

std::string client_authorization(std::string_view id, std::string_view secret) {
  return "Basic " + base::encode_base64(component(id) + ":" + component(secret));
}

FormCall::FormCall(std::string_view uri, std::string_view authorization, std::string_view form,
                   std::size_t most) noexcept
    : fields_{{{http::field_name(FieldId::content_type), "application/x-www-form-urlencoded",
                FieldId::content_type},
               {http::field_name(FieldId::accept), "application/json", FieldId::accept},
               {http::field_name(FieldId::authorization), authorization, FieldId::authorization}}} {
  request_.method = http::Method::post;
  request_.set_uri(uri);
  request_.fields = std::span(fields_.data(), authorization.empty() ? 2 : 3);
  request_.body = form;
  request_.most = most;
}

}  // namespace sluice::chain
