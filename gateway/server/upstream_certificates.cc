// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/upstream_certificates.h"

#include "gateway/base/log.h"

namespace sluice::server {
namespace {

using base::Level;
using observe::Family;

// As for listeners: a change is in force within a second.
constexpr auto kLook = std::chrono::milliseconds(400);

}  // namespace

void UpstreamCertificates::use(std::vector<TlsOrigin> origins) {
  now_ = std::move(origins);
  if (now_.empty() || watching_) return;
  watching_ = true;
  for (auto result : {"ok", "failed"})
    metrics_.store().add(Family::sluice_tls_certificate_reloads_total, {result}, 0);
  watch();
}

void UpstreamCertificates::expiries(
    const std::function<void(const std::string& path, std::time_t expires)>& tell) const {
  for (const TlsOrigin& origin : now_)
    if (origin.expires) tell(origin.config.cert, *origin.expires);
}

void UpstreamCertificates::watch() {
  watch_.expires_after(kLook);
  watch_.async_wait([this](boost::system::error_code stopped) {
    if (stopped) return;
    look();
    watch();
  });
}

void UpstreamCertificates::look() {
  UpstreamTls builder(&threads_);
  for (TlsOrigin& origin : now_)
    if (origin.files.changed()) renew(origin, builder);
}

void UpstreamCertificates::renew(TlsOrigin& origin, UpstreamTls& builder) {
  std::string wrong;
  auto complain = [&](config::Severity severity, const std::string& /*field*/, const std::string& message) {
    if (severity == config::Severity::error) {
      wrong += (wrong.empty() ? "" : "; ") + message;
    } else {
      base::log(Level::warning, origin.owner + ": " + message);
    }
  };
  auto made = builder.build(origin, complain);
  metrics_.store().add(Family::sluice_tls_certificate_reloads_total, {made ? "ok" : "failed"}, 1);
  if (!made) {
    base::log(Level::error, origin.owner + ": the certificates of before stay in use: " + wrong);
    return;
  }
  origin.use(std::move(made));
  base::log(Level::info, origin.owner + ": certificates read again");
}

}  // namespace sluice::server
