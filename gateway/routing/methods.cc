// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/methods.h"

namespace sluice::routing {

std::optional<MethodSet> MethodNames::add(std::string_view name) {
  if (auto known = http::method(name); known != http::Method::other) return bit(known);
  if (MethodSet found = find(http::Method::other, name)) return found;
  if (extensions_.size() == kMaxExtensions) return std::nullopt;
  extensions_.emplace_back(name);
  return MethodSet{1} << (http::kMethods + extensions_.size() - 1);
}

MethodSet MethodNames::find(http::Method method, std::string_view text) const noexcept {
  if (method != http::Method::other) return bit(method);
  for (std::size_t i = 0; i < extensions_.size(); ++i)
    if (extensions_[i] == text) return MethodSet{1} << (http::kMethods + i);
  return 0;
}

std::string MethodNames::text(MethodSet methods) const {
  std::string out;
  auto append = [&](std::string_view name) {
    if (!out.empty()) out += ", ";
    out += name;
  };
  for (std::size_t i = 1; i < http::kMethods; ++i)
    if (methods >> i & 1) append(http::name(static_cast<http::Method>(i)));
  for (std::size_t i = 0; i < extensions_.size(); ++i)
    if (methods >> (http::kMethods + i) & 1) append(extensions_[i]);
  return out;
}

MethodSet MethodNames::allowed(MethodSet methods) noexcept {
  if (methods & bit(http::Method::get)) methods |= bit(http::Method::head);
  return methods | bit(http::Method::options);
}

std::size_t MethodNames::memory() const noexcept {
  std::size_t bytes = extensions_.capacity() * sizeof(std::string);
  for (const auto& e : extensions_) bytes += e.capacity();
  return bytes;
}

}  // namespace sluice::routing
