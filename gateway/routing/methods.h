// SPDX-License-Identifier: Apache-2.0
// Methods as bits, so that a method condition is one AND in a lookup. The methods that the gateway knows have
// fixed bits, extension methods (RFC 9110 section 16.1) get theirs from the MethodNames of the table that
// names them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/head.h"

namespace sluice::routing {

// Bit n is http::Method n; the bits from http::kMethods on are extension methods. Bit 0 is never set.
using MethodSet = std::uint64_t;

constexpr MethodSet bit(http::Method method) noexcept {
  return method == http::Method::other ? 0 : MethodSet{1} << static_cast<unsigned>(method);
}

// Is a match that names no method for this one? Not for TRACE: it would show its sender what the gateway adds
// for the target alone, so that a route must ask for it by name.
constexpr bool in_any(http::Method method) noexcept { return method != http::Method::trace; }
// What Allow lists of such a match. CONNECT has no path and meets no route.
inline constexpr MethodSet kAnyKnown =
    bit(http::Method::get) | bit(http::Method::head) | bit(http::Method::post) | bit(http::Method::put) |
    bit(http::Method::delete_) | bit(http::Method::patch) | bit(http::Method::options);

class MethodNames {
 public:
  // Extension methods that one table can tell apart.
  static constexpr std::size_t kMaxExtensions = 64 - http::kMethods;

  // The bit of `name`; nullopt when there are too many.
  std::optional<MethodSet> add(std::string_view name);
  // 0 for a method that was not added.
  MethodSet find(http::Method method, std::string_view text) const noexcept;
  // "GET, HEAD, POST", in a fixed order.
  std::string text(MethodSet methods) const;
  // The methods that an Allow field lists for routes that name `methods`: also HEAD where there is GET, and
  // OPTIONS, which the gateway answers itself.
  static MethodSet allowed(MethodSet methods) noexcept;

  std::size_t memory() const noexcept;

 private:
  std::vector<std::string> extensions_;
};

}  // namespace sluice::routing
