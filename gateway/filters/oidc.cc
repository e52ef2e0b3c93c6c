// SPDX-License-Identifier: Apache-2.0
// The filter `oidc`: logs people in at an OpenID Connect provider and keeps who they are in encrypted
// cookies. Follows OpenID Connect Core 1.0 with PKCE (RFC 7636) and the advice of RFC 9700. Nothing is kept
// here: a session opens on every gateway that has the keys. A request with a session costs a look into a
// table, or once for each worker a decryption; the provider is asked at login and when tokens are renewed. A
// provider that cannot be asked makes logins unavailable (503), never wrong (401).
#include <algorithm>
#include <string>

#include "gateway/base/log.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/counted_wait.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/token_claims.h"
#include "gateway/oidc/config.h"
#include "gateway/oidc/ended.h"
#include "gateway/oidc/logins.h"
#include "gateway/oidc/navigation.h"
#include "gateway/oidc/provider.h"
#include "gateway/oidc/renewals.h"
#include "gateway/oidc/sessions.h"

namespace sluice::filters {

namespace {

using base::Reason;
using base::Task;
using base::WallTime;
using chain::Exchange;
using chain::TokenClaims;
using chain::Verdict;
using http::FieldId;
using oidc::OidcConfig;
using oidc::OpenedPtr;
using oidc::Renewed;
using oidc::Session;

constexpr std::size_t kLargestForm = 32 * 1024;
constexpr std::string_view kLoginChallenge =
    "Cookie realm=\"sluice\"";  // there is no scheme for a login page

constexpr std::string_view kEndedByProvider = "the provider has ended the session";

class Oidc final : public chain::Authenticator {
 public:
  Oidc(const OidcConfig& c, chain::Builder& builder)
      : Authenticator("oidc", builder),
        config_(c),
        whose_(oidc::owner_of(c)),
        sessions_(c, builder.workers()),
        logins_(c),
        provider_(c, builder),
        renewals_(oidc::Renewals::of_process()),
        ended_(oidc::Ended::of_process()),
        fields_(c.headers, builder),
        revocations_(builder.revocations()) {
    if (!c.cookie.secure)
      builder.warning("cookie", "sessions travel without TLS too: who is on the way can take them over");
  }

  Task<Verdict> authenticate(Exchange& ex) const override {
    ex.local<Local>(*this) = {};
    const std::string_view path = chain::client_line(ex).path;  // where the browser was led to
    if (path == config_.redirect_path) return own(finish_login(ex));
    if (path == config_.logout_path) return own(log_out(ex));
    if (!path.empty() && path == config_.backchannel_logout_path) return own(end_sessions(ex));
    auto opened = sessions_.open(ex);
    if (!opened && !sessions_.brought(ex)) return no_session(ex, "a login is needed");
    if (!opened) return lost(ex, "the session is not known here, or over");
    if (!sessions_.is_due(opened->session, wall(ex))) return go_on(ex, opened);
    // As it came: what ended it was before the tokens that it would be given now.
    if (auto why = why_ended(ex, *opened); !why.empty()) return lost(ex, why);
    return renew(ex, opened);
  }
  void hide(Exchange& ex) const override {
    sessions_.hide(ex);
    logins_.hide(ex);
  }
  std::vector<chain::Holding> holds() const override {
    if (config_.backchannel_logout_path.empty()) return {};
    return {{chain::Holding::Whose::request, kLargestForm, "of the provider's logout tokens"}};
  }
  void tell_upstream(Exchange& ex) const override {
    const oidc::Opened* opened = ex.local<Local>(*this).opened;
    fields_.set(ex, opened->facts->claims());
    if (!config_.pass_access_token) return;
    const std::string& token = opened->session.access_token;
    ex.request.fields.remove(FieldId::authorization);
    if (!token.empty()) ex.request.fields.add(FieldId::authorization, ex.arena.join("Bearer ", token));
  }
  void refuse(Exchange& ex, const Verdict& verdict) const override {
    Authenticator::refuse(ex, verdict);
    Local& local = ex.local<Local>(*this);
    switch (local.answer) {
      case Answer::refusal:
        break;
      case Answer::malformed:
        chain::make_local_reply(ex, Reason::validation, verdict.detail);
        break;
      case Answer::login:
        // Only now: another one of `any` may have had a better answer.
        send(ex, logins_.begin(ex, provider_.endpoints(ex).authorization, local.cookies));
        break;
      case Answer::done:
        send(ex, local.location);
        ex.reason = Reason::none;
        ex.detail = {};
        break;
    }
    ex.response.fields.set(FieldId::cache_control, "no-store");
  }
  // Cookies go with whatever is answered. What carries one is for nobody else's cache.
  Task<void> on_response(Exchange& ex) const override {
    const Local& local = ex.local<Local>(*this);
    if (local.cookies.empty()) return {};
    local.cookies.put_into(ex.response.fields);
    ex.response.fields.set(FieldId::cache_control, "no-store");
    return {};
  }

