// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/net/openssl_setup.h"

namespace sluice::jose {

using base::Result;

namespace {

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, net::OpensslFree<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, net::OpensslFree<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, net::OpensslFree<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, net::OpensslFree<BN_free>>;

base::Unexpected refuse(std::string why) {
  ERR_clear_error();
  return base::fail(base::Reason::validation, std::move(why));
}

// The text of a member, "" if there is none or it is no text.
std::string_view text(const Json& json, const JsonValue& of, std::string_view name) {
  const JsonValue* v = json.find(of, name);
  return v && v->is(JsonKind::string) ? v->text : std::string_view();
}

Result<std::string> octets(const Json& json, const JsonValue& of, std::string_view name) {
  auto decoded = base::decode_base64url(text(json, of, name));
  if (!decoded || decoded->empty()) return refuse("has no `" + std::string(name) + "` in base64url");
  return std::move(*decoded);
}

Result<net::KeyPtr> from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return refuse("cannot be one: " + net::openssl_reason());
  net::KeyPtr owner(key);
  const KeyContext checker(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!checker || EVP_PKEY_public_check(checker.get()) != 1)
    return refuse("cannot be one: " + net::openssl_reason());
  return owner;
}

Result<Key> rsa(const Json& json, const JsonValue& of) {
  auto n = octets(json, of, "n");
  if (!n) return std::move(n).unexpected();
  auto e = octets(json, of, "e");
  if (!e) return std::move(e).unexpected();
  if (n->size() > RsaKey::kMaxBits / 8 + 1) return refuse("has too large a modulus");
  const Number modulus(BN_bin2bn(net::openssl_bytes(*n), static_cast<int>(n->size()), nullptr));
  const Number exponent(BN_bin2bn(net::openssl_bytes(*e), static_cast<int>(e->size()), nullptr));
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return refuse("cannot be read");
  auto key = from_params("RSA", builder.get());
  if (!key) return std::move(key).unexpected();
  return make_key(std::move(*key));
}

Result<Key> ec(const Json& json, const JsonValue& of) {
  auto curve = text(json, of, "crv");
  std::size_t size = curve == "P-256" ? 32 : curve == "P-384" ? 48 : curve == "P-521" ? 66 : 0;
  if (size == 0) return refuse("is of the curve `" + std::string(curve) + "`, which is not known here");
  auto x = octets(json, of, "x");
  if (!x) return std::move(x).unexpected();
  auto y = octets(json, of, "y");
  if (!y) return std::move(y).unexpected();
  if (x->size() != size || y->size() != size) return refuse("has coordinates of the wrong size");
  const std::string point = '\x04' + *x + *y, group(curve);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.c_str(), 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1)
    return refuse("cannot be read");
  auto key = from_params("EC", builder.get());
  if (!key) return std::move(key).unexpected();
  return make_key(std::move(*key));
}

Result<Key> okp(const Json& json, const JsonValue& of) {
  auto curve = text(json, of, "crv");
  const char* type = curve == "Ed25519" ? "ED25519" : curve == "Ed448" ? "ED448" : nullptr;
  if (!type) return refuse("is of the curve `" + std::string(curve) + "`, which is not known here");
  auto x = octets(json, of, "x");
  if (!x) return std::move(x).unexpected();
  net::KeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, type, nullptr, net::openssl_bytes(*x), x->size()));
  if (!key) return refuse("cannot be one: " + net::openssl_reason());
  return make_key(std::move(key));
}

Result<Key> secret(const Json& json, const JsonValue& of, bool allowed) {
  if (!allowed) return refuse("is a secret (`oct`), and no HS algorithm is named");
  auto k = octets(json, of, "k");
  if (!k) return std::move(k).unexpected();
  if (k->size() < 32) return refuse("is a secret of less than 32 bytes");
  return Key(HmacKey(std::move(*k)));
}

// `use` and `key_ops`: may it check signatures at all?
std::string purpose(const Json& json, const JsonValue& of) {
  if (const JsonValue* use = json.find(of, "use"); use && use->text != "sig") return "is not for signatures";
  const JsonValue* operations = json.find(of, "key_ops");
  if (!operations) return "";
  for (const JsonValue* o = json.first(*operations); o; o = json.next(*o))
    if (o->is(JsonKind::string) && o->text == "verify") return "";
  return "is not for checking signatures";
}

}  // namespace

Result<Jwk> parse_jwk(const Json& json, const JsonValue& value, bool secrets) {
  if (!value.is(JsonKind::object)) return refuse("is no object");
  if (auto wrong = purpose(json, value); !wrong.empty()) return refuse(std::move(wrong));
  std::optional<Algorithm> only;
  if (const JsonValue* a = json.find(value, "alg")) {
    only = algorithm(a->text);
    if (!only) return refuse("is for the algorithm `" + std::string(a->text) + "`, which is not known here");
  }
  auto kind = text(json, value, "kty");
  auto key = kind == "RSA"   ? rsa(json, value)
             : kind == "EC"  ? ec(json, value)
             : kind == "OKP" ? okp(json, value)
             : kind == "oct" ? secret(json, value, secrets)
                             : Result<Key>(refuse("is of the kind `" + std::string(kind) + "`"));
  if (!key) return std::move(key).unexpected();
  Jwk out{std::string(text(json, value, "kid")), only, std::move(*key)};
  if (only && !fits(out.key, *only))
    return refuse("cannot be for its algorithm, " + std::string(name(*only)));
  return out;
}

Result<KeySet> parse_jwks(std::string_view text, bool secrets) {
  if (text.size() > KeySet::kMaxBytes) return refuse("is too large");
  auto json = Json::parse(text, {8, 16384, 64});
  if (!json) return refuse("is not JSON: " + json.error().detail);
  const JsonValue* list = json->find("keys");
  KeySet out;
  if (!list) {
    auto key = parse_jwk(*json, json->root(), secrets);
    if (!key) return refuse("has no `keys`, and is no key: it " + key.error().detail);
    out.add(std::move(*key));
    return out;
  }
  if (!list->is(JsonKind::array)) return refuse("has no list of `keys`");
  for (const JsonValue* v = json->first(*list); v; v = json->next(*v)) {
    if (out.keys().size() == KeySet::kMaxKeys) return refuse("has too many keys");
    auto key = parse_jwk(*json, *v, secrets);
    if (key) {
      out.add(std::move(*key));
    } else {
      const JsonValue* id = json->find(*v, "kid");
      out.left_out.push_back("key " + (id ? "`" + std::string(id->text) + "`" : "without id") + " " +
                             key.error().detail);
    }
  }
  return out;
}

bool KeySet::knows(std::string_view id) const noexcept {
  return std::any_of(keys_.begin(), keys_.end(), [id](const Jwk& k) { return k.id == id; });
}

}  // namespace sluice::jose
