// SPDX-License-Identifier: Apache-2.0
// SaidOfTargets: what operators say of single targets, for as long as the process lives: a list or an answer of
// DNS that leaves a target out, and names it again, makes another Target of that name. Part of the TargetTable,
// on the control thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::upstream {

class Target;

struct Said {
  std::optional<std::uint32_t> weight{};  // in place of the written one
  bool drained = false;
  bool operator==(const Said&) const = default;
};

class SaidOfTargets {
 public:
  // More are remembered only of targets that are there: of the others those go first that were said first.
  static constexpr std::size_t kMost = 1024;

  // Of that target, and of those that come after it by its name.
  void say(const std::shared_ptr<Target>& target, const Said& said);
  // Of one that may come.
  void say(std::string_view upstream, std::string_view target, const Said& said);
  // Tells a target what was said of its name, if anything was.
  void recall(const std::shared_ptr<Target>& target);
  // fn(upstream, target, said), in the order of names.
  template <class F>
  void each(F&& fn) const {
    for (const auto& [name, entry] : entries_) fn(name.first, name.second, entry.said);
  }

 private:
  using Name = std::pair<std::string, std::string>;
  struct Entry {
    Said said;
    std::weak_ptr<Target> target;
    std::uint64_t when = 0;
  };
  void make_room();

  std::map<Name, Entry> entries_;
  std::uint64_t now_ = 0;
};

}  // namespace sluice::upstream
