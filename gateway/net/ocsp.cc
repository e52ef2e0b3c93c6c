// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/ocsp.h"

#include <openssl/ocsp.h>

#include <algorithm>

#include <openssl/x509v3.h>

namespace sluice::net {
namespace {

using base::Result;

// Clocks differ.
constexpr std::time_t kSkew = 300;
// RFC 7633 section 6: the number of the extension status_request.
constexpr long kStatusRequest = 5;

base::Unexpected refuse_ocsp(std::string what) {
  ERR_clear_error();
  return base::fail(base::Reason::internal, std::move(what));
}

std::optional<std::time_t> ocsp_seconds(const ASN1_GENERALIZEDTIME* time) noexcept {
  std::tm tm{};
  if (!time || ASN1_TIME_to_tm(time, &tm) != 1) return std::nullopt;
  return ::timegm(&tm);
}

X509Ptr share(X509* certificate) noexcept {
  X509_up_ref(certificate);
  return X509Ptr(certificate);
}

template <class T, auto Free>
using Owner = std::unique_ptr<T, OpensslFree<Free>>;
using CertId = Owner<OCSP_CERTID, OCSP_CERTID_free>;
struct FreeList {  // not what is in it
  void operator()(STACK_OF(X509) * list) const noexcept { sk_X509_free(list); }
};
using Basic = Owner<OCSP_BASICRESP, OCSP_BASICRESP_free>;

// The answer about this certificate, by whatever hash it names it; null if there is none.
OCSP_SINGLERESP* answer_about(OCSP_BASICRESP* basic, X509* certificate, X509* issuer) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    auto* single = OCSP_resp_get0(basic, i);
    auto* named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));  // is not changed by either
    ASN1_OBJECT* hash = nullptr;
    OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr, named);
    const EVP_MD* digest = EVP_get_digestbyobj(hash);
    CertId ours(digest ? OCSP_cert_to_id(digest, certificate, issuer) : nullptr);
    if (ours && OCSP_id_cmp(ours.get(), named) == 0) return single;
  }
  return nullptr;
}

bool signed_for(OCSP_BASICRESP* basic, X509* issuer) {
  Owner<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  std::unique_ptr<STACK_OF(X509), FreeList> known(sk_X509_new_null());
  if (!store || !known || sk_X509_push(known.get(), issuer) == 0) return false;
  X509_STORE_add_cert(store.get(), issuer);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);  // the issuer may have one itself
  return OCSP_basic_verify(basic, known.get(), store.get(), 0) == 1;
}

Result<Basic> parse(std::string_view der) {
  const auto* p = reinterpret_cast<const unsigned char*>(der.data());
  Owner<OCSP_RESPONSE, OCSP_RESPONSE_free> response(
      d2i_OCSP_RESPONSE(nullptr, &p, static_cast<long>(der.size())));
  if (!response) return refuse_ocsp("is no OCSP response");
  int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return refuse_ocsp(std::string("says ") + OCSP_response_status_str(status));
  Basic basic(OCSP_response_get1_basic(response.get()));
  if (!basic) return refuse_ocsp("is of an unknown kind");
  return basic;
}

// When an answer is good; times that cannot be read are none.
struct Validity {
  std::optional<std::time_t> begins, ends;
  bool dated = false;  // it says when it ends
};

Result<Validity> judge(std::string_view der, X509* certificate, X509* issuer) {
  auto basic = parse(der);
  if (!basic) return std::move(basic).unexpected();
  OCSP_SINGLERESP* single = answer_about(basic->get(), certificate, issuer);
  if (!single) return refuse_ocsp("is about another certificate");
  ASN1_GENERALIZEDTIME *since = nullptr, *until = nullptr;
  int status = OCSP_single_get0_status(single, nullptr, nullptr, &since, &until);
  if (!signed_for(basic->get(), issuer)) return refuse_ocsp("is not signed by the issuer of the certificate");
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return refuse_ocsp(std::string("says that the certificate is ") + OCSP_cert_status_str(status));
  ERR_clear_error();
  return Validity{ocsp_seconds(since), until ? ocsp_seconds(until) : std::nullopt, until != nullptr};
}

}  // namespace

