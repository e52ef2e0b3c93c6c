// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/hash.h"

#include <openssl/evp.h>

#include "gateway/base/assert.h"

namespace sluice::jose {

std::string hash(Hash kind, std::string_view text) {
  const EVP_MD* md = kind == Hash::sha256 ? EVP_sha256() : kind == Hash::sha384 ? EVP_sha384() : EVP_sha512();
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  int made =
      EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), &size, md, nullptr);
  SLUICE_ASSERT(made == 1);  // out of memory
  out.resize(size);
  return out;
}

}  // namespace sluice::jose
