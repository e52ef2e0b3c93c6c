// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/basic_credentials.h"

#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/base/strings.h"

namespace sluice::chain {
bool has_scheme(std::string_view authorization, std::string_view scheme, std::string_view& rest) noexcept {
  if (authorization.size() < scheme.size() ||
      !base::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return false;
  rest = authorization.substr(scheme.size());
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return false;  // "Basically"
  rest = base::trim(rest);
  return true;
}

BasicCredentials parse_basic(std::string_view encoded, base::Arena& arena) {
  constexpr std::size_t kLongest =
      (BasicCredentials::kLongestUser + BasicCredentials::kLongestPassword + 3) / 3 * 4;
  BasicCredentials out;
  if (encoded.empty()) return {{}, {}, "the credentials behind `Basic` are missing"};
  if (encoded.size() > kLongest) return {{}, {}, "user and password are too long"};
  char* decoded = arena.chars(encoded.size() / 4 * 3 + 3);
  auto size = base::decode_base64(encoded, decoded);
  if (!size) return {{}, {}, "the credentials are not in Base64"};
  std::string_view both(decoded, *size);
  std::size_t colon = both.find(':');
  if (colon == std::string_view::npos)
    return {{}, {}, "the credentials have no colon between user and password"};
  out.user = both.substr(0, colon);
  out.password = both.substr(colon + 1);
  // A NUL would end the password for the functions that hash it.
  if (std::any_of(both.begin(), both.end(), base::is_control))
    return {{}, {}, "the credentials hold control characters"};
  if (out.user.size() > BasicCredentials::kLongestUser ||
      out.password.size() > BasicCredentials::kLongestPassword)
    return {{}, {}, "user and password are too long"};
  return out;
}

}  // namespace sluice::chain
