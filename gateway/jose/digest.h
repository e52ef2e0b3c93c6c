// SPDX-License-Identifier: Apache-2.0
// Digests of credentials and other secrets, and their comparison without telling by its time how much was
// right. What looks a credential up does so by a digest: how long a table takes then says nothing about the
// credential itself.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::jose {

using Digest = std::array<char, 32>;
inline std::string_view view(const Digest& digest) noexcept { return {digest.data(), digest.size()}; }

// SHA-256. About 0.1 us for the length of a key; any thread.
Digest sha256(std::string_view text) noexcept;
// HMAC-SHA-256, for tables whose keys must not be computable by others.
Digest keyed_digest(std::string_view key, std::string_view text) noexcept;
// Equal? In a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

// 64 hexadecimal digits, either case; none if `text` is anything else.
std::optional<Digest> digest_from_hex(std::string_view text) noexcept;

}  // namespace sluice::jose
