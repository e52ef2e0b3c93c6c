// SPDX-License-Identifier: Apache-2.0
// The address /upstreams/U/targets, where targets are told in place of those of the configuration: PUT with a
// list as `targets` has it, in JSON or YAML; DELETE goes back. Not kept beyond the process unless the query
// says `persist=true`.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::admin {

// What became of what was told. In all kinds but `done` nothing has changed.
struct TargetsTold {
  enum class Kind : unsigned char {
    done,
    no_upstream,    // of that name in use
    nothing,        // was told that could be forgotten
    bad,            // list; `fault` says why
    no_place,       // to persist it in
    not_persisted,  // or still persisted: the disk fails, as `fault` says
  } kind = Kind::done;
  std::size_t targets = 0;  // how many there are now
  std::string fault{};      // for people
};

struct TargetSuppliers {
  std::function<TargetsTold(std::string_view upstream, std::string list, bool persist)> put;
  std::function<TargetsTold(std::string_view upstream)> forget;
};

// Whether the query asks for persistence; none if it is no query of this page.
std::optional<bool> persist_asked(std::string_view query);

// The name in such an address; none in any other.
std::optional<std::string> upstream_of_targets(std::string_view path);

}  // namespace sluice::admin
