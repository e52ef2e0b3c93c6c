// SPDX-License-Identifier: Apache-2.0
// What the admin server changes: the configuration by POST /reload, the process by POST /drain, a target by
// PATCH /upstreams/{upstream}/targets/{target}. Each change leaves a line in the gateway's own log.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/admin/reply.h"

namespace sluice::admin {

// How a reload that was asked for went.
struct Reloaded {
  bool good = false;
  std::string hash;         // of the configuration in force now
  std::string diagnostics;  // JSON, as `sluice check --json` prints it
};

struct TargetChange {
  std::string upstream, target;
  bool has_weight = false;
  std::optional<std::uint32_t> weight;  // none: the one that is written
  std::optional<bool> drain;
  bool reset_health = false;
};
// What became of it.
struct TargetChanged {
  enum class Kind : unsigned char { done, no_upstream, no_target } kind = Kind::done;
  std::string target;  // JSON of the target as it is now
};

struct ChangeSuppliers {
  // Null: this process cannot.
  std::function<void(std::function<void(Reloaded)>)> reload;
  std::function<void()> drain;
  std::function<TargetChanged(const TargetChange&)> change_target;
};

// A line in the log about a change: who asked, for what, and what became of it.
void note_change(const PageRequest& request, std::string_view became);

// Is this a page that takes changes? Then the methods that it takes, for Allow.
std::string_view methods_of_changes(std::string_view path) noexcept;
Reply change(const PageRequest& request, const ChangeSuppliers& suppliers);

// Reads the body of a PATCH: {"weight": 3 | null, "drain": true, "health": "reset"}. False, with a fault for
// people, if it is anything else.
bool read_target_change(std::string_view body, TargetChange& out, std::string& fault);

}  // namespace sluice::admin
