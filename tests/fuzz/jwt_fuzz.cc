// SPDX-License-Identifier: Apache-2.0
// Tokens and key sets: whatever is sent, nothing is read past its end, no token is taken for signed, and what
// was taken apart is what was sent.
#include <cstddef>
#include <cstdint>
#include <string>

#include "gateway/base/assert.h"
#include "gateway/base/base64.h"
#include "gateway/jose/token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string in(reinterpret_cast<const char*>(data), size);
  if (auto decoded = base::decode_base64url(in)) SLUICE_ASSERT(base::encode_base64url(*decoded) == in);
  if (auto json = jose::Json::parse(in)) {
    // What is JSON once is JSON again, and each value is a part of the text.
    auto again = jose::Json::parse(json->root().raw);
    SLUICE_ASSERT(again && again->root().raw == json->root().raw);
    for (const auto* v = json->first(json->root()); v; v = json->next(*v)) {
      SLUICE_ASSERT(in.find(v->raw) != std::string::npos);
      if (json->root().is(jose::JsonKind::object)) SLUICE_ASSERT(json->find(v->name) == v);
    }
  }
  static const jose::KeySet known = *jose::parse_jwks(
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})", false);
  (void)jose::parse_jwks(in, true);
  auto token = jose::parse_token(in);
  if (!token) return 0;
  SLUICE_ASSERT(in.starts_with(token->signed_by) && token->signed_by.ends_with(token->payload));
  bool of_the_rfc = token->payload == "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
  SLUICE_ASSERT(of_the_rfc || jose::check_signature(*token, known) != jose::Signature::good);
  if (auto claims = jose::parse_claims(*token))
    (void)jose::check_claims(*claims, {"joe", {}, {}}, base::WallTime(std::chrono::seconds(1300819000)));
  return 0;
}
