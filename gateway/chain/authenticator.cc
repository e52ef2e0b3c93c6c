// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/authenticator.h"

#include <utility>

#include "gateway/chain/joined.h"
#include "gateway/chain/local_reply.h"

namespace sluice::chain {
namespace {

using base::Reason;
using base::Task;
using observe::Decision;

Decision decision(const Verdict& verdict) noexcept {
  if (verdict) return Decision::allow;
  bool unavailable = verdict.outcome == Verdict::Outcome::unavailable || verdict.answer_unavailable;
  return unavailable ? Decision::error : Decision::deny;
}

struct BothOwners {
  std::shared_ptr<const void> first, second;
};

}  // namespace

Reason Verdict::reason() const noexcept {
  switch (outcome) {
    case Outcome::ok:
      return Reason::none;
    case Outcome::absent:
      return answer_unavailable ? Reason::auth_unavailable : Reason::unauthenticated;
    case Outcome::refused:
      return Reason::unauthenticated;
    case Outcome::forbidden:
      return Reason::forbidden;
    case Outcome::unavailable:
      return Reason::auth_unavailable;
  }
  return Reason::internal;
}

Authenticator::Authenticator(std::string_view method, Builder& builder)
    : method_(method), decisions_(builder.decisions()) {}

Task<Step> Authenticator::on_request(Exchange& ex) const {
  std::optional<Identity> before;
  if (ex.identity) [[unlikely]]
    before = std::exchange(ex.identity, {});
  Task<Verdict> asked = authenticate(ex);
  if (!asked.await_ready()) return go_on(ex, std::move(asked), std::move(before));
  return settle(ex, asked.await_resume(), std::move(before));
}

Task<Step> Authenticator::go_on(Exchange& ex, Task<Verdict> asked, std::optional<Identity> before) const {
  Verdict verdict = co_await asked;
  // The client left or the time is up: whatever was found out, nobody wants to know.
  if (ex.scope.cancelled()) co_return reply(ex, ex.scope.why());
  co_return settle(ex, verdict, std::move(before));
}

Step Authenticator::settle(Exchange& ex, Verdict verdict, std::optional<Identity> before) const {
  if (verdict && before) verdict = join_identities(ex, std::move(*before));
  count(ex, verdict);
  if (verdict) {
    hide(ex);
    tell_upstream(ex);
    return Step::next;
  }
  refuse(ex, verdict);
  return Step::replied;
}

void Authenticator::count(const Exchange& ex, const Verdict& verdict) const {
  decisions_->count(ex.worker.index, decision(verdict));
}

void Authenticator::refuse(Exchange& ex, const Verdict& verdict) const { reply_to(ex, verdict); }

Verdict join_identities(Exchange& ex, Identity before) {
  Identity& now = ex.identity;
  // Whoever came without a credential gives way to whoever showed one.
  if (!before.challenges.empty()) return Verdict::ok();
  if (!now.challenges.empty()) {
    now = std::move(before);
    return Verdict::ok();
  }
  if (!before.consumer.empty() && !now.consumer.empty() && before.consumer != now.consumer) {
    now = std::move(before);
    return Verdict::forbidden("the credentials are those of two callers");
  }
  base::Arena& arena = ex.arena;
  Identity joined_up = before;
  if (before.consumer.empty()) {
    joined_up.consumer = now.consumer;
    joined_up.entry = now.entry;
  }
  bool same = !before.consumer.empty() && before.consumer == now.consumer;
  joined_up.claims = joined(before.claims, now.claims, arena);
  joined_up.scopes = same && before.scopes.data() == now.scopes.data()
                         ? before.scopes
                         : joined(before.scopes, now.scopes, arena);
  joined_up.groups = same && before.groups.data() == now.groups.data()
                         ? before.groups
                         : joined(before.groups, now.groups, arena);
  if (!joined_up.owner) {
    joined_up.owner = now.owner;
  } else if (now.owner) {
    joined_up.owner = std::make_shared<BothOwners>(BothOwners{before.owner, now.owner});
  }
  now = std::move(joined_up);
  return Verdict::ok();
}

void reply_to(Exchange& ex, const Verdict& verdict) {
  make_local_reply(ex, {verdict.reason(), std::string(verdict.detail)});
  if (verdict.reason() == Reason::unauthenticated && !verdict.challenge.empty())
    ex.response.fields.add("WWW-Authenticate", verdict.challenge);
}

}  // namespace sluice::chain
