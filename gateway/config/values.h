// SPDX-License-Identifier: Apache-2.0
// Value types for config structs: amounts with a unit, secrets, free JSON, and mappings by name in written
// order. A bare number never means a time or a size. Durations are base::Duration.
#pragma once
#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::config {

using base::Duration;

// "64KiB"
struct Size {
  std::uint64_t bytes = 0;
  auto operator<=>(const Size&) const = default;
};
namespace literals {
constexpr Size operator""_B(unsigned long long n) { return {n}; }
constexpr Size operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Size operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Size operator""_GiB(unsigned long long n) { return {n << 30}; }
}  // namespace literals

// "100/min"
struct Rate {
  std::uint64_t count = 0;
  Duration per{};
  double per_second() const noexcept {
    return per.count() ? static_cast<double>(count) * 1e9 / static_cast<double>(per.count()) : 0;
  }
  bool operator==(const Rate&) const = default;
  std::partial_ordering operator<=>(const Rate& other) const { return per_second() <=> other.per_second(); }
};

// "25%"; 0 to 100 unless the setting says otherwise.
struct Percent {
  double value = 0;
  double ratio() const noexcept { return value / 100; }
  auto operator<=>(const Percent&) const = default;
};

// A text that is never printed: *** in dumps and diagnostics. Reading it is explicit.
struct Secret {
  std::string value;
  bool operator==(const Secret&) const = default;
};

// Any YAML value, kept as JSON text (core schema; numbers keep their digits).
struct Json {
  std::string text = "null";
  bool operator==(const Json&) const = default;
};

// A mapping from names to T, in the order in which it was written.
template <class T>
class ByName {
 public:
  using Item = std::pair<std::string, T>;

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  auto begin() const noexcept { return items_.begin(); }
  auto end() const noexcept { return items_.end(); }
  const Item& operator[](std::size_t i) const noexcept { return items_[i]; }
  Item& operator[](std::size_t i) noexcept { return items_[i]; }
  void reserve(std::size_t n) {
    items_.reserve(n);
    order_.reserve(n);
  }
  // nullptr when there is none.
  const T* find(std::string_view name) const noexcept {
    auto at = lower(name);
    return at != order_.end() && items_[*at].first == name ? &items_[*at].second : nullptr;
  }
  std::optional<std::size_t> index_of(std::string_view name) const noexcept {
    auto at = lower(name);
    if (at == order_.end() || items_[*at].first != name) return std::nullopt;
    return *at;
  }
  // The value of `name`, added at the end if it was not there.
  T& emplace(std::string_view name) {
    auto at = lower(name);
    if (at != order_.end() && items_[*at].first == name) return items_[*at].second;
    order_.insert(at, static_cast<std::uint32_t>(items_.size()));
    return items_.emplace_back(std::string(name), T{}).second;
  }
  bool operator==(const ByName& other) const { return items_ == other.items_; }

 private:
  std::vector<std::uint32_t>::const_iterator lower(std::string_view name) const noexcept {
    return std::lower_bound(order_.begin(), order_.end(), name,
                            [&](std::uint32_t i, std::string_view n) { return items_[i].first < n; });
  }
  std::vector<Item> items_;
  std::vector<std::uint32_t> order_;  // indexes of items_, sorted by name
};

}  // namespace sluice::config
