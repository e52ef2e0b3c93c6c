// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/redaction.h"

#include <algorithm>
#include <array>
#include <optional>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"

namespace sluice::observe {
namespace {

// Longer names are no secrets that anybody listed.
constexpr std::size_t kLongest = 63;

// The name as the application will read it: an encoded letter must not uncover a secret.
std::optional<std::string_view> decode(std::string_view name, std::array<char, kLongest>& buffer) noexcept {
  std::size_t n = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (n == buffer.size()) return std::nullopt;
    char c = name[i];
    if (c == '%' && i + 2 < name.size()) {
      int high = base::hex_value(name[i + 1]), low = base::hex_value(name[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    buffer[n++] = c;
  }
  return std::string_view(buffer.data(), n);
}

}  // namespace

QueryRedaction::QueryRedaction(std::span<const std::string> names) {
  for (const auto& name : names) {
    if (name.empty() || name.size() > kLongest) continue;
    names_.push_back(base::to_lower(name));
    sketches_.set(sketch(names_.back()));
  }
}

std::size_t QueryRedaction::sketch(std::string_view name) noexcept {
  auto first = static_cast<unsigned char>(base::lower(name.front()));
  auto last = static_cast<unsigned char>(base::lower(name.back()));
  return (name.size() * 37 + first * 5 + last) & 255;
}

bool QueryRedaction::secret(std::string_view name) const noexcept {
  std::array<char, kLongest> buffer;
  if (std::find(name.begin(), name.end(), '%') != name.end()) {
    auto decoded = decode(name, buffer);
    if (!decoded) return false;
    name = *decoded;
  }
  if (name.empty() || !sketches_.test(sketch(name))) return false;
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& known) { return base::equal_ignoring_case(known, name); });
}

}  // namespace sluice::observe
