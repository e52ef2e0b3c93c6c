// SPDX-License-Identifier: Apache-2.0
// Bearer: where a request carries its token (RFC 6750 section 2), how it is taken out, and the challenge for
// requests that bring none or a bad one. Used by every filter that judges tokens.
#pragma once
#include <string>
#include <string_view>

#include "gateway/chain/builder.h"
#include "gateway/chain/exchange.h"
#include "gateway/config/describe.h"

namespace sluice::chain {

// Where to look. By default the field Authorization, scheme Bearer, alone.
struct TokenPlaceConfig {
  std::string header;
  std::string cookie;
  std::string query;
  bool operator==(const TokenPlaceConfig&) const = default;
};
void describe(config::Description<TokenPlaceConfig>& d);

class Bearer {
 public:
  // Tells the builder about the field that is read.
  Bearer(const TokenPlaceConfig& config, const std::string& realm, Builder& builder);

  struct Found {
    std::string_view token;  // lies in the request
    int count = 0;           // how many there are; more than one is nobody's
  };
  // Takes a token in the query out of what will be logged.
  Found find(Exchange& ex) const;
  void remove(Exchange& ex) const;

  // Values of WWW-Authenticate. They live as long as this.
  std::string_view absent() const noexcept { return absent_; }
  std::string_view invalid_request() const noexcept { return invalid_request_; }
  std::string_view invalid_token() const noexcept { return invalid_token_; }
  std::string_view insufficient_scope() const noexcept { return insufficient_scope_; }

 private:
  bool is_ours(const http::Field& line) const noexcept;

  std::string header_, cookie_, query_;
  bool scheme_ = false;  // the field holds "Bearer" before the token
  http::FieldId header_id_ = http::FieldId::other;
  std::string absent_, invalid_request_, invalid_token_, insufficient_scope_;
};

}  // namespace sluice::chain
