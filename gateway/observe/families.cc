// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/families.h"

#include "gateway/observe/cells.h"

namespace sluice::observe {
namespace {

enum class Bounds { none, duration, overhead, stream, size };

std::span<const std::uint64_t> bounds_of(Bounds bounds) {
  switch (bounds) {
    case Bounds::none:
      return {};
    case Bounds::duration:
      return kDurationBounds;
    case Bounds::overhead:
      return kOverheadBounds;
    case Bounds::stream:
      return kStreamBounds;
    case Bounds::size:
      return kSizeBounds;
  }
  return {};
}

double scale_of(Bounds bounds) { return bounds == Bounds::none || bounds == Bounds::size ? 1 : 1e9; }

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    auto space = text.find(' ');
    out.push_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  }
  return out;
}

std::vector<FamilyRow> make_rows() {
  return {
#define ROW(name, type, bounds, labels, help, on_request) \
  {Family::name,                                          \
   FamilyType::type,                                      \
   #name,                                                 \
   help,                                                  \
   words(labels),                                         \
   bounds_of(Bounds::bounds),                             \
   scale_of(Bounds::bounds),                              \
   on_request},
#define FAMILY(name, type, bounds, labels, help) ROW(name, type, bounds, labels, help, false)
#define FAMILY_ON_REQUEST(name, type, bounds, labels, help) ROW(name, type, bounds, labels, help, true)
#include "gateway/observe/families.def"
#undef FAMILY
#undef ROW
  };
}

}  // namespace

std::span<const FamilyRow> family_rows() noexcept {
  static const std::vector<FamilyRow> rows = make_rows();
  return rows;
}

const FamilyRow& row(Family family) noexcept { return family_rows()[static_cast<std::size_t>(family)]; }

std::optional<Family> find_family(std::string_view name) noexcept {
  for (const auto& r : family_rows())
    if (r.name == name) return r.family;
  return std::nullopt;
}

}  // namespace sluice::observe
