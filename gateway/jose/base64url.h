// SPDX-License-Identifier: Apache-2.0
// base64url without padding (RFC 4648 section 5), as tokens and keys are written, and base64 with it (section
// 4), as fields of HTTP are. Strict: one text for each sequence of bytes, so that no token has a second
// spelling.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace sluice::jose {

// nullopt for padding, blanks, characters of other alphabets, and bits left over that are not zero.
std::optional<std::string> decode_base64url(std::string_view text);
std::string encode_base64url(std::string_view bytes);

std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

}  // namespace sluice::jose
