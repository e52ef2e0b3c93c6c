// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_certificate.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include <algorithm>

#include <openssl/x509v3.h>

#include "gateway/base/base64.h"
#include "gateway/base/strings.h"

namespace sluice::net {
namespace {

using base::Reason;
using base::Result;

base::Unexpected refuse_certificate(std::string what) {
  return base::fail(Reason::internal, std::move(what));
}

BioPtr memory(std::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Instead of OpenSSL's own, which would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

bool is_end_of_pem() noexcept {
  unsigned long e = ERR_peek_last_error();
  return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

// Every object of one kind that the text holds, by the reader of that kind.
template <class Ptr, class Read>
Result<std::vector<Ptr>> parse_all(std::string_view pem, Read read, const std::string& what,
                                   const std::string& label) {
  std::vector<Ptr> out;
  auto bio = memory(pem);
  while (auto* object = read(bio.get(), nullptr, no_passphrase, nullptr)) out.emplace_back(object);
  if (!is_end_of_pem()) return refuse_certificate("holds a broken " + what + ": " + openssl_reason());
  ERR_clear_error();
  if (out.empty())
    return refuse_certificate(pem.find("-----BEGIN ") == std::string_view::npos
                                  ? "is no PEM file: it has no line `-----BEGIN " + label + "-----`"
                                  : "holds no " + what);
  return out;
}

std::time_t seconds(const ASN1_TIME* time) noexcept {
  std::tm tm{};
  return ASN1_TIME_to_tm(time, &tm) == 1 ? ::timegm(&tm) : 0;
}

}  // namespace

std::time_t Certificate::begins() const noexcept { return seconds(X509_get0_notBefore(leaf.get())); }
std::time_t Certificate::expires() const noexcept { return seconds(X509_get0_notAfter(leaf.get())); }

bool Certificate::slow() const noexcept {
  int type = EVP_PKEY_get_base_id(key.get());
  bool p256 = type == EVP_PKEY_EC && EVP_PKEY_get_bits(key.get()) == 256;
  return !p256 && type != EVP_PKEY_ED25519;
}

Result<std::vector<X509Ptr>> parse_certificates(std::string_view pem) {
  return parse_all<X509Ptr>(pem, PEM_read_bio_X509, "certificate", "CERTIFICATE");
}

Result<std::vector<X509CrlPtr>> parse_crls(std::string_view pem) {
  return parse_all<X509CrlPtr>(pem, PEM_read_bio_X509_CRL, "revocation list", "X509 CRL");
}

Result<KeyPtr> parse_key(std::string_view pem) {
  auto bio = memory(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key) return key;
  std::string why = openssl_reason();
  auto holds = [pem](std::string_view text) { return pem.find(text) != std::string_view::npos; };
  if (holds("-----BEGIN ENCRYPTED PRIVATE KEY") || holds("Proc-Type: 4,ENCRYPTED"))
    return refuse_certificate(
        "is protected by a passphrase; write the key without one, in a file that only we can read");
  if (holds("PRIVATE KEY-----")) return refuse_certificate("holds a broken private key: " + why);
  return refuse_certificate(holds("-----BEGIN CERTIFICATE")
                                ? "holds a certificate instead of a private key"
                                : "is no PEM file: it has no line `-----BEGIN PRIVATE KEY-----`");
}

Result<Certificate> make_certificate(std::vector<X509Ptr> certificates, KeyPtr key) {
  Certificate out;
  out.leaf = std::move(certificates.front());
  certificates.erase(certificates.begin());
  out.chain = std::move(certificates);
  out.key = std::move(key);
  bool fits = X509_check_private_key(out.leaf.get(), out.key.get()) == 1;
  ERR_clear_error();
  if (!fits) return refuse_certificate("is not the key of the certificate (" + subject(out.leaf.get()) + ")");
  out.names = host_names(out.leaf.get());
  return out;
}

Result<std::time_t> check_ocsp(std::string_view der, const Certificate& certificate) {
  const auto* p = reinterpret_cast<const unsigned char*>(der.data());
  std::unique_ptr<OCSP_RESPONSE, OpensslFree<OCSP_RESPONSE_free>> response(
      d2i_OCSP_RESPONSE(nullptr, &p, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!response)
    return refuse_certificate("is no OCSP response in DER, such as `openssl ocsp -respout` writes");
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return refuse_certificate(std::string("is an OCSP response without an answer: ") +
                              OCSP_response_status_str(OCSP_response_status(response.get())));
  std::unique_ptr<OCSP_BASICRESP, OpensslFree<OCSP_BASICRESP_free>> basic(
      OCSP_response_get1_basic(response.get()));
  ERR_clear_error();
  if (!basic) return refuse_certificate("is an OCSP response of an unknown kind");
  const ASN1_INTEGER* wanted = X509_get0_serialNumber(certificate.leaf.get());
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic.get(), i);
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial,
                      const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (!serial || ASN1_INTEGER_cmp(serial, wanted) != 0) continue;
    ASN1_GENERALIZEDTIME* next = nullptr;
    OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next);
    return next ? seconds(next) : std::time_t{0};
  }
  return refuse_certificate("is an OCSP response about another certificate");
}

std::vector<std::string> host_names(X509* certificate) {
  std::vector<std::string> out;
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  auto add = [&](const ASN1_STRING* text) {
    std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                          static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (!name.empty() && name.find('\0') == std::string_view::npos) out.push_back(base::to_lower(name));
  };
  if (names) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
      if (name->type == GEN_DNS) add(name->d.dNSName);
    }
    return out;
  }
  X509_NAME* whose = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(whose, NID_commonName, -1);
  if (at >= 0) add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(whose, at)));
  return out;
}

