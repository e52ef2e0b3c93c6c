// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_openssl.h"

namespace sluice::net {

// The first error is the cause, the later ones are what it led to.
std::string openssl_reason() {
  unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return "unknown error";
  const char* text = ERR_reason_error_string(first);
  if (text) return text;
  char code[64];
  ERR_error_string_n(first, code, sizeof code);
  return code;
}

}  // namespace sluice::net
