// SPDX-License-Identifier: Apache-2.0
// TlsConfig: what an operator writes about TLS to the targets of an upstream. Read by the server layer, which
// loads the files.
#pragma once
#include <string>
#include <vector>

#include "gateway/upstream/tls_version.h"

namespace sluice::upstream {

struct TlsConfig {
  std::string ca, cert, key;  // paths
  std::string sni;
  bool verify = true;
  std::vector<std::string> san;
  net::TlsVersion min_version = net::TlsVersion::tls_1_2;
  bool operator==(const TlsConfig&) const = default;
};
void describe(config::Description<TlsConfig>& d);

}  // namespace sluice::upstream
