// SPDX-License-Identifier: Apache-2.0
// Authenticator: the base of every filter that finds out who calls (`api_key`, `jwt`, `forward_auth` ...).
// Such a filter does not answer by itself: it gives a Verdict, which its own place in a chain turns into the
// next step or the reply, and which filters made of others (`any`) weigh against other verdicts. Writing one:
//
//   class ApiKey final : public chain::Authenticator {
//    public:
//     ApiKey(const ApiKeyConfig& c, chain::Builder& b) : Authenticator("api_key", b) {}
//     base::Task<chain::Verdict> authenticate(chain::Exchange& ex) const override {
//       if (...) return Verdict::absent(challenge_);
//       ex.identity = chain::identity_of(*credential, method());
//       return Verdict::ok();
//     }
//     void hide(chain::Exchange& ex) const override { ... }
//     void tell_upstream(chain::Exchange& ex) const override { ... }  // if there is anything to tell
//   };
//   const chain::FilterKind<ApiKey, ApiKeyConfig> kApiKey{"api_key", chain::Stage::identify, ...};
#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/chain/builder.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/filter.h"
#include "gateway/observe/policy_metrics.h"

namespace sluice::chain {

// What an authenticator found out. Views lie in the exchange's arena or in the authenticator.
struct Verdict {
  // The higher one of two says more; `any` answers with the highest.
  enum class Outcome : std::uint8_t {
    ok,          // the exchange's identity says who
    absent,      // 401: the request brings nothing that this method could judge
    refused,     // 401: what it brings is wrong, expired or unknown
    forbidden,   // 403: it is good, and its bearer may not do this
    unavailable  // 503: it cannot be judged now, which is nobody's fault but ours
  };
  Outcome outcome = Outcome::absent;
  std::string_view detail;     // why; read by the caller, but for 503, which is for the log alone
  std::string_view challenge;  // of 401: the value of WWW-Authenticate; "" for none
  // refuse() of this authenticator answers with something better than a 401, such as a page to log in: `any`
  // prefers it to others of the same outcome.
  bool own_answer = false;
  // Of one that is absent, with an answer of its own: what that takes cannot be reached, such as the page to
  // log in. Who may pass as somebody else, or as a guest, is not held up by that; all others get 503. Counts
  // as an error.
  bool answer_unavailable = false;
  // Of one that is not ok: nobody else may let this request pass, neither another authenticator nor as a
  // guest, and refuse() of this one answers. Either the request was for this authenticator itself, such as
  // the way back from a login, or this one has read the body, which is gone.
  bool is_final = false;

  static Verdict ok() noexcept { return {Outcome::ok, {}, {}}; }
  static Verdict absent(std::string_view challenge, std::string_view detail = {}) noexcept {
    return {Outcome::absent, detail, challenge};
  }
  static Verdict refused(std::string_view challenge, std::string_view detail) noexcept {
    return {Outcome::refused, detail, challenge};
  }
  static Verdict forbidden(std::string_view detail) noexcept { return {Outcome::forbidden, detail, {}}; }
  static Verdict unavailable(std::string_view detail) noexcept { return {Outcome::unavailable, detail, {}}; }

  explicit operator bool() const noexcept { return outcome == Outcome::ok; }
  // Reason::none of ok.
  base::Reason reason() const noexcept;
};

class Authenticator : public Filter {
 public:
  // `method` is the filter's kind; it outlives the filter.
  Authenticator(std::string_view method, Builder& builder);

  // Finds out who calls. Sets the exchange's identity, all of it, if and only if the verdict is ok; changes
  // nothing else of the request, but for one whose verdict is_final. The identity is empty when this is
  // called.
  virtual base::Task<Verdict> authenticate(Exchange& ex) const = 0;
  // The request goes on: takes out of it what upstreams are not to see, the credential of this method.
  // Called whether this authenticator was asked or not, because another one of `any` may have been enough.
  virtual void hide(Exchange&) const {}
  // The request goes on because of what this authenticator found out: adds to it what upstreams are to know
  // of that. Called after hide() of all that are asked together, and only if its own verdict was ok and
  // counts: what it keeps in Exchange::local() may lie in what the identity of its verdict owns.
  virtual void tell_upstream(Exchange&) const {}
  // The exchange's answer to a verdict of this authenticator that is not ok. By default the local reply of
  // its reason, with its challenge; a login page or somebody else's answer in other cases.
  virtual void refuse(Exchange& ex, const Verdict& verdict) const;
  // One of the decisions of this filter, for the metrics. on_request() does it itself.
  void count(const Exchange& ex, const Verdict& verdict) const;
  // Are callers who bring nothing let through as well?
  virtual bool admits_anyone() const noexcept { return false; }

  base::Task<Step> on_request(Exchange& ex) const final;

 protected:
  std::string_view method() const noexcept { return method_; }

 private:
  base::Task<Step> go_on(Exchange& ex, base::Task<Verdict> asked, std::optional<Identity> before) const;
  Step settle(Exchange& ex, Verdict verdict, std::optional<Identity> before) const;

  std::string_view method_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

// `ex.identity` was found out after `before`, of the same request. The first one names the caller, the second
// one adds its claims, scopes and groups; one of a caller without a credential counts for nothing beside
// another. Not ok if they are two consumers.
Verdict join_identities(Exchange& ex, Identity before);

// The local reply of a verdict that is not ok.
void reply_to(Exchange& ex, const Verdict& verdict);

}  // namespace sluice::chain
