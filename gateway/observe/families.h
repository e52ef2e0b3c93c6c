// SPDX-License-Identifier: Apache-2.0
// The table of metric families (families.def) as values: the registry, the reference page and the dashboards'
// check read names, labels and bounds here and nowhere else.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::observe {

enum class Family : std::uint8_t {
#define FAMILY(name, ...) name,
#include "gateway/observe/families.def"
#undef FAMILY
};

enum class FamilyType : std::uint8_t { counter, gauge, histogram };

// One row of the table; lives as long as the process.
struct FamilyRow {
  Family family;
  FamilyType type;
  std::string_view name;
  std::string_view help;
  std::vector<std::string_view> labels;     // names, in the order of a series' values
  std::span<const std::uint64_t> bounds{};  // of a histogram, in nanoseconds or bytes
  double scale = 1;                         // so many of these are one of the unit exposed
  bool on_request = false;                  // not exposed unless the configuration names it

  // Cells that one worker needs for one series.
  std::size_t cells() const noexcept { return bounds.empty() ? 1 : bounds.size() + 2; }
};

// All rows, in the order of the scrape; index = value of Family.
std::span<const FamilyRow> family_rows() noexcept;
const FamilyRow& row(Family family) noexcept;
std::optional<Family> find_family(std::string_view name) noexcept;

}  // namespace sluice::observe
