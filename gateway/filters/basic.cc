// SPDX-License-Identifier: Apache-2.0
// The filter `basic`: tells the caller by user and password (RFC 7617), which are kept as hashes made to be
// slow. They are compared elsewhere, and what came of it is remembered for a minute.
#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>

#include "gateway/chain/authenticator.h"
#include "gateway/chain/basic_credentials.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/password.h"
#include "gateway/chain/password_checks.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct BasicConfig {
  std::string realm = "sluice";
  config::Secret htpasswd;
  bool keep = false;
  bool operator==(const BasicConfig&) const = default;
};

namespace {

// Users of an htpasswd file, and the hashes of their passwords.
using Users = std::map<std::string, std::string, std::less<>>;

// Reads lines of `user:hash`; calls complain(line number, message, hint) for what is none.
template <class Complain>
Users read_htpasswd(std::string_view text, Complain&& complain) {
  Users out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      complain(number, "is not `user:hash`", std::string());
      continue;
    }
    std::string hint;
    std::string_view hash = line.substr(colon + 1);
    hash = hash.substr(0, hash.find(':'));  // some write the full name behind it
    if (auto wrong = chain::refuse_password_hash(hash, hint); !wrong.empty()) {
      complain(number, "the password of `" + std::string(line.substr(0, colon)) + "` " + wrong, hint);
    } else if (!out.emplace(line.substr(0, colon), hash).second) {
      complain(number, "the user `" + std::string(line.substr(0, colon)) + "` is there twice", std::string());
    }
  }
  return out;
}

}  // namespace

void describe(config::Description<BasicConfig>& d) {
  using namespace config;
  d.about(
      "basic",
      "Tells the caller by user and password: those of `consumers`, and those of an htpasswd file. Only over "
      "TLS: the password travels with every request.");
  d.field("realm", &BasicConfig::realm, "What browsers show when they ask for a password.",
          pattern("[ !#-\\[\\]-~]*", "visible ASCII characters without quotes and backslashes"));
  d.field("htpasswd", &BasicConfig::htpasswd,
          "Lines of `user:hash`, mostly from a file. A user that `consumers` lists by that name is that "
          "consumer.",
          default_is("none"), example("\"${file:/etc/sluice/users.htpasswd}\""));
  d.field("keep", &BasicConfig::keep, "Lets the upstream see user and password.");
  d.check([](const BasicConfig& c, const Site& at) {
    read_htpasswd(c.htpasswd.value,
                  [&at](std::size_t line, const std::string& message, const std::string& hint) {
                    at.error("htpasswd", fmt::format("line {}: {}", line, message), hint);
                  });
  });
}

namespace {

using chain::Exchange;
using chain::Verdict;
using Checked = chain::PasswordChecks::Result;

class BasicFilter final : public chain::Authenticator {
 public:
  BasicFilter(const BasicConfig& c, chain::Builder& builder)
      : Authenticator("basic", builder),
        users_(read_htpasswd(c.htpasswd.value, [](auto&&...) {})),
        challenge_("Basic realm=\"" + c.realm + "\", charset=\"UTF-8\""),
        keep_(c.keep),
        checks_(std::make_unique<chain::PasswordChecks>(builder.workers(), builder.threads())) {
    builder.reads_credential("Authorization");
  }

  base::Task<Verdict> authenticate(Exchange& ex) const override {
    std::optional<std::string_view> encoded;
    std::string_view rest;
    int fields = 0;
    for (const http::Field& line : ex.request.fields.lines()) {
      if (line.dropped || line.id != http::FieldId::authorization) continue;
      ++fields;
      if (chain::has_scheme(line.value, "Basic", rest)) encoded = rest;
    }
    if (!encoded) return Verdict::absent(challenge_, "user and password are needed");
    if (fields > 1) return Verdict::refused(challenge_, "the request has more than one Authorization field");
    auto given = chain::parse_basic(*encoded, ex.arena);
    if (!given.fault.empty()) return Verdict::refused(challenge_, given.fault);
    return compare(ex, given.user, given.password);
  }

  void hide(Exchange& ex) const override {
    if (keep_) return;
    std::string_view rest;
    for (http::Field& line : ex.request.fields.lines())
      if (line.id == http::FieldId::authorization && chain::has_scheme(line.value, "Basic", rest))
        line.dropped = true;
  }

 private:
  // Who uses that name, and the hash of the password; of nobody a hash that takes as long to compare.
  struct Known {
    const chain::Credential* credential = nullptr;
    std::string_view user;  // of the htpasswd file
    std::string_view hash;
    bool somebody = false;
  };
  Known look_up(const Exchange& ex, std::string_view user) const {
    if (auto found = users_.find(user); found != users_.end())
      return {nullptr, found->first, found->second, true};
    const chain::Credential* credential = ex.consumers ? ex.consumers->find_user(user) : nullptr;
    if (credential) return {credential, {}, credential->secret, true};
    if (!users_.empty()) return {nullptr, {}, users_.begin()->second, false};
    const chain::Credential* any = ex.consumers ? ex.consumers->any_user() : nullptr;
    return {nullptr, {}, any ? any->secret : std::string_view(), false};
  }

  base::Task<Verdict> compare(Exchange& ex, std::string_view user, std::string_view password) const {
    Known known = look_up(ex, user);
    if (known.hash.empty()) co_return wrong();  // nobody has a password
    auto checking = checks_->check(ex.worker.loop, ex.worker.index, user, password, known.hash);
    Checked checked = co_await checking;
    if (checked == Checked::busy) co_return Verdict::unavailable("too many passwords are being compared");
    if (checked != Checked::good || !known.somebody) co_return wrong();
    if (known.credential && known.credential->expired(ex.worker.loop.clock()))
      co_return Verdict::refused(challenge_, "the password has expired");
    identify(ex, known);
    co_return Verdict::ok();
  }
  // The same for an unknown user and a wrong password.
  Verdict wrong() const { return Verdict::refused(challenge_, "user or password is wrong"); }

  void identify(Exchange& ex, const Known& known) const {
    if (known.credential) {
      ex.identity = chain::identity_of(*known.credential, method());
      return;
    }
    const chain::Consumer* consumer = ex.consumers ? ex.consumers->find(known.user) : nullptr;
    if (consumer) {
      ex.identity = chain::identity_of(*consumer, method(), known.user);
    } else {
      ex.identity.method = method();
      ex.identity.credential = known.user;
    }
  }

  Users users_;
  std::string challenge_;
  bool keep_;
  std::unique_ptr<chain::PasswordChecks> checks_;
};

const chain::FilterKind<BasicFilter, BasicConfig> kBasic{
    "basic", chain::Stage::identify, "Tells the caller by user and password.", "{realm: orders}"};

}  // namespace
}  // namespace sluice::filters
