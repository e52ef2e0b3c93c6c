// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/upstream_certificates.h"

namespace sluice::server {

void UpstreamCertificates::use(std::vector<TlsOrigin> origins) {
  now_ = std::move(origins);
  if (!now_.empty()) watch_.begin();
}

void UpstreamCertificates::expiries(
    const std::function<void(const std::string& path, std::time_t expires)>& tell) const {
  for (const TlsOrigin& origin : now_)
    if (origin.expires) tell(origin.config.cert, *origin.expires);
}

void UpstreamCertificates::look() {
  UpstreamTls builder(&threads_);
  for (TlsOrigin& origin : now_)
    if (origin.files.changed()) renew(origin, builder);
}

void UpstreamCertificates::renew(TlsOrigin& origin, UpstreamTls& builder) {
  CertificateRenewal renewal(watch_, origin.owner);
  auto made = builder.build(origin, renewal.complain());
  if (!renewal.count(made != nullptr)) return;
  origin.use(std::move(made));
  renewal.done();
}

}  // namespace sluice::server
