// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/certificate_watch.h"

#include "gateway/base/log.h"

namespace sluice::server {
namespace {

using base::Level;

// Both are there before anything has happened.
constexpr std::string_view kOk = "ok", kFailed = "failed";

constexpr auto kReloads = observe::Family::sluice_tls_certificate_reloads_total;

}  // namespace

void CertificateWatch::begin() {
  for (auto result : {kOk, kFailed}) store_.add(kReloads, {result}, 0);
  looks_.begin();
}

Complain CertificateRenewal::complain() {
  return [this](config::Severity severity, const std::string& /*field*/, const std::string& message) {
    if (severity == config::Severity::error) {
      wrong_ += (wrong_.empty() ? "" : "; ") + message;
    } else {
      base::log(Level::warning, owner_ + ": " + message);
    }
  };
}

bool CertificateRenewal::count(bool built) {
  watch_.store_.add(kReloads, {built ? kOk : kFailed}, 1);
  if (!built) base::log(Level::error, owner_ + ": the certificates of before stay in use: " + wrong_);
  return built;
}

void CertificateRenewal::done() const { base::log(Level::info, owner_ + ": certificates read again"); }

}  // namespace sluice::server
