// SPDX-License-Identifier: Apache-2.0
// Path: where in a JSON value something stands, as operators write it: `data.items`, `items[0].price`,
// `items[].price` for the price of every item, `["a.b"]` for names that need quotes, `[].id` in a list.
// Compiled when the configuration is read. Where objects have several members of one name, the last one
// counts.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/json/scan.h"

namespace sluice::json {

struct PathStep {
  enum class Kind : std::uint8_t { name, index, each } kind = Kind::name;
  std::string name{};
  std::size_t index = 0;
  bool operator==(const PathStep&) const = default;
};

class Path {
 public:
  struct Fault {
    std::size_t offset = 0;
    std::string message;
  };
  static constexpr std::size_t kMostSteps = 32;

  // The path to the whole.
  Path() = default;
  explicit Path(std::vector<PathStep> steps) : steps_(std::move(steps)) {}
  static std::variant<Path, Fault> parse(std::string_view text);

  const std::vector<PathStep>& steps() const noexcept { return steps_; }
  bool empty() const noexcept { return steps_.empty(); }
  // Are there only names on the way?
  bool plain() const noexcept;
  // Does it lead to several places: has it a `[]`?
  bool many() const noexcept;
  std::string text() const;
  bool operator==(const Path&) const = default;

 private:
  std::vector<PathStep> steps_;
};

// As check(text), and what stands at the end of that way of names, as find() would say; without data if
// nothing. In the same pass.
std::optional<Fault> check(std::string_view text, std::span<const PathStep> names,
                           std::string_view& found) noexcept;

// What stands there in `value`; none if nothing does. Of `[]` the first item that has the rest.
std::optional<std::string_view> find(std::string_view value, std::span<const PathStep> steps);
// Calls `visit(slice)` for everything that stands there, in order.
template <class Visit>
void for_each(std::string_view value, std::span<const PathStep> steps, Visit&& visit);
// The value of the member of that name.
std::optional<std::string_view> member(std::string_view object, std::string_view name);
std::optional<std::string_view> item(std::string_view array, std::size_t index);

template <class Visit>
void for_each(std::string_view value, std::span<const PathStep> steps, Visit&& visit) {
  std::size_t i = 0;
  while (i < steps.size() && steps[i].kind != PathStep::Kind::each) ++i;
  auto at = find(value, steps.first(i));
  if (!at) return;
  if (i == steps.size()) return visit(*at);
  if (!is(*at, Type::array)) return;
  Items items(*at);
  for (std::string_view each; items.next(each);) for_each(each, steps.subspan(i + 1), visit);
}

}  // namespace sluice::json
