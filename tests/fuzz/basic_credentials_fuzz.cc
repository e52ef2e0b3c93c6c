// SPDX-License-Identifier: Apache-2.0
// Authorization fields of the scheme Basic: what is read is within its bounds, and encodes to what was sent.
#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/chain/basic_credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  std::string_view rest;
  // A copy of exactly this size, so that a read past the end is one past the allocation.
  std::vector<char> exact(data, data + size);
  std::string_view in(exact.data(), exact.size());
  if (!chain::has_scheme(in, "Basic", rest)) return 0;
  base::Arena arena;
  auto given = chain::parse_basic(rest, arena);
  if (!given.fault.empty()) return 0;
  SLUICE_ASSERT(given.user.size() <= chain::BasicCredentials::kLongestUser);
  SLUICE_ASSERT(given.password.size() <= chain::BasicCredentials::kLongestPassword);
  SLUICE_ASSERT(given.user.find(':') == std::string_view::npos);
  std::string both = std::string(given.user) + ":" + std::string(given.password);
  std::string again((both.size() + 2) / 3 * 4 + 1, '\0');
  int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(again.data()),
                          reinterpret_cast<const unsigned char*>(both.data()), static_cast<int>(both.size()));
  again.resize(static_cast<std::size_t>(n));
  SLUICE_ASSERT(again == rest);
  return 0;
}
