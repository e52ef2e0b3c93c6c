// SPDX-License-Identifier: Apache-2.0
// Provider: the OpenID Connect provider of one filter: where its endpoints are, and what it gives for a code
// or a refresh token, verified. Its keys and its discovery document are fetched and kept fresh elsewhere
// (chain::Builder::issuer_keys); the token endpoint is called through an upstream.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/chain/call.h"
#include "gateway/chain/issuer_keys.h"
#include "gateway/chain/per_worker.h"
#include "gateway/jose/token.h"
#include "gateway/oidc/answers.h"
#include "gateway/oidc/config.h"
#include "gateway/oidc/login.h"

namespace sluice::oidc {

class Provider {
 public:
  Provider(const OidcConfig& config, chain::Builder& builder);

  struct Endpoints {
    std::string authorization, token, end_session;  // `token`: path and query; "" for what is not known
    bool tells_issuer = false;
  };
  // What is known now, on this worker.
  Endpoints endpoints(const chain::Exchange& ex) const;
  // The same; waits for the discovery document if it was not fetched yet.
  base::Task<Endpoints> endpoints_in_time(chain::Exchange& ex) const;
  // Why there are none: for the log.
  std::string trouble(const chain::Exchange& ex) const;

  // For the code of a login; the ID token is verified. Errors: unauthenticated and auth_unavailable, with a
  // detail that says all.
  base::Task<base::Result<Tokens>> redeem(chain::Exchange& ex, const Callback& callback,
                                          const Login& login) const;
  // For a refresh token; an ID token among them is verified and must be of that subject.
  base::Task<base::Result<Tokens>> renew(chain::Exchange& ex, const std::string& refresh_token,
                                         const std::string& subject) const;
  // A logout token that it sent, verified. Errors as above.
  base::Task<base::Result<LogoutOrder>> read_logout(chain::Exchange& ex,
                                                    const std::string& logout_token) const;

 private:
  enum class Kind : unsigned char { id_token, logout_token };
  chain::IssuerKeys& keys_of(const chain::Exchange& ex) const;
  base::Task<base::Result<Tokens>> ask(chain::Exchange& ex, std::string form) const;
  base::Task<base::Result<jose::Json>> verify(chain::Exchange& ex, const std::string& token, Kind kind) const;
  base::Result<jose::Json> judge(const chain::Exchange& ex, const std::string& token, Kind kind,
                                 bool& lacks_key) const;

  OidcConfig config_;
  jose::Algorithms allowed_;
  jose::ClaimRules rules_, logout_rules_;
  std::string authorization_;  // of the client at the token endpoint
  bool private_way_ = false;   // to the discovery document
  chain::Caller caller_;
  std::shared_ptr<jose::KeySource> source_;
  struct Own {
    std::shared_ptr<chain::IssuerKeys> keys;
  };
  chain::PerWorker<Own> own_;
};

}  // namespace sluice::oidc
