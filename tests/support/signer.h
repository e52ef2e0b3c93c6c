// SPDX-License-Identifier: Apache-2.0
// Signer: an issuer of tokens for tests, with a private key made at run time: its JWK, its PEM, and JWS of
// any header and payload, however wrong.
//
//   Signer issuer("ES256", "key-1");
//   auto token = issuer.token(R"({"iss":"https://idp.example.com","exp":2000000000})");
//   auto keys = jose::parse_jwks(issuer.jwks(), false);
#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "gateway/base/base64.h"
#include "gateway/net/tls_openssl.h"

namespace sluice::test {

class Signer {
 public:
  // `algorithm` as in `alg`, HS among them; "Ed448" for EdDSA with that curve. `rsa_bits` for RS and PS.
  explicit Signer(std::string algorithm = "ES256", std::string id = "key-1", unsigned rsa_bits = 2048)
      : algorithm_(std::move(algorithm)), id_(std::move(id)) {
    if (rsa()) {
      key_.reset(EVP_RSA_gen(rsa_bits));
    } else if (algorithm_.starts_with("ES")) {
      key_.reset(EVP_EC_gen(curve().c_str()));
    } else if (algorithm_ == "EdDSA" || algorithm_ == "Ed448") {
      key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, algorithm_ == "EdDSA" ? "ED25519" : "ED448"));
    } else {
      secret_ = "a secret that is long enough for every one of the hashes, which is 64 bytes";
    }
    if (!key_ && secret_.empty()) throw std::runtime_error("no key");
  }

  std::string algorithm() const { return algorithm_ == "Ed448" ? "EdDSA" : algorithm_; }
  const std::string& id() const { return id_; }
  std::string header() const {
    return R"({"alg":")" + algorithm() + R"(","kid":")" + id_ + R"(","typ":"JWT"})";
  }
  // `more` are further members: R"("use":"sig",)".
  std::string jwk(std::string_view more = {}) const {
    return R"({"kid":")" + id_ + "\"," + std::string(more) + parameters() + "}";
  }
  std::string jwks(std::string_view more = {}) const { return R"({"keys":[)" + jwk(more) + "]}"; }
  std::string pem() const { return write(PEM_write_bio_PUBKEY); }
  std::string private_pem() const {
    net::BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(out.get());
  }
  const std::string& secret() const { return secret_; }

  std::string token(std::string_view claims) const { return token(header(), claims); }
  std::string token(std::string_view header, std::string_view claims) const {
    std::string text = base::encode_base64url(header) + "." + base::encode_base64url(claims);
    return text + "." + base::encode_base64url(sign(text));
  }
  std::string sign(std::string_view text) const {
    if (!secret_.empty()) return mac(text);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* scheme = nullptr;
    bool eddsa = algorithm() == "EdDSA";
    EVP_DigestSignInit_ex(context, &scheme, eddsa ? nullptr : hash(), nullptr, nullptr, key_.get(), nullptr);
    if (algorithm_.starts_with("PS")) {
      EVP_PKEY_CTX_set_rsa_padding(scheme, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(scheme, RSA_PSS_SALTLEN_DIGEST);
    }
    std::size_t size = 0;
    auto* in = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSign(context, nullptr, &size, in, text.size());
    std::string out(size, '\0');
    int good = EVP_DigestSign(context, bytes(out), &size, in, text.size());
    EVP_MD_CTX_free(context);
    if (good != 1) throw std::runtime_error("cannot sign");
    out.resize(size);
    return algorithm_.starts_with("ES") ? fixed(out) : out;
  }

 private:
  static unsigned char* bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
  bool rsa() const { return algorithm_.starts_with("RS") || algorithm_.starts_with("PS"); }
  std::string curve() const {
    return algorithm_ == "ES256" ? "P-256" : algorithm_ == "ES384" ? "P-384" : "P-521";
  }
  std::size_t coordinate() const { return algorithm_ == "ES256" ? 32 : algorithm_ == "ES384" ? 48 : 66; }
  const char* hash() const {
    return algorithm_.ends_with("256") ? "SHA256" : algorithm_.ends_with("384") ? "SHA384" : "SHA512";
  }
  std::string mac(std::string_view text) const {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    std::size_t size = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, hash(), nullptr, secret_.data(), secret_.size(),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes(out), out.size(),
              &size);
    out.resize(size);
    return out;
  }
  // R and S in place of the DER.
  std::string fixed(const std::string& der) const {
    const auto* p = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size()));
    std::string out(2 * coordinate(), '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes(out), static_cast<int>(coordinate()));
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes(out) + coordinate(), static_cast<int>(coordinate()));
    ECDSA_SIG_free(signature);
    return out;
  }
  std::string number(const char* parameter, std::size_t size = 0) const {
    BIGNUM* n = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), parameter, &n);
    std::string out(size ? size : static_cast<std::size_t>(BN_num_bytes(n)), '\0');
    BN_bn2binpad(n, bytes(out), static_cast<int>(out.size()));
    BN_free(n);
    return base::encode_base64url(out);
  }
  std::string parameters() const {
    if (!secret_.empty()) return R"("kty":"oct","k":")" + base::encode_base64url(secret_) + "\"";
    if (rsa())
      return R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
             number(OSSL_PKEY_PARAM_RSA_E) + "\"";
    if (algorithm_.starts_with("ES"))
      return R"("kty":"EC","crv":")" + curve() + R"(","x":")" +
             number(OSSL_PKEY_PARAM_EC_PUB_X, coordinate()) + R"(","y":")" +
             number(OSSL_PKEY_PARAM_EC_PUB_Y, coordinate()) + "\"";
    std::string raw(64, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_.get(), bytes(raw), &size);
    raw.resize(size);
    return std::string(R"("kty":"OKP","crv":")") + (algorithm_ == "EdDSA" ? "Ed25519" : "Ed448") +
           R"(","x":")" + base::encode_base64url(raw) + "\"";
  }
  template <class Write>
  std::string write(Write writer) const {
    net::BioPtr out(BIO_new(BIO_s_mem()));
    writer(out.get(), key_.get());
    return text_of(out.get());
  }
  static std::string text_of(BIO* bio) {
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::string algorithm_, id_, secret_;
  net::KeyPtr key_;
};

}  // namespace sluice::test
