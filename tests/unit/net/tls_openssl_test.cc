// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_openssl.h"

#include <gtest/gtest.h>

namespace sluice::net::tls_openssl_test {
namespace {

TEST(TlsOpenssl, NamesTheCauseAndEmptiesTheQueue) {
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
  ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);

  EXPECT_EQ(openssl_reason(), "no shared cipher");
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_EQ(openssl_reason(), "unknown error");
}

}  // namespace
}  // namespace sluice::net::tls_openssl_test
