// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_issue.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <string_view>

#include <openssl/x509v3.h>

#include "gateway/net/address.h"

namespace sluice::net {
namespace {

bool extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Not by OpenSSL's text form, in which a comma in a name would begin another one.
bool add_names(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> all(GENERAL_NAMES_new());
  for (const auto& text : names) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    sk_GENERAL_NAME_push(all.get(), name);
    bool is_address = Address::parse(text, 0).has_value();
    ASN1_STRING* value = is_address ? a2i_IPADDRESS(text.c_str()) : ASN1_IA5STRING_new();
    if (!value || (!is_address && ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) != 1))
      return false;
    GENERAL_NAME_set0_value(name, is_address ? GEN_IPADD : GEN_DNS, value);
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool name_it(X509_NAME* name, const std::string& common_name) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool number_it(X509* certificate) {
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3F) | 0x40);  // positive, of full length
  std::unique_ptr<BIGNUM, OpensslFree<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  long size = BIO_get_mem_data(bio, &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

KeyPtr make_key(const std::string& kind) {
  if (kind == "RSA") return KeyPtr(EVP_RSA_gen(2048));
  if (kind == "P-256" || kind == "P-384") return KeyPtr(EVP_EC_gen(kind.c_str()));
  if (kind == "ED25519") return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return nullptr;
}

X509Ptr issue(const CertificateRequest& request, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  X509Ptr made(X509_new());
  X509* c = made.get();
  X509* by = issuer ? issuer : c;
  EVP_PKEY* signing = issuer ? issuer_key : key;
  bool good =
      c && X509_set_version(c, X509_VERSION_3) == 1 && number_it(c) && X509_set_pubkey(c, key) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(c), request.begins) &&
      ASN1_TIME_set(X509_getm_notAfter(c), request.expires) &&
      name_it(X509_get_subject_name(c), request.common_name) &&
      X509_set_issuer_name(c, X509_get_subject_name(by)) == 1 &&
      extend(c, by, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
      extend(c, by, NID_key_usage,
             request.authority ? "critical,keyCertSign,cRLSign,digitalSignature"
                               : "critical,digitalSignature") &&
      extend(c, by, NID_subject_key_identifier, "hash") &&
      extend(c, by, NID_authority_key_identifier, "keyid:always") && add_names(c, request.names);
  if (good && !request.authority)
    good = extend(c, by, NID_ext_key_usage, request.client ? "clientAuth" : "serverAuth");
  const EVP_MD* digest = EVP_PKEY_get_base_id(signing) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  if (!good || X509_sign(c, signing, digest) == 0) return nullptr;
  return made;
}

std::string to_pem(X509* certificate) {
  BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate);
  return text_of(out.get());
}

std::string to_pem(EVP_PKEY* private_key) {
  BioPtr out(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), private_key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(out.get());
}

}  // namespace sluice::net
