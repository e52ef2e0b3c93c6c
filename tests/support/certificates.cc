// SPDX-License-Identifier: Apache-2.0
#include "tests/support/certificates.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include <ctime>
#include <stdexcept>

#include <openssl/x509v3.h>

#include "gateway/net/tls_issue.h"

namespace sluice::test {
namespace {

constexpr std::time_t kDay = 24 * 60 * 60;

net::X509Ptr parse(const std::string& pem) {
  auto all = net::parse_certificates(pem);
  if (!all) throw std::runtime_error(all.error().detail);
  return std::move(all->front());
}

// What only tests put into a certificate; it must be signed again.
void extend(X509* certificate, int nid, const std::string& value) {
  if (value.empty()) return;
  if (int known = X509_get_ext_by_NID(certificate, nid, -1); known >= 0)
    X509_EXTENSION_free(X509_delete_ext(certificate, known));
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

net::Certificate Issued::load() const {
  return std::move(*net::make_certificate(std::move(*net::parse_certificates(certificate)),
                                          std::move(*net::parse_key(key))));
}

net::X509Ptr client_certificate(const std::string& alternative, const std::string& common_name) {
  static const auto key = net::make_key("P-256");
  auto made = net::issue({common_name, {}, false, true, 0, 4'000'000'000}, key.get(), nullptr, nullptr);
  extend(made.get(), NID_subject_alt_name, alternative);
  return made;
}

std::unique_ptr<const net::ClientCertificate> shown_certificate(const std::string& alternative,
                                                                const std::string& common_name,
                                                                bool verified) {
  auto out = std::make_unique<net::ClientCertificate>();
  out->field = net::byte_sequence(client_certificate(alternative, common_name).get());
  out->verified = verified;
  return out;
}

Authority::Authority(std::string name) : key_(net::make_key("P-256")) {
  std::time_t now = std::time(nullptr);
  own_ = net::issue({std::move(name), {}, true, false, now - kDay, now + 30 * kDay}, key_.get(), nullptr,
                    nullptr);
  pem_ = net::to_pem(own_.get());
}

Authority::Authority(std::string name, const Authority& above) : key_(net::make_key("P-256")) {
  std::time_t now = std::time(nullptr);
  own_ = net::issue({std::move(name), {}, true, false, now - kDay, now + 30 * kDay}, key_.get(),
                    above.own_.get(), above.key_.get());
  pem_ = net::to_pem(own_.get());
}

Issued Authority::issue(const Wanted& wanted) const {
  std::time_t now = std::time(nullptr);
  auto key = net::make_key(wanted.kind);
  auto made = net::issue({wanted.common_name, wanted.names, false, wanted.client, now - 60 * kDay,
                          now + wanted.expires_in * kDay},
                         key.get(), own_.get(), key_.get());
  if (!made) throw std::runtime_error("cannot issue: " + net::openssl_reason());
  extend(made.get(), NID_info_access, wanted.responder.empty() ? "" : "OCSP;URI:" + wanted.responder);
  extend(made.get(), NID_tlsfeature, wanted.must_staple ? "status_request" : "");
  extend(made.get(), NID_subject_alt_name, wanted.uri.empty() ? "" : "URI:" + wanted.uri);
  extend(made.get(), NID_ext_key_usage, wanted.ocsp_signing ? "OCSPSigning" : "");
  X509_sign(made.get(), key_.get(), EVP_sha256());
  return {net::to_pem(made.get()), net::to_pem(key.get())};
}

Issued Authority::own() const { return {pem_, net::to_pem(key_.get())}; }

std::vector<net::X509Ptr> Authority::load() const { return std::move(*net::parse_certificates(pem_)); }

std::string Authority::revoke(const std::vector<Issued>& revoked, int expires_in) const {
  net::X509CrlPtr list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(own_.get()));
  ASN1_TIME* time = ASN1_TIME_set(nullptr, std::time(nullptr) - kDay);
  X509_CRL_set1_lastUpdate(list.get(), time);
  for (const auto& issued : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(parse(issued.certificate).get()));
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(list.get(), entry);
  }
  ASN1_TIME_set(time, std::time(nullptr) + expires_in * kDay);
  X509_CRL_set1_nextUpdate(list.get(), time);
  ASN1_TIME_free(time);
  X509_CRL_sign(list.get(), key_.get(), EVP_sha256());
  net::BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), list.get());
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string Authority::vouch(const Issued& issued, const OcspSays& says) const {
  return vouch(issued, says, own());
}

std::string Authority::vouch(const Issued& issued, const OcspSays& says, const Issued& signer) const {
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id = OCSP_cert_to_id(says.by_sha256 ? EVP_sha256() : EVP_sha1(),
                                    parse(issued.certificate).get(), own_.get());
  ASN1_TIME* begin = ASN1_TIME_set(nullptr, std::time(nullptr) + says.begins);
  ASN1_TIME* end = says.ends ? ASN1_TIME_set(nullptr, std::time(nullptr) + says.ends) : nullptr;
  OCSP_basic_add1_status(basic, id, says.revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD, 0,
                         says.revoked ? begin : nullptr, begin, end);
  OCSP_basic_sign(basic, parse(signer.certificate).get(), net::parse_key(signer.key)->get(), EVP_sha256(),
                  nullptr, 0);
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  int size = i2d_OCSP_RESPONSE(response, &der);
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  ASN1_TIME_free(begin);
  ASN1_TIME_free(end);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(response);
  return out;
}

}  // namespace sluice::test