 private:
  // How a request is answered that does not go on.
  enum class Answer : unsigned char {
    refusal,    // as the verdict says
    malformed,  // 400
    login,      // a redirect to the provider
    done        // 200, or a redirect to `location`
  };
  struct Local {
    const oidc::Opened* opened;  // kept alive by the identity of the verdict; for tell_upstream() alone
    oidc::SetCookies cookies;    // to be set with the answer
    Answer answer;
    std::string_view location;
  };

  static WallTime wall(const Exchange& ex) { return ex.worker.loop.clock().wall(); }
  oidc::SetCookies& cookies(Exchange& ex) const { return ex.local<Local>(*this).cookies; }
  static Verdict unavailable(Exchange& ex, std::string_view why) {
    return Verdict::unavailable(ex.arena.copy(why));
  }
  static Verdict refused(Exchange& ex, std::string_view why) {
    Verdict verdict = Verdict::refused(kLoginChallenge, ex.arena.copy(why));
    verdict.own_answer = true;
    return verdict;
  }
  Verdict malformed(Exchange& ex, std::string_view why) const {
    ex.local<Local>(*this).answer = Answer::malformed;
    return refused(ex, why);
  }
  Verdict done(Exchange& ex, std::string_view location = {}) const {
    Local& local = ex.local<Local>(*this);
    local.answer = Answer::done;
    local.location = ex.arena.copy(location);
    Verdict verdict = Verdict::absent({});
    verdict.own_answer = true;
    return verdict;
  }
  // The request was for this filter alone, which has taken its body, too: no other one of `any` answers it.
  static Task<Verdict> own(Task<Verdict> answering) {
    Verdict verdict = co_await answering;
    verdict.is_final = true;
    co_return verdict;
  }
  static void send(Exchange& ex, std::string_view location) {
    ex.response.status = location.empty() ? 200 : 302;
    ex.response.fields.clear();
    if (!location.empty()) ex.response.fields.add(FieldId::location, ex.arena.copy(location));
    ex.response_body.reset();
  }

  // --- A request with a session.

  Task<Verdict> go_on(Exchange& ex, const OpenedPtr& opened) const {
    const Session& session = opened->session;
    WallTime now = wall(ex);
    if (sessions_.is_worn(session, now)) return lost(ex, "the session's token has expired");
    if (sessions_.is_to_be_touched(session, now)) {
      Session touched = session;
      touched.used = now;
      sessions_.keep(ex, touched, cookies(ex));
    }
    return identify(ex, opened);
  }
  chain::TokenJudge judge() const { return {method(), config_.issuer, kLoginChallenge, revocations_}; }
  bool ended_by_provider(const oidc::Opened& opened) const {
    const TokenClaims& facts = *opened.facts;
    return ended_->has_ended({whose_, facts.claim("sid"), facts.subject()}, opened.session.started);
  }
  // Why it is over before its time; "" if it is not.
  std::string_view why_ended(const Exchange& ex, const oidc::Opened& opened) const {
    if (ended_by_provider(opened)) return kEndedByProvider;
    return chain::is_revoked(ex, *opened.facts, judge()) ? chain::kRevoked : std::string_view();
  }
  Task<Verdict> identify(Exchange& ex, const OpenedPtr& opened) const {
    if (ended_by_provider(*opened)) return lost(ex, kEndedByProvider);
    // The identity keeps all of the session.
    std::shared_ptr<const TokenClaims> held(opened, opened->facts.get());
    auto verdict = chain::identify_by_token(ex, held, config_, judge());
    if (verdict.outcome == Verdict::Outcome::refused) return lost(ex, verdict.detail);
    if (verdict) ex.local<Local>(*this).opened = opened.get();
    return verdict;
  }

  // --- Renewal.

