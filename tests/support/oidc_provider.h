// SPDX-License-Identifier: Apache-2.0
// OidcProvider and Browser: an OpenID Connect provider that a test can make do everything wrong, and somebody
// who logs in there. What the provider says of itself comes from a port of its own, so that the token
// endpoint may be an upstream that speaks HTTP/2.
//
//   OidcProvider provider;
//   Gateway gw(... R"(oidc: {issuer: "https://idp", discovery: ")" + provider.discovery() + ...);
//   provider.serve(gw.upstream("idp"));
//   Browser browser(gw, provider);
//   EXPECT_EQ(browser.open("/page").status, 200);
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/base/base64.h"
#include "gateway/jose/hash.h"

#include "tests/support/cookie_jar.h"
#include "tests/support/gateway.h"
#include "tests/support/signer.h"

namespace sluice::test {

inline Answer http_answer(int status, const std::string& body) {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body};
}

class OidcProvider {
 public:
  OidcProvider() {
    documents_.answers_by([this](const Request& r) {
      std::lock_guard lock(mutex_);
      if (down_) return http_answer(503, "down");
      return http_answer(200, r.target == "/keys" ? keys_->jwks() : metadata());
    });
  }
  OidcProvider(const OidcProvider&) = delete;

  std::string discovery() const { return documents_.url() + "/.well-known/openid-configuration"; }
  // This upstream is its token endpoint.
  void serve(Upstream& tokens) {
    tokens.answers_by([this](const Request& r) {
      std::lock_guard lock(mutex_);
      return token(r);
    });
  }

  // What it does at /auth, when somebody logs in at once: where it sends the browser back to.
  std::string authorize(const std::string& url) {
    std::lock_guard lock(mutex_);
    std::string code = "code-" + std::to_string(++count_);
    codes_[code] = {parameter(url, "nonce"), parameter(url, "code_challenge"),
                    parameter(url, "redirect_uri")};
    return path_of(parameter(url, "redirect_uri")) + "?code=" + code + "&state=" + parameter(url, "state") +
           "&iss=https%3A%2F%2Fidp";
  }

  // --- What goes wrong, or otherwise.
  void sign_with(const Signer& signer) {
    change([&] { keys_ = &signer; });
  }
  void sign_with_unpublished(const Signer& signer) {
    change([&] { signer_ = &signer; });
  }
  void go_down() {
    change([&] { down_ = true; });
  }
  void come_back() {
    change([&] { down_ = false; });
  }
  // The next answers of the token endpoint are this one; an empty text ends it.
  void say(int status, std::string body) {
    change([&] {
      said_status_ = status;
      said_ = std::move(body);
    });
  }
  void use_nonce(std::string nonce) {
    change([&] { nonce_ = std::move(nonce); });
  }
  void add_claims(std::string members) {
    change([&] { claims_ = std::move(members); });
  }
  void expire_in(int seconds) {
    change([&] { expires_in_ = seconds; });
  }
  int renewals() {
    std::lock_guard lock(mutex_);
    return renewals_;
  }

 private:
  struct Code {
    std::string nonce, challenge, redirect_uri;
  };

  template <class F>
  void change(F f) {
    std::lock_guard lock(mutex_);
    f();
  }
  static std::string path_of(const std::string& url) { return url.substr(url.find('/', url.find("//") + 2)); }
  static long now() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::string metadata() const {
    return R"({"issuer":"https://idp","authorization_endpoint":"https://idp/auth",)"
           R"("token_endpoint":"https://idp/token","end_session_endpoint":"https://idp/end",)"
           R"("authorization_response_iss_parameter_supported":true,"jwks_uri":")" +
           documents_.url() + R"(/keys"})";
  }
  Answer token(const Request& r) {
    if (down_) return http_answer(503, "down");
    if (!said_.empty()) return http_answer(said_status_, said_);
    std::string nonce;
    if (parameter(r.body, "grant_type") == "authorization_code") {
      auto code = codes_.find(parameter(r.body, "code"));
      if (code == codes_.end()) return http_answer(400, R"({"error":"invalid_grant"})");
      auto challenge =
          base::encode_base64url(jose::hash(jose::Hash::sha256, parameter(r.body, "code_verifier")));
      if (challenge != code->second.challenge ||
          parameter(r.body, "redirect_uri") != code->second.redirect_uri)
        return http_answer(400, R"({"error":"invalid_grant","error_description":"not the same client"})");
      nonce = nonce_.empty() ? code->second.nonce : nonce_;
      codes_.erase(code);
    } else {
      if (parameter(r.body, "refresh_token") != refresh())
        return http_answer(400, R"({"error":"invalid_grant"})");
      ++renewals_;
    }
    const Signer& by = signer_ ? *signer_ : *keys_;
    std::string id = by.token(R"({"iss":"https://idp","aud":"web","sub":"alice","iat":)" +
                              std::to_string(now()) + R"(,"exp":)" + std::to_string(now() + 300) +
                              (nonce.empty() ? "" : R"(,"nonce":")" + nonce + "\"") + claims_ + "}");
    return http_answer(200, R"({"token_type":"Bearer","scope":"openid orders","access_token":"access-)" +
                                std::to_string(renewals_) + R"(","refresh_token":")" + refresh() +
                                R"(","expires_in":)" + std::to_string(expires_in_) + R"(,"id_token":")" + id +
                                "\"}");
  }
  // Each is good once.
  std::string refresh() const { return "refresh-" + std::to_string(renewals_); }

  std::mutex mutex_;
  Signer own_{"ES256", "key-1"};
  const Signer* keys_ = &own_;
  const Signer* signer_ = nullptr;
  bool down_ = false;
  int said_status_ = 0;
  std::string said_, nonce_, claims_;
  int expires_in_ = 3600, count_ = 0, renewals_ = 0;
  std::map<std::string, Code> codes_;
  Upstream documents_;
};

// Somebody with a browser, who logs in whenever asked to.
class Browser {
 public:
  Browser(Gateway& gateway, OidcProvider& provider) : gateway_(gateway), provider_(provider) {}

  // One request, as for a link that was followed; `lines` in place of what browsers say then.
  Response get(std::string_view target, std::string_view lines = kPage) {
    return kept(gateway_.get(target, with_cookies(lines)));
  }
  Response post(std::string_view target, std::string_view body, std::string_view lines = kPage) {
    return kept(gateway_.post(target, body, with_cookies(lines)));
  }
  // Follows redirects, to the provider and back.
  Response open(std::string_view target) {
    auto got = get(target);
    for (int i = 0; i < 5 && got.status == 302; ++i) got = get(follow(got));
    return got;
  }
  // Where a redirect leads on this host; logs in if it leads to the provider.
  std::string follow(const Response& redirect) {
    std::string to = redirect.value("Location");
    return to.starts_with("https://idp/auth") ? provider_.authorize(to) : to;
  }

  static constexpr std::string_view kPage =
      "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
  static constexpr std::string_view kScript = "Accept: */*\r\nSec-Fetch-Mode: cors\r\n";
  CookieJar jar;

 private:
  std::string with_cookies(std::string_view lines) const {
    std::string text = jar.text();
    return std::string(lines) + (text.empty() ? "" : "Cookie: " + text + "\r\n");
  }
  Response kept(Response response) {
    for (const auto& line : response.fields)
      if (same_name(line.name, "Set-Cookie")) jar.take(line.value);
    return response;
  }

  Gateway& gateway_;
  OidcProvider& provider_;
};

}  // namespace sluice::test
