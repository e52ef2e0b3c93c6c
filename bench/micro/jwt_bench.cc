// SPDX-License-Identifier: Apache-2.0
// What a token costs: a signature checked by us and by OpenSSL alone, and a token that a filter remembers.
#include <benchmark/benchmark.h>

#include "gateway/chain/registry.h"
#include "gateway/jose/token.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/signer.h"

namespace {

using namespace sluice;

constexpr const char* kClaims =
    R"({"iss":"https://idp.example.com","aud":"api","sub":"0f8fad5b-d9cb-469f-a165-70867728950e","scope":"orders read",)"
    R"("exp":1700003600,"iat":1700000000,"groups":["staff"],"name":"Alice Example","email":"alice@example.com"})";

void ours(benchmark::State& state, const char* algorithm) {
  test::Signer signer(algorithm);
  auto keys = *jose::parse_jwks(signer.jwks(), false);
  std::string text = signer.token(kClaims);
  for (auto _ : state) {
    auto token = jose::parse_token(text);
    bool good = token && jose::check_signature(*token, keys) == jose::Signature::good;
    auto claims = jose::parse_claims(*token);
    benchmark::DoNotOptimize(good);
    benchmark::DoNotOptimize(claims);
    if (!good) state.SkipWithError("not good");
  }
}

// The hash and EVP_PKEY_verify with a context that is made once, as `openssl speed` does it.
void openssl(benchmark::State& state, const char* algorithm) {
  test::Signer signer(algorithm);
  std::string text = signer.token(kClaims);
  auto token = *jose::parse_token(text);
  const std::string stored = signer.pem();
  net::BioPtr pem(BIO_new_mem_buf(stored.data(), static_cast<int>(stored.size())));
  net::KeyPtr key(PEM_read_bio_PUBKEY(pem.get(), nullptr, nullptr, nullptr));
  std::string signature = token.signature;
  if (std::string_view(algorithm).starts_with("ES")) {
    auto half = static_cast<int>(signature.size() / 2);
    auto* raw = reinterpret_cast<const unsigned char*>(token.signature.data());
    ECDSA_SIG* both = ECDSA_SIG_new();
    ECDSA_SIG_set0(both, BN_bin2bn(raw, half, nullptr), BN_bin2bn(raw + half, half, nullptr));
    unsigned char* der = nullptr;
    int size = i2d_ECDSA_SIG(both, &der);
    signature.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    ECDSA_SIG_free(both);
  }
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key.get(), nullptr);
  EVP_PKEY_verify_init(context);
  EVP_PKEY_CTX_set_signature_md(context, EVP_sha256());
  EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  for (auto _ : state) {
    unsigned char digest[32];
    unsigned size = 0;
    EVP_Digest(token.signed_by.data(), token.signed_by.size(), digest, &size, md, nullptr);
    int good = EVP_PKEY_verify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                               signature.size(), digest, size);
    benchmark::DoNotOptimize(good);
    if (good != 1) state.SkipWithError("not good");
  }
  EVP_MD_free(md);
  EVP_PKEY_CTX_free(context);
}

void es256_ours(benchmark::State& state) { ours(state, "ES256"); }
void es256_openssl(benchmark::State& state) { openssl(state, "ES256"); }
void rs256_ours(benchmark::State& state) { ours(state, "RS256"); }
void rs256_openssl(benchmark::State& state) { openssl(state, "RS256"); }
BENCHMARK(es256_ours);
BENCHMARK(es256_openssl);
BENCHMARK(rs256_ours);
BENCHMARK(rs256_openssl);

// A request whose token is good: through the filter, out of the request, and who calls is known.
void request(benchmark::State& state, const char* algorithm, const char* more) {
  test::Signer signer(algorithm);
  std::string keys;
  for (char c : signer.pem()) keys += c == '\n' ? std::string("\\n") : std::string(1, c);
  auto built = test::filter("jwt: {issuer: \"https://idp.example.com\", audience: api, keys: \"" + keys +
                            "\"" + more + "}");
  std::string value = "Bearer " + signer.token(kClaims);
  test::FakeExchange fake;
  auto& fields = fake.request().fields;
  for (auto _ : state) {
    fields.clear();
    fields.add(http::FieldId::authorization, value);
    fake.ex.identity = {};
    auto step = built.get().on_request(fake.ex).await_resume();
    benchmark::DoNotOptimize(step);
    if (step != chain::Step::next) state.SkipWithError("not good");
  }
}

// Nothing is remembered, so that the signature is checked each time: beside `..._openssl`, what everything
// else takes.
void es256_request(benchmark::State& state) { request(state, "ES256", ", cache: 0"); }
void rs256_request(benchmark::State& state) { request(state, "RS256", ", cache: 0"); }
BENCHMARK(es256_request);
BENCHMARK(rs256_request);

// Found, and compared.
void remembered(benchmark::State& state) { request(state, "ES256", ""); }
BENCHMARK(remembered);

}  // namespace