  Task<Verdict> renew(Exchange& ex, OpenedPtr opened) const {
    const Session& session = opened->session;
    std::string key =
        session.refresh_token + "\n" + std::to_string(session.expires.time_since_epoch().count()) + whose_;
    auto asking = others(ex, key);
    auto renewed = co_await asking;
    if (!renewed) {
      oidc::Renewals::Turn turn(renewals_, ex.worker.loop, key);
      // In a scope of its own: a refresh token is often good once only, so that what was sent must be heard
      // even if this client leaves meanwhile.
      base::Scope shield;
      auto renewing = ask_for_new(ex, *opened);
      renewed = co_await std::move(renewing).in(shield);
      turn.tell(renewed);
    }
    if (ex.scope.cancelled()) co_return Verdict::unavailable("nobody waits for it any more");
    auto settling = settle(ex, opened, *renewed);
    auto verdict = co_await settling;
    co_return verdict;
  }
  Task<oidc::RenewedPtr> others(Exchange& ex, const std::string& key) const {
    chain::CountedWait counted(ex);
    auto waiting = renewals_->others(ex.worker.loop, key, config_.timeout);
    co_return co_await waiting;
  }
  Task<oidc::RenewedPtr> ask_for_new(Exchange& ex, const oidc::Opened& opened) const {
    Renewed out;
    std::string subject(opened.facts->subject());
    auto asking = provider_.renew(ex, opened.session.refresh_token, subject);
    auto tokens = co_await asking;
    if (tokens) {
      out.outcome = Renewed::Outcome::good;
      out.session = opened.session;
      sessions_.take(out.session, *tokens, wall(ex));
    } else {
      bool over = tokens.error().reason == Reason::unauthenticated;
      out.outcome = over ? Renewed::Outcome::over : Renewed::Outcome::failed;
      out.why = tokens.error().detail;
    }
    co_return std::make_shared<const Renewed>(std::move(out));
  }
  Task<Verdict> settle(Exchange& ex, const OpenedPtr& before, const Renewed& renewed) const {
    if (renewed.outcome == Renewed::Outcome::over) return lost(ex, kEndedByProvider);
    // It may have been ended meanwhile.
    if (auto why = why_ended(ex, *before); !why.empty()) return lost(ex, why);
    WallTime now = wall(ex);
    if (renewed.outcome == Renewed::Outcome::failed) {
      // As long as the tokens last, the provider may be away.
      if (now < before->session.expires) return go_on(ex, before);
      return unavailable(ex, renewed.why);
    }
    Session session = renewed.session;
    session.used = now;
    sessions_.trim(session, before->session);
    auto opened = sessions_.make(std::move(session));
    if (!opened) return unavailable(ex, "the provider's new ID token cannot be read");
    if (!sessions_.keep(ex, opened->session, cookies(ex))) return too_large(ex);
    return identify(ex, opened);
  }
  static Verdict too_large(Exchange& ex) {
    constexpr std::string_view kWhy =
        "the provider's tokens do not fit into cookies: ask for fewer claims or scopes";
    base::log(base::Level::warning, ex.arena.join("oidc: ", kWhy));
    return Verdict::unavailable(kWhy);
  }

  // --- A request without.

  // It had one, which the browser is to forget.
  Task<Verdict> lost(Exchange& ex, std::string_view why) const {
    cookies(ex) = {};
    sessions_.forget(ex, cookies(ex));
    return no_session(ex, why);
  }
  Task<Verdict> no_session(Exchange& ex, std::string_view why) const {
    Verdict verdict = Verdict::absent(kLoginChallenge, why);
    if (!oidc::opens_page(ex.request)) return verdict;
    return to_provider(ex, verdict);
  }
  Task<Verdict> to_provider(Exchange& ex, Verdict verdict) const {
    auto finding = provider_.endpoints_in_time(ex);
    auto known = co_await finding;
    verdict.own_answer = true;
    verdict.answer_unavailable = known.authorization.empty() || known.token.empty();
    if (verdict.answer_unavailable)
      verdict.detail = ex.arena.copy(provider_.trouble(ex));
    else
      ex.local<Local>(*this).answer = Answer::login;
    co_return verdict;
  }

  // --- Coming back from the provider.

