// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/hex.h"

namespace sluice::base {

std::string to_hex(std::string_view bytes) {
  std::string out(2 * bytes.size(), '\0');
  char* end = out.data();
  for (char c : bytes) end = write_hex(end, static_cast<unsigned char>(c));
  return out;
}

}  // namespace sluice::base
