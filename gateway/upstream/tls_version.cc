// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/tls_version.h"

namespace sluice::net {

void describe(config::Enumeration<TlsVersion>& e) {
  e.about("tls_version");
  e.value("1.2", TlsVersion::tls_1_2, "TLS 1.2, with AEAD suites, and TLS 1.3.");
  e.value("1.3", TlsVersion::tls_1_3, "TLS 1.3 alone.");
}

}  // namespace sluice::net

namespace sluice::upstream {

std::string refuse_as_path(const std::string& text) {
  if (text.empty()) return "must be the path of a file";
  if (text.find("-----BEGIN") != std::string::npos) return "must be the path of the file, not what is in it";
  if (text.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
    return "must be the path of a file";
  return {};
}

}  // namespace sluice::upstream