  Task<Verdict> finish_login(Exchange& ex) const {
    // The code is not for the log.
    ex.request.target = ex.request.target.substr(0, ex.request.target.find('?'));
    const chain::RequestLine asked = chain::client_line(ex);
    if (asked.method != http::Method::get)
      co_return malformed(ex, "the answer of the provider must come by GET");
    auto callback = oidc::read_callback(asked.query);
    if (!callback) co_return malformed(ex, "the answer of the provider is malformed");
    auto login = logins_.take(ex, callback->state, cookies(ex));
    if (!login)
      co_return malformed(
          ex,
          "the login was not begun by this browser, or has been ended, or took too long; open "
          "the page again");
    auto finding = provider_.endpoints_in_time(ex);
    auto known = co_await finding;
    bool named = callback->issuer.has_value();
    if (named ? *callback->issuer != config_.issuer : known.tells_issuer)
      co_return malformed(ex, "the answer is of another provider (`iss`)");
    if (!callback->error.empty()) co_return refused_by_provider(ex, *callback);
    if (callback->code.empty()) co_return malformed(ex, "the answer of the provider has no code");
    auto asking = provider_.redeem(ex, *callback, *login);
    auto tokens = co_await asking;
    if (!tokens && tokens.error().reason == Reason::unauthenticated)
      co_return refused(ex, tokens.error().detail);
    if (!tokens) co_return unavailable(ex, tokens.error().detail);
    Session session;
    sessions_.take(session, *tokens, wall(ex));
    sessions_.trim(session, {});
    session.started = start_of(ex, session);
    if (!sessions_.keep(ex, session, cookies(ex))) co_return too_large(ex);
    co_return done(ex, login->back);
  }
  // What ended sessions of this subject before does not end this one.
  WallTime start_of(const Exchange& ex, const Session& session) const {
    WallTime now = wall(ex);
    auto opened = sessions_.make(session);
    if (!opened) return now;
    return ended_->start_of({whose_, opened->facts->claim("sid"), opened->facts->subject()}, now);
  }
  // RFC 6749 section 4.1.2.1.
  static Verdict refused_by_provider(Exchange& ex, const oidc::Callback& callback) {
    std::string why = "the provider answers with `" + callback.error.substr(0, 64) + "`";
    if (!callback.error_description.empty()) why += ": " + callback.error_description;
    if (callback.error == "server_error" || callback.error == "temporarily_unavailable")
      return unavailable(ex, why);
    if (callback.error == "access_denied") return Verdict::forbidden(ex.arena.copy(why));
    return refused(ex, why);
  }

  // --- Logging out.

  // OpenID Connect RP-Initiated Logout 1.0 section 2.
  Task<Verdict> log_out(Exchange& ex) const {
    auto opened = sessions_.open(ex);
    sessions_.forget(ex, cookies(ex));
    logins_.forget(ex, cookies(ex));
    std::string after = config_.post_logout_redirect;
    auto end = provider_.endpoints(ex).end_session;
    if (end.empty() || !opened) return done(ex, after.empty() ? std::string_view("/") : after);
    if (after.starts_with('/')) after = logins_.origin(ex) + after;
    const std::pair<std::string_view, std::string_view> parameters[] = {
        {"id_token_hint", opened->session.id_token},
        {"client_id", config_.client_id},
        {"post_logout_redirect_uri", after}};
    return done(ex, oidc::with_parameters(end, parameters));
  }
  // The provider says that sessions are over (OpenID Connect Back-Channel Logout 1.0 section 2.5).
  Task<Verdict> end_sessions(Exchange& ex) const {
    if (chain::client_line(ex).method != http::Method::post)
      co_return malformed(ex, "a logout token comes by POST");
    auto reading = read_form(ex);
    auto form = co_await reading;
    auto token = form ? chain::query_parameter(*form, "logout_token") : std::nullopt;
    if (!token) co_return malformed(ex, "there is no logout token");
    std::string text(*token);
    auto asking = provider_.read_logout(ex, text);
    auto order = co_await asking;
    if (!order && order.error().reason == Reason::unauthenticated)
      co_return malformed(ex, order.error().detail);
    if (!order) co_return unavailable(ex, order.error().detail);
    if (!ended_->end({whose_, order->sid, order->sub}, wall(ex), wall(ex) + config_.session.absolute))
      co_return Verdict::unavailable("too many sessions have been ended");
    co_return done(ex);
  }
  // nullopt if it is too long, or did not come.
  static Task<std::optional<std::string>> read_form(Exchange& ex) {
    std::string out;
    for (bool last = !ex.request_body; !last;) {
      auto piece = co_await ex.request_body->read(kLargestForm);
      if (!piece || out.size() + piece->bytes.size() > kLargestForm) co_return std::nullopt;
      out.append(piece->bytes.data(), piece->bytes.size());
      last = piece->last;
    }
    co_return out;
  }

  OidcConfig config_;
  std::string whose_;
  oidc::Sessions sessions_;
  oidc::Logins logins_;
  oidc::Provider provider_;
  std::shared_ptr<oidc::Renewals> renewals_;
  std::shared_ptr<oidc::Ended> ended_;
  chain::ClaimFields fields_;
  const chain::Revocations* revocations_;
};

const chain::FilterKind<Oidc, OidcConfig> kOidc{
    "oidc", chain::Stage::identify, "Logs people in at an OpenID Connect provider.",
    "{issuer: \"https://idp.example.com\", to: idp, client_id: web, client_secret: a-secret, session: {keys: "
    "a-secret-of-at-least-32-random-bytes}}"};

}  // namespace
}  // namespace sluice::filters
