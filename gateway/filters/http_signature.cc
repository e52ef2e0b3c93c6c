// SPDX-License-Identifier: Apache-2.0
// The filter `http_signature`: tells the caller by a signature of its request (RFC 9421): of method, target
// and body at least, made a moment ago, and never seen before. The body is held back until its digest (RFC
// 9530) is known to be right, so that an upstream sees all of a signed request or nothing.
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "gateway/base/base64.h"
#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/message_signature.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/seen_once.h"
#include "gateway/jose/hash.h"
#include "gateway/jose/key.h"
#include "gateway/stores/once.h"
#include "gateway/stores/stores.h"

namespace sluice::filters {

using namespace std::chrono_literals;
using namespace config::literals;

// As RFC 9421 section 6.2.2 registers them.
enum class SignatureAlgorithm : std::uint8_t {
  hmac_sha256,
  ed25519,
  ecdsa_p256_sha256,
  ecdsa_p384_sha384,
  rsa_pss_sha512,
  rsa_v1_5_sha256
};

struct SigningKeyConfig {
  std::string id;
  SignatureAlgorithm algorithm = SignatureAlgorithm::hmac_sha256;
  config::Secret secret;
  std::string key;
  std::string consumer;
  bool operator==(const SigningKeyConfig&) const = default;
};

struct HttpSignatureConfig {
  std::vector<SigningKeyConfig> keys;
  std::vector<std::string> cover;
  config::Duration skew = 300s;
  bool digest = true;
  config::Size body = 1_MiB;
  std::string tag;
  bool replay = false;
  std::string store{stores::kMemory};
  std::uint32_t remember = 100'000;
  bool keep = false;
  bool operator==(const HttpSignatureConfig&) const = default;
};

namespace {

struct AlgorithmRow {
  SignatureAlgorithm id;
  const char* name;
  jose::Algorithm algorithm;
  const char* doc;
};
constexpr AlgorithmRow kAlgorithms[] = {
    {SignatureAlgorithm::hmac_sha256, "hmac-sha256", jose::Algorithm::hs256,
     "A secret that both sides have."},
    {SignatureAlgorithm::ed25519, "ed25519", jose::Algorithm::eddsa, "Ed25519."},
    {SignatureAlgorithm::ecdsa_p256_sha256, "ecdsa-p256-sha256", jose::Algorithm::es256, "ECDSA on P-256."},
    {SignatureAlgorithm::ecdsa_p384_sha384, "ecdsa-p384-sha384", jose::Algorithm::es384, "ECDSA on P-384."},
    {SignatureAlgorithm::rsa_pss_sha512, "rsa-pss-sha512", jose::Algorithm::ps512, "RSA-PSS."},
    {SignatureAlgorithm::rsa_v1_5_sha256, "rsa-v1_5-sha256", jose::Algorithm::rs256, "RSA, PKCS #1 v1.5."},
};
const AlgorithmRow& row(SignatureAlgorithm a) noexcept { return kAlgorithms[static_cast<std::size_t>(a)]; }

std::string refuse_component(const std::string& name) {
  for (std::string_view known :
       {"@method", "@authority", "@scheme", "@path", "@query", "@request-target", "@target-uri"})
    if (name == known) return "";
  bool field = http::valid_field_name(name) && base::to_lower(name) == name && name.front() != '@';
  return field ? ""
               : fmt::format("`{}` is neither the name of a field in lower case nor a component of RFC 9421",
                             name);
}

}  // namespace

void describe(config::Enumeration<SignatureAlgorithm>& e) {
  e.about("signature_algorithm");
  for (const auto& r : kAlgorithms) e.value(r.name, r.id, r.doc);
}

void describe(config::Description<SigningKeyConfig>& d) {
  using namespace config;
  d.about("signing_key", "A key that callers sign with, and for which one algorithm.");
  d.field("id", &SigningKeyConfig::id, "What signatures say in `keyid`.", required, non_empty);
  d.field("algorithm", &SigningKeyConfig::algorithm, "The only algorithm that it is for.", required);
  d.field("secret", &SigningKeyConfig::secret, "The secret of hmac-sha256, in base64; at least 32 bytes.",
          example("${env:PARTNER_SECRET}"));
  d.field("key", &SigningKeyConfig::key, "PEM of the public key, or of a certificate, of the others.",
          example("${file:partner.pem}"));
  d.field("consumer", &SigningKeyConfig::consumer,
          "Who signs with it: a consumer, if it is one of those listed.");
  d.exactly_one({"secret", "key"});
}

void describe(config::Description<HttpSignatureConfig>& d) {
  using namespace config;
  d.about("http_signature",
          "Tells the caller by an HTTP message signature (RFC 9421). It must cover @method, @authority, "
          "@path and, if there is a query, @query; @target-uri stands for the last three, @request-target "
          "for the last two.");
  d.field("keys", &HttpSignatureConfig::keys,
          "Keys that callers sign with, besides the secrets that consumers list under `hmac`.",
          default_is("none but those of consumers"));
  d.field("cover", &HttpSignatureConfig::cover, "What else signatures must cover.",
          each(check(refuse_component)), example("[date, content-type]"));
  d.field("skew", &HttpSignatureConfig::skew, "How far `created` may be from our clock.", between(1s, 1h));
  d.field("digest", &HttpSignatureConfig::digest,
          "Requests with a body must have a Content-Digest (sha-256 or sha-512, RFC 9530) that is covered, "
          "and it must be right, of requests without a body too.");
  d.field("body", &HttpSignatureConfig::body,
          "The largest body that is held back to be compared; 413 beyond.", between(0_B, 64_MiB));
  d.field("tag", &HttpSignatureConfig::tag, "What signatures must say in `tag`; others are not looked at.");
  d.field("replay", &HttpSignatureConfig::replay,
          "Lets the same signature pass more than once. Otherwise its `nonce`, or if there is none what was "
          "signed, is remembered for twice the skew.");
  d.field("store", &HttpSignatureConfig::store,
          "Where that is remembered: `memory` is this process alone. While a store does not answer its "
          "`on_error` decides: each process judges by what itself has seen, or all pass, or none (503).",
          reference("store"));
  d.field(
      "remember", &HttpSignatureConfig::remember,
      "About how many signatures are remembered at a time by this process with all its workers and filters: "
      "the largest number since it began. When there are more, and no store that remembers them, requests "
      "are answered with 503.",
      between(1'000u, 10'000'000u));
  d.field("keep", &HttpSignatureConfig::keep, "Lets the upstream see the signature.");
}

namespace {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;
using chain::MessageSignature;
using chain::SeenOnce;
using chain::Verdict;
using http::FieldId;

constexpr std::string_view kSignatureChallenge = "Signature realm=\"sluice\"";
constexpr std::string_view kDigest = "Content-Digest";

struct SigningKey {
  std::string id, consumer;
  const AlgorithmRow* algorithm;
  jose::Key key;
  std::string digest;  // of what was written: tells it from every other key, in every process
};

// The key of a signature: one of the filter's own, or a consumer's secret.
struct Signer {
  const SigningKey* own = nullptr;
  const chain::Credential* credential = nullptr;
  explicit operator bool() const noexcept { return own || credential; }
  std::string_view id() const noexcept { return own ? std::string_view(own->id) : credential->name; }
  const AlgorithmRow& algorithm() const noexcept {
    return own ? *own->algorithm : row(SignatureAlgorithm::hmac_sha256);
  }
  std::string digest() const {
    return own ? own->digest : jose::hash(jose::Hash::sha256, credential->secret);
  }
  bool checks(std::string_view text, std::string_view signature) const {
    if (own) return jose::checks(own->key, own->algorithm->algorithm, text, signature);
    jose::Key secret = jose::HmacKey(std::string(credential->secret));
    return jose::checks(secret, jose::Algorithm::hs256, text, signature);
  }
};

Result<jose::Key> key_of(const SigningKeyConfig& c) {
  if (c.key.empty()) {
    auto secret = base::decode_base64(c.secret.value);
    if (!secret) return base::fail(Reason::validation, "is no base64");
    if (secret->size() < 32) return base::fail(Reason::validation, "is a secret of less than 32 bytes");
    return jose::Key(jose::HmacKey(std::move(*secret)));
  }
  return jose::key_of_pem(c.key);
}

std::string digest_of(const SigningKeyConfig& c) {
  auto secret = c.key.empty() ? base::decode_base64(c.secret.value) : std::nullopt;
  return jose::hash(jose::Hash::sha256, secret ? *secret : c.key);
}

class HttpSignature final : public chain::Authenticator {
 public:
  HttpSignature(const HttpSignatureConfig& c, chain::Builder& builder)
      : Authenticator("http_signature", builder),
        config_(c),
        seen_(c.replay ? nullptr : &SeenOnce::of_process(c.remember)) {
    if (!c.replay && c.store != stores::kMemory) once_ = builder.counters(c.store)->once();
    for (std::size_t i = 0; i < c.keys.size(); ++i) {
      auto key = key_of(c.keys[i]);
      std::string at = config::path("keys", i);
      if (!key) {
        builder.error(at, "the key " + key.error().detail);
      } else if (!jose::fits(*key, row(c.keys[i].algorithm).algorithm)) {
        builder.error(at, fmt::format("the key cannot be for {}", row(c.keys[i].algorithm).name));
      } else if (find(c.keys[i].id)) {
        builder.error(at, "has the id of another key");
      } else {
        keys_.push_back({c.keys[i].id, c.keys[i].consumer, &row(c.keys[i].algorithm), std::move(*key),
                         digest_of(c.keys[i])});
      }
    }
  }

  Task<Verdict> authenticate(Exchange& ex) const override {
    auto all = chain::message_signatures(ex.request.fields, ex.arena);
    if (!all) return refused(ex, all.error());
    if (all->empty()) return Verdict::absent(kSignatureChallenge, "a signature is needed");
    // The first one of a key that is known here: others may be meant for those behind us.
    for (const MessageSignature& s : *all) {
      if (!config_.tag.empty() && s.tag != config_.tag) continue;
      if (Signer signer = signer_of(ex, s.key_id)) return judge(ex, s, signer);
    }
    return Verdict::refused(kSignatureChallenge, "the request is signed by no key that is known here");
  }
  void hide(Exchange& ex) const override {
    if (config_.keep) return;
    ex.request.fields.remove("Signature");
    ex.request.fields.remove("Signature-Input");
  }
  std::vector<chain::Holding> holds() const override {
    if (!config_.digest) return {};
    return {{chain::Holding::Whose::request, config_.body.bytes, "to compare them with their digest"}};
  }

 private:
  const SigningKey* find(std::string_view id) const noexcept {
    for (const SigningKey& k : keys_)
      if (k.id == id) return &k;
    return nullptr;
  }
  Signer signer_of(const Exchange& ex, std::string_view id) const noexcept {
    const SigningKey* own = find(id);
    return {own, own || !ex.consumers ? nullptr : ex.consumers->find_hmac(id)};
  }
  static Verdict refused(Exchange& ex, const base::Error& error) {
    return Verdict::refused(kSignatureChallenge, ex.arena.join("the request ", error.detail));
  }

  // What it lacks, "" if nothing.
  std::string_view incomplete(const Exchange& ex, const MessageSignature& s) const {
    bool uri = s.covers("@target-uri"), target = uri || s.covers("@request-target");
    if (!s.covers("@method")) return "the signature does not cover @method";
    if (!uri && !s.covers("@authority")) return "the signature does not cover @authority";
    if (!target && !s.covers("@path")) return "the signature does not cover @path";
    if (!target && ex.request.has_query && !s.covers("@query")) return "the signature does not cover @query";
    for (const std::string& name : config_.cover)
      if (!s.covers(name)) return "the signature does not cover all that it must";
    if (config_.digest && has_body(ex) && !s.covers("content-digest"))
      return "the signature does not cover content-digest";
    return {};
  }
  static bool has_body(const Exchange& ex) noexcept {
    if (!ex.request_body) return false;
    auto length = ex.request_body->length();
    return !length || *length > 0;
  }
  std::string_view untimely(const Exchange& ex, const MessageSignature& s) const {
    auto now =
        std::chrono::duration_cast<std::chrono::seconds>(ex.worker.loop.clock().wall().time_since_epoch());
    auto skew = std::chrono::duration_cast<std::chrono::seconds>(config_.skew).count();
    if (!s.created) return "the signature does not say when it was `created`";
    if (*s.created > now.count() + skew || *s.created < now.count() - skew)
      return "the signature was not made just now";
    if (seen_ && seen_and_forgotten(ex, *s.created, now)) return "the signature was not made just now";
    if (s.expires && *s.expires <= now.count()) return "the signature has expired";
    return {};
  }

  // May it have been taken, and forgotten since, before the skew was raised? Then the old skew holds for it. A
  // skew counts from its first request on: the configuration that has it may yet be refused. Until then others
  // may have put something into the store.
  bool seen_and_forgotten(const Exchange& ex, std::int64_t created, std::chrono::seconds now) const noexcept {
    seen_->keep_for(2 * config_.skew, once_ ? ex.worker.loop.clock().wall() : base::WallTime());
    auto before = seen_->shorter();
    auto skew = std::chrono::duration_cast<std::chrono::seconds>(before.keep / 2).count();
    auto until = std::chrono::duration_cast<std::chrono::seconds>(before.until.time_since_epoch()).count();
    return created <= until + skew && created + skew < now.count();
  }

  Task<Verdict> judge(Exchange& ex, const MessageSignature& s, Signer signer) const {
    if (!s.algorithm.empty() && s.algorithm != signer.algorithm().name)
      return Verdict::refused(kSignatureChallenge, "the signature names another algorithm than its key's");
    if (auto why = incomplete(ex, s); !why.empty()) return Verdict::refused(kSignatureChallenge, why);
    if (auto why = untimely(ex, s); !why.empty()) return Verdict::refused(kSignatureChallenge, why);
    auto text = chain::signature_base(ex.request, ex.stream.connection().scheme(), s);
    if (!text) return refused(ex, text.error());
    if (!signer.checks(*text, s.signature))
      return Verdict::refused(kSignatureChallenge, "the signature is wrong");
    if (signer.credential && signer.credential->expired(ex.worker.loop.clock()))
      return Verdict::refused(kSignatureChallenge, "the secret has expired");
    return finish(ex, signer, name_of(s, signer, *text));
  }
  // What may pass once: not the signature itself, of which whoever sees one can make another that is as good
  // (of ECDSA: r and n - s).
  std::string name_of(const MessageSignature& s, const Signer& signer, std::string_view text) const {
    std::string out = signer.digest();
    out += s.nonce.empty() ? "text\n" : "nonce\n";
    out += s.nonce.empty() ? text : std::string_view(s.nonce);
    return jose::hash(jose::Hash::sha256, out);
  }

  // It is the caller's. What is left may have to wait for the body.
  Task<Verdict> finish(Exchange& ex, Signer signer, std::string name) const {
    // Without a body too, if there is a digest: a body may have been taken out on the way.
    if (config_.digest && (has_body(ex) || ex.request.fields.find(kDigest))) {
      auto reading = hold_body(ex);
      auto held = co_await reading;
      if (!held) co_return without_body(ex, held.error());
    }
    if (!config_.replay) {
      Task<SeenOnce::Answer> looking = look(ex, std::move(name));
      auto answer = co_await looking;
      if (answer == SeenOnce::Answer::full)
        co_return Verdict::unavailable("it cannot be told whether the signature was used before");
      if (answer == SeenOnce::Answer::seen)
        co_return Verdict::refused(kSignatureChallenge, "the signature was used before");
    }
    identify(ex, signer);
    co_return Verdict::ok();
  }
  // By the store, if there is one; what it says is remembered here too, for when it does not answer.
  Task<SeenOnce::Answer> look(Exchange& ex, std::string name) const {
    std::uint64_t hash = 0;
    std::memcpy(&hash, name.data(), sizeof hash);
    const auto keep = 2 * config_.skew;
    if (!once_) co_return seen_->see(hash, ex.worker.loop.clock().wall(), keep);
    std::string hex = base::to_hex(std::string_view(name).substr(0, name.size() / 2));
    Task<stores::Once> asking = once_->see({ex.worker.loop, ex.worker.index}, std::move(hex), keep);
    auto answer = co_await asking;
    if (answer == stores::Once::unavailable) co_return SeenOnce::Answer::full;
    if (answer == stores::Once::again) co_return SeenOnce::Answer::seen;
    auto here = seen_->see(hash, ex.worker.loop.clock().wall(), keep);
    co_return answer == stores::Once::first ? SeenOnce::Answer::first : here;
  }
  void identify(Exchange& ex, const Signer& signer) const {
    chain::Identity identity;
    if (signer.credential) {
      identity = chain::identity_of(*signer.credential, method());
    } else if (const auto* known = ex.consumers ? ex.consumers->find(signer.own->consumer) : nullptr) {
      identity = chain::identity_of(*known, method(), signer.id());
    }
    identity.method = method();
    identity.credential = signer.id();
    ex.identity = std::move(identity);
  }

  // What there was of the body is gone, so that nobody else may let the request through.
  Verdict without_body(Exchange& ex, const base::Error& error) const {
    bool wrong = error.reason == Reason::unauthenticated;
    if (!wrong) ex.local<base::Reason>(*this) = error.reason;
    auto verdict = wrong ? Verdict::refused(kSignatureChallenge, ex.arena.copy(error.detail))
                         : Verdict::refused({}, "the body cannot be compared with its digest");
    verdict.is_final = true;
    return verdict;
  }
  // Reads the whole body, compares it, and puts it back, as one of known length whatever it came as.
  Task<Result<void>> hold_body(Exchange& ex) const {
    std::string text;
    bool there = has_body(ex);
    auto length = there ? ex.request_body->length() : 0;
    if (length && *length > config_.body.bytes) co_return base::fail(Reason::body_too_large);
    if (length) text.reserve(*length);
    for (bool last = !there; !last;) {
      auto reading = ex.request_body->read(64 * 1024);
      auto piece = co_await reading;
      if (!piece) co_return std::move(piece).unexpected();
      if (text.size() + piece->bytes.size() > config_.body.bytes)
        co_return base::fail(Reason::body_too_large);
      text.append(piece->bytes.data(), piece->bytes.size());
      last = piece->last;
    }
    if (!chain::digest_fits(ex.request.fields, text))
      co_return base::fail(Reason::unauthenticated, "the body is not the one that Content-Digest is of");
    if (!there) co_return Result<void>();
    ex.request.fields.remove(FieldId::expect);
    ex.request.fields.set(FieldId::content_length, ex.arena.copy(std::to_string(text.size())));
    ex.request_body = http::make_body<http::TextBody>(ex.arena, ex.arena.copy(text));
    co_return Result<void>();
  }

  void refuse(Exchange& ex, const Verdict& verdict) const override {
    Authenticator::refuse(ex, verdict);
    if (auto why = ex.local<base::Reason>(*this); why != Reason::none) chain::make_local_reply(ex, why);
  }

  HttpSignatureConfig config_;
  std::vector<SigningKey> keys_;
  SeenOnce* seen_;                           // of the process; null: signatures may pass again
  std::shared_ptr<stores::OnceStore> once_;  // null: this process alone remembers
};

const chain::FilterKind<HttpSignature, HttpSignatureConfig> kHttpSignature{
    "http_signature", chain::Stage::identify, "Tells the caller by a signature of its request.",
    "{keys: [{id: partner, algorithm: hmac-sha256, secret: "
    "c2VjcmV0cyBvZiAzMiBieXRlcyBhbmQgbW9yZSBhcmUgZ29vZA==}]}"};

}  // namespace
}  // namespace sluice::filters
