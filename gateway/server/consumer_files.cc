// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/consumer_files.h"

#include <algorithm>
#include <set>

namespace sluice::server {
namespace {

using Files = std::set<std::uint32_t>;

// Lists and mappings of several files were joined; below that, all of a value is in one.
void add_files(const config::Node& node, Files& out) {
  out.insert(node.place.file);
  for (const auto* item : node.items()) out.insert(item->place.file);
  for (const auto& entry : node.entries()) out.insert(entry.key_place.file);
}

}  // namespace

std::vector<std::string> consumer_files(const config::Document& document) {
  std::vector<std::string> out;
  const config::Node* root = document.root();
  const config::Node* consumers = root ? root->find("consumers") : nullptr;
  if (!consumers) return out;
  Files with, others{root->place.file};
  for (const auto* item : consumers->items()) with.insert(item->place.file);
  for (const auto& entry : root->entries())
    if (entry.key != "consumers") {
      others.insert(entry.key_place.file);
      add_files(*entry.value, others);
    }
  for (std::uint32_t file : with)
    if (!others.contains(file)) out.emplace_back(document.sources().name(file));
  return out;
}

}  // namespace sluice::server
