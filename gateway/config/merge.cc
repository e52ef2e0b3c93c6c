// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/merge.h"

#include <algorithm>

#include "gateway/config/tree.h"

namespace sluice::config {

namespace {

// The nodes are this load's own, built a moment ago and seen by nobody else yet.
void adopt(const Node* child, const Node& parent) noexcept { const_cast<Node*>(child)->parent = &parent; }

}  // namespace

void Merger::add(const Node& root, std::string_view without) {
  for (const Entry& entry : root.entries()) {
    if (entry.key == without) continue;
    auto [at, added] = index_.try_emplace(entry.key, sections_.size());
    if (added) sections_.push_back({entry, {}});
    sections_[at->second].parts.push_back(entry.value);
  }
}

Node* Merger::merged(const Node& first) {
  Node* root = like(first);
  std::vector<Entry> entries;
  for (const Section& section : sections_) {
    entries.push_back({section.first.key, section.first.key_place, join(section)});
    adopt(entries.back().value, *root);
  }
  root->set_entries(entries, arena_);
  return root;
}

const Node* Merger::join(const Section& section) {
  std::vector<const Node*> parts;
  for (const Node* part : section.parts)
    if (part->kind != Kind::null && part->kind != Kind::broken) parts.push_back(part);
  if (parts.empty()) return section.parts.front();
  const Node& first = *parts.front();
  auto same_kind = [&](const Node* part) { return part->kind == first.kind; };
  if (parts.size() > 1 && std::all_of(parts.begin(), parts.end(), same_kind)) {
    if (first.kind == Kind::sequence) return join_lists(parts);
    if (first.kind == Kind::mapping) return join_mappings(parts);
  }
  // What stands for a secret of Vault has no text yet: whether two say the same is not known.
  auto same = [&](const Node* part) {
    return first.kind == Kind::scalar && same_kind(part) && part->text() == first.text() &&
           !(part->substituted && part->text().empty());
  };
  for (const Node* part : parts) {
    if (part == &first || same(part)) continue;
    diagnostics_.error(part->place, std::string(section.first.key),
                       "`" + std::string(section.first.key) + "` says something else in another file",
                       "first at " + diagnostics_.sources().text(first.place));
  }
  return &first;
}

Node* Merger::like(const Node& model) {
  auto* node = arena_.make<Node>();
  node->kind = model.kind;
  node->place = model.place;
  node->end_line = model.end_line;
  node->end_column = model.end_column;
  return node;
}

Node* Merger::join_lists(const std::vector<const Node*>& parts) {
  std::vector<const Node*> items;
  for (const Node* part : parts) items.insert(items.end(), part->items().begin(), part->items().end());
  Node* list = like(*parts.front());
  auto copy = arena_.array<const Node*>(items.size());
  std::copy(items.begin(), items.end(), copy.begin());
  for (const Node* item : items) adopt(item, *list);
  list->set_items(copy);
  return list;
}

Node* Merger::join_mappings(const std::vector<const Node*>& parts) {
  std::vector<Entry> entries;
  for (const Node* part : parts)
    entries.insert(entries.end(), part->entries().begin(), part->entries().end());
  drop_duplicates(entries, 0, diagnostics_, "defined twice");
  Node* mapping = like(*parts.front());
  for (const Entry& entry : entries) adopt(entry.value, *mapping);
  mapping->set_entries(entries, arena_);
  return mapping;
}

}  // namespace sluice::config
