// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/consumer_config.h"

#include "gateway/base/base64.h"
#include "gateway/base/hex.h"
#include "gateway/chain/password.h"

namespace sluice::chain {

using namespace config;

namespace {

constexpr std::string_view kDigestPrefix = "sha256:";

// Fit for header fields, logs and lists separated by commas or blanks.
constexpr const char* kWord = "[!-+\\--~]+";
constexpr const char* kWordMeans = "visible ASCII characters without commas and blanks";

}  // namespace

void describe(Text<KeyDigest>& t) {
  t.about("digest of a key", "sha256: and 64 hexadecimal digits");
  t.pattern("^sha256:[0-9A-Fa-f]{64}$");
  t.example("sha256:3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea");
  // Anything is read: what is none may be a key that stands there in the open, which a complaint of the
  // reader would quote. The zeros that it leaves are complained about below.
  t.read([](std::string_view text, KeyDigest& out) -> Refusal {
    auto digest = text.starts_with(kDigestPrefix) ? jose::digest_from_hex(text.substr(kDigestPrefix.size()))
                                                  : std::nullopt;
    out.digest = digest.value_or(jose::Digest{});
    return {};
  });
  t.write(
      [](const KeyDigest& key) { return std::string(kDigestPrefix) + base::to_hex(jose::view(key.digest)); });
}

void describe(Description<ApiKeyConfig>& d) {
  d.about("consumer_key", "An API key. Long and random: 128 bits at least, as of `openssl rand -hex 16`.");
  d.field("key", &ApiKeyConfig::key, "The key's SHA-256 digest.", required);
  d.field("name", &ApiKeyConfig::name, "What the key is called in logs and limits.",
          default_is("the first eight digits of the digest"), pattern(kWord, kWordMeans), example("laptop"));
  d.field("expires", &ApiKeyConfig::expires, "When it stops to be good.", default_is("never"),
          example("2027-01-31"));
  d.shorthand(&ApiKeyConfig::key);
  d.check([](const ApiKeyConfig& c, const Site& at) {
    if (c.key == KeyDigest{})
      at.error("key", "expected sha256: and 64 hexadecimal digits",
               "keys are not kept in the open: `printf %s KEY | sha256sum` prints the digits");
  });
}

void describe(Description<TokenOfConfig>& d) {
  d.about("consumer_token", "Tokens that are the consumer's: those of an issuer with that value of a claim.");
  d.field("issuer", &TokenOfConfig::issuer,
          "The `iss` of the tokens. Two issuers may give the same subject to different callers.", required,
          non_empty, example("https://idp.example.com"));
  d.field("claim", &TokenOfConfig::claim, "The claim that tells the consumer.", non_empty,
          example("client_id"));
  d.field("value", &TokenOfConfig::value, "What the claim says.", required, non_empty, example("acme-batch"));
  d.field("expires", &TokenOfConfig::expires, "When such tokens stop to be the consumer's.",
          default_is("never"), example("2027-01-31"));
}

void describe(Description<UserConfig>& d) {
  d.about("consumer_user", "A user name with its password.");
  d.field("username", &UserConfig::username, "The name that the caller gives.",
          default_is("the consumer's name"), pattern("[^:\\x00-\\x1f\\x7f]+", "a name without colons"));
  d.field("password", &UserConfig::password, "A hash of the password: bcrypt, yescrypt or argon2id.",
          required, example("\"${file:/run/secrets/acme.hash}\""));
  d.field("expires", &UserConfig::expires, "When the password stops to be good.", default_is("never"),
          example("2027-01-31"));
  d.check([](const UserConfig& c, const Site& at) {
    if (c.password.value.empty()) return;
    std::string hint;
    if (auto wrong = refuse_password_hash(c.password.value, hint); !wrong.empty())
      at.error("password", "the password " + wrong, hint);
  });
}

void describe(Description<CertificateConfig>& d) {
  d.about("consumer_certificate", "A TLS certificate, by one of the names in it.");
  d.field("spiffe", &CertificateConfig::spiffe, "SPIFFE id, a URI of the subject's alternative names.",
          pattern("spiffe://[^/?#]+/.*", "a SPIFFE id such as spiffe://example.org/cart"),
          example("spiffe://example.org/cart"));
  d.field("uri", &CertificateConfig::uri, "Any other URI of the alternative names.", non_empty);
  d.field("dns", &CertificateConfig::dns, "DNS name of the alternative names.", non_empty,
          example("cart.internal"));
  d.field("email", &CertificateConfig::email, "Mail address of the alternative names.", non_empty);
  d.field("cn", &CertificateConfig::cn, "Common name of the subject.", non_empty);
  d.field("expires", &CertificateConfig::expires, "When certificates of that name stop to be the consumer's.",
          default_is("never"), example("2027-01-31"));
  d.exactly_one({"spiffe", "uri", "dns", "email", "cn"});
}

void describe(Description<HmacConfig>& d) {
  constexpr std::size_t kShortest = 32;  // bytes, as long as what HMAC-SHA256 makes of them
  d.about("consumer_hmac", "A secret with which requests are signed (hmac-sha256 of RFC 9421).");
  d.field("id", &HmacConfig::id, "What signatures say in `keyid`; unique.", required, non_empty,
          example("acme-1"));
  d.field("secret", &HmacConfig::secret, "In base64; at least 32 bytes.", required,
          example("\"${env:ACME_SECRET}\""));
  d.field("expires", &HmacConfig::expires, "When it stops to be good.", default_is("never"),
          example("2027-01-31"));
  d.check([](const HmacConfig& c, const Site& at) {
    if (c.secret.value.empty()) return;
    auto secret = base::decode_base64(c.secret.value);
    if (!secret) {
      at.error("secret", "is no base64", "`openssl rand -base64 32` makes one");
    } else if (secret->size() < kShortest) {
      at.error("secret", "is shorter than 32 bytes", "`openssl rand -base64 32` makes one");
    }
  });
}

void describe(Description<ConsumerConfig>& d) {
  d.about("consumer", "A caller, and the credentials by which it is known.");
  d.field("name", &ConsumerConfig::name, "Unique; stands in logs, limits and headers.", required,
          defines("consumer"), pattern(kWord, kWordMeans), example("acme-corp"));
  d.field("groups", &ConsumerConfig::groups, "Groups that it belongs to, for `require` and limits.",
          one_or_many, unique, each(pattern(kWord, kWordMeans)), example("[partners]"));
  d.field("scopes", &ConsumerConfig::scopes, "What it may do, where its credential does not say so itself.",
          one_or_many, unique, each(pattern(kWord, kWordMeans)), example("[orders:read]"));
  d.field("metadata", &ConsumerConfig::metadata,
          "Anything else, for texts with variables: `${consumer.metadata.plan}`.", example("{plan: gold}"));
  d.field("api_keys", &ConsumerConfig::api_keys, "Keys, for the filter `api_key`.", one_or_many);
  d.field("basic", &ConsumerConfig::basic, "Passwords, for the filter `basic`.", one_or_many);
  d.field("certificates", &ConsumerConfig::certificates, "TLS certificates, for the filter `mtls`.",
          one_or_many, example("[{spiffe: \"spiffe://example.org/cart\"}]"));
  d.field("hmac", &ConsumerConfig::hmac, "Secrets to sign requests with, for the filter `http_signature`.",
          one_or_many);
  d.field("tokens", &ConsumerConfig::tokens, "Tokens, for the filters that verify some.", one_or_many,
          example("[{issuer: \"https://idp.example.com\", value: acme-batch}]"));
}

}  // namespace sluice::chain