std::vector<CertificateName> names_in(X509* certificate) {
  using Kind = CertificateName::Kind;
  std::vector<CertificateName> out;
  auto add = [&](Kind kind, const unsigned char* bytes, int size) {
    std::string text(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0);
    bool plain = std::ranges::none_of(text, base::is_control);
    if (text.empty() || !plain) return;
    out.push_back({kind, kind == Kind::dns ? base::to_lower(text) : std::move(text)});
  };
  auto add_alternative = [&](Kind kind, const ASN1_STRING* text) {
    add(kind, ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
  };
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) add_alternative(Kind::uri, name->d.uniformResourceIdentifier);
    if (name->type == GEN_DNS) add_alternative(Kind::dns, name->d.dNSName);
    if (name->type == GEN_EMAIL) add_alternative(Kind::email, name->d.rfc822Name);
  }
  X509_NAME* whose = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(whose, NID_commonName, at)) >= 0;) {
    unsigned char* text = nullptr;
    int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(whose, at)));
    if (size > 0) add(Kind::cn, text, size);
    OPENSSL_free(text);
  }
  ERR_clear_error();
  return out;
}

namespace {

// "" for none.
std::string distinguished_name(const X509_NAME* name) {
  BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::string subject(X509* certificate) {
  auto name = distinguished_name(X509_get_subject_name(certificate));
  return name.empty() ? "no subject" : name;
}

std::string issuer_of(const X509_CRL* list) { return distinguished_name(X509_CRL_get_issuer(list)); }

std::time_t expiry_of(const X509_CRL* list) noexcept {
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list);
  return next ? seconds(next) : 0;
}

std::string byte_sequence(X509* certificate) {
  unsigned char* der = nullptr;
  int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  std::string text =
      base::encode_base64({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return ":" + text + ":";
}

X509Ptr from_byte_sequence(std::string_view text) {
  if (text.size() < 2 || text.front() != ':' || text.back() != ':') return nullptr;
  auto der = base::decode_base64(text.substr(1, text.size() - 2));
  if (!der || der->empty()) return nullptr;
  const auto* p = reinterpret_cast<const unsigned char*>(der->data());
  X509Ptr out(d2i_X509(nullptr, &p, static_cast<long>(der->size())));
  ERR_clear_error();
  return out;
}

}  // namespace sluice::net
