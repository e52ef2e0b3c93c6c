// SPDX-License-Identifier: Apache-2.0
// Merger: joins the top levels of several files into one root. Lists are put one behind the other, mappings
// are united by name, and what two files both define is an error that names both places.
#pragma once
#include <map>
#include <string_view>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/config/diagnostic.h"
#include "gateway/config/node.h"

namespace sluice::config {

class Merger {
 public:
  Merger(base::Arena& arena, Diagnostics& diagnostics) : arena_(arena), diagnostics_(diagnostics) {}

  // The files in the order of the result. Entries named `without` are left out.
  void add(const Node& root, std::string_view without);
  // The joined mapping, at the place of `first`.
  Node* merged(const Node& first);

 private:
  struct Section {
    Entry first;
    std::vector<const Node*> parts;
  };
  const Node* join(const Section& section);
  Node* join_lists(const std::vector<const Node*>& parts);
  Node* join_mappings(const std::vector<const Node*>& parts);
  Node* like(const Node& model);

  base::Arena& arena_;
  Diagnostics& diagnostics_;
  std::vector<Section> sections_;
  std::map<std::string_view, std::size_t> index_;
};

}  // namespace sluice::config
