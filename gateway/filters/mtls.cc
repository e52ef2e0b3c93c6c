// SPDX-License-Identifier: Apache-2.0
// The filter `mtls`: tells the caller by the certificate that its connection was made with, once the listener
// has verified it. Looks at names only; what makes a certificate good is the listener's `client_auth`.
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/key_hash.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/registry.h"
#include "gateway/net/tls_certificate.h"
#include "gateway/net/tls_facts.h"

namespace sluice::filters {

struct MtlsConfig {
  bool unlisted = false;
  bool operator==(const MtlsConfig&) const = default;
};

void describe(config::Description<MtlsConfig>& d) {
  using namespace config;
  d.about(
      "mtls",
      "Tells the caller by its TLS certificate: one of those that `consumers` lists by a name in it. The "
      "listener verifies certificates (`tls.client_auth`); a connection without one brings no credential.");
  d.field("unlisted", &MtlsConfig::unlisted,
          "Lets pass callers whose certificate is of no listed consumer as well; `${credential}` is the "
          "first name in it.");
}

namespace {

using chain::Exchange;
using chain::Verdict;

// The names in the certificates that were seen last, as reading one takes longer than all the rest. One
// worker's thread only.
class alignas(64) SeenCertificates {
 public:
  struct Name {
    std::string text;
    std::string key;  // see chain::certificate_key
  };
  // `field`: a certificate as in Client-Cert. Until the next call.
  const std::vector<Name>& names(std::string_view field) {
    if (entries_.empty()) entries_.resize(kEntries);
    Entry& entry = entries_[base::TextHash()(field) % kEntries];
    if (entry.field == field) return entry.names;
    entry.field = field;
    entry.names.clear();
    auto certificate = net::from_byte_sequence(field);
    if (!certificate) return entry.names;
    for (auto& name : net::names_in(certificate.get())) {
      std::string key = chain::certificate_key(name);
      entry.names.push_back({std::move(name.text), std::move(key)});
    }
    return entry.names;
  }

 private:
  static constexpr std::size_t kEntries = 256;
  struct Entry {
    std::string field;
    std::vector<Name> names;
  };
  std::vector<Entry> entries_;  // empty until the first
};

class MtlsFilter final : public chain::Authenticator {
 public:
  MtlsFilter(const MtlsConfig& c, chain::Builder& builder)
      : Authenticator("mtls", builder), unlisted_(c.unlisted), seen_(builder.workers()) {}

  base::Task<Verdict> authenticate(Exchange& ex) const override {
    const net::TlsFacts* tls = ex.stream.connection().tls;
    if (!tls || !tls->client) return Verdict::absent(kChallenge, "a TLS certificate is needed");
    if (!tls->client->verified) return Verdict::refused(kChallenge, "the listener verifies no certificates");
    const auto& names = seen_[ex.worker.index].names(tls->client->field);
    const chain::Credential* found = nullptr;
    for (const auto& name : names) {
      const auto* credential = ex.consumers ? ex.consumers->find_certificate(name.key) : nullptr;
      if (!credential) continue;
      if (found && found->consumer != credential->consumer)
        return Verdict::forbidden("the certificate is one of two callers");
      if (!found) found = credential;
    }
    if (found) return accept(ex, *found);
    if (!unlisted_) return Verdict::refused(kChallenge, "nobody has this certificate");
    ex.identity.method = method();
    if (!names.empty()) ex.identity.credential = ex.arena.copy(names.front().text);
    return Verdict::ok();
  }

 private:
  // There is no registered scheme for certificates, but a 401 has to name one (RFC 9110 section 11.6.1).
  static constexpr std::string_view kChallenge = "ClientCertificate";

  Verdict accept(Exchange& ex, const chain::Credential& credential) const {
    if (credential.expired(ex.worker.loop.clock()))
      return Verdict::refused(kChallenge, "the certificate is not the caller's any more");
    ex.identity = chain::identity_of(credential, method());
    return Verdict::ok();
  }

  bool unlisted_;
  mutable std::vector<SeenCertificates> seen_;  // by worker
};

const chain::FilterKind<MtlsFilter, MtlsConfig> kMtls{
    "mtls", chain::Stage::identify, "Tells the caller by its TLS certificate.", "{unlisted: true}"};

}  // namespace
}  // namespace sluice::filters
