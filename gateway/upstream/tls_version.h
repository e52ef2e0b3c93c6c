// SPDX-License-Identifier: Apache-2.0
// The versions of TLS as settings write them, for upstreams and listeners.
#pragma once
#include "gateway/config/describe.h"
#include "gateway/net/tls_server.h"

namespace sluice::net {

void describe(config::Enumeration<TlsVersion>& e);

}  // namespace sluice::net

namespace sluice::upstream {

// For paths of files in settings: whoever puts a certificate or key itself into such a place is told so, and
// it is not shown. "" for a good one.
std::string refuse_as_path(const std::string& text);

}  // namespace sluice::upstream