std::optional<OcspResponder> parse_responder(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!url.starts_with(kScheme) || !std::ranges::all_of(url, visible)) return std::nullopt;
  OcspResponder out;
  out.url = url;
  std::string_view rest = url.substr(kScheme.size());
  rest = rest.substr(0, rest.find('#'));
  auto slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, slash);
  out.target = (rest.substr(slash).starts_with('/') ? "" : "/") + std::string(rest.substr(slash));
  auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) != std::string_view::npos)
    colon = std::string_view::npos;  // inside an IPv6 address
  out.host = authority.substr(0, colon);
  out.port = colon == std::string_view::npos ? "80" : authority.substr(colon + 1);
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  bool number = !out.port.empty() && out.port.size() <= 5 &&
                std::ranges::all_of(out.port, [](char c) { return c >= '0' && c <= '9'; });
  if (out.host.empty() || !number || authority.find('@') != std::string_view::npos) return std::nullopt;
  return out;
}

std::optional<OcspResponder> responder_of(X509* certificate) {
  Owner<STACK_OF(OPENSSL_STRING), X509_email_free> urls(X509_get1_ocsp(certificate));
  ERR_clear_error();
  for (int i = 0; urls && i < sk_OPENSSL_STRING_num(urls.get()); ++i)
    if (auto responder = parse_responder(sk_OPENSSL_STRING_value(urls.get(), i))) return responder;
  return std::nullopt;
}

bool issued_by(X509* certificate, X509* issuer) {
  bool yes = X509_check_issued(issuer, certificate) == X509_V_OK &&
             X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  return yes;
}

bool must_staple(X509* certificate) {
  Owner<TLS_FEATURE, TLS_FEATURE_free> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  ERR_clear_error();
  for (int i = 0; features && i < sk_ASN1_INTEGER_num(features.get()); ++i)
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest) return true;
  return false;
}

std::string ocsp_question(X509* certificate, X509* issuer) {
  Owner<OCSP_REQUEST, OCSP_REQUEST_free> request(OCSP_REQUEST_new());
  // SHA-1 names here and signs nothing: the one hash that every responder knows (RFC 5019 section 2.1.1).
  CertId id(OCSP_cert_to_id(EVP_sha1(), certificate, issuer));
  std::string out;
  if (request && id && OCSP_request_add0_id(request.get(), id.get())) {
    [[maybe_unused]] auto* owned = id.release();
    unsigned char* der = nullptr;
    int size = i2d_OCSP_REQUEST(request.get(), &der);
    if (size > 0) out.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  ERR_clear_error();
  return out;
}

Result<void> vouches(std::string_view der, X509* certificate, X509* issuer) {
  auto judged = judge(der, certificate, issuer);
  if (!judged) return std::move(judged).unexpected();
  return {};
}

Result<OcspAnswer> believe_ocsp(std::string_view der, X509* certificate, X509* issuer, std::time_t now) {
  auto good = judge(der, certificate, issuer);
  if (!good) return std::move(good).unexpected();
  if (!good->begins || *good->begins > now + kSkew) return refuse_ocsp("is not valid yet");
  auto expires = good->dated ? good->ends : *good->begins + kUndatedAnswer;
  if (!expires || *expires <= now) return refuse_ocsp("has expired");
  return OcspAnswer{std::string(der), *expires};
}

Staple::Staple(std::string name, X509* certificate, X509* issuer, OcspResponder responder)
    : name_(std::move(name)),
      certificate_(share(certificate)),
      issuer_(share(issuer)),
      responder_(std::move(responder)) {}

void Staple::put(OcspAnswer answer) {
  auto next = std::make_shared<const OcspAnswer>(std::move(answer));
  std::lock_guard lock(mutex_);
  answer_ = std::move(next);
}

std::shared_ptr<const OcspAnswer> Staple::answer(std::time_t now) const {
  std::lock_guard lock(mutex_);
  return answer_ && answer_->expires > now ? answer_ : nullptr;
}

}  // namespace sluice::net
