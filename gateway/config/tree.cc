// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "gateway/config/load.h"

namespace sluice::config {

namespace {

// The core schema of YAML 1.2, section 10.3.2.
bool is_null(std::string_view text) noexcept {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

constexpr std::size_t kFewEntries = 12;

bool any_equal(const std::vector<Entry>& entries, std::size_t first) noexcept {
  for (std::size_t i = first; i < entries.size(); ++i)
    for (std::size_t j = first; j < i; ++j)
      if (entries[i].key == entries[j].key) return true;
  return false;
}

}  // namespace

void drop_duplicates(std::vector<Entry>& entries, std::size_t first, Diagnostics& diagnostics,
                     std::string_view what) {
  if (entries.size() - first <= kFewEntries && !any_equal(entries, first)) return;
  std::vector<std::uint32_t> order(entries.size() - first);
  std::iota(order.begin(), order.end(), static_cast<std::uint32_t>(first));
  auto key = [&](std::uint32_t i) { return entries[i].key; };
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return key(a) != key(b) ? key(a) < key(b) : a < b; });
  std::size_t kept = 0;
  bool dropped = false;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (key(order[i]) != key(order[kept])) {
      kept = i;
      continue;
    }
    const Entry& original = entries[order[kept]];
    Entry& again = entries[order[i]];
    diagnostics.error(again.key_place, "", "`" + std::string(again.key) + "` is " + std::string(what),
                      "first at " + diagnostics.sources().text(original.key_place));
    again.value = nullptr;
    dropped = true;
  }
  if (dropped) std::erase_if(entries, [](const Entry& e) { return e.value == nullptr; });
}

Node* TreeBuilder::make(Kind kind, Extent extent) {
  auto* node = arena_.make<Node>();
  node->kind = kind;
  node->place = extent.begin;
  node->end_line = extent.end_line;
  node->end_column = extent.end_column;
  return node;
}

void TreeBuilder::stop(Place place, std::string message, std::string hint) {
  diagnostics_.error(place, "", std::move(message), std::move(hint));
  stopped_ = true;
}

bool TreeBuilder::wants_key() const noexcept {
  return !frames_.empty() && frames_.back().node->kind == Kind::mapping && !frames_.back().has_key;
}

void TreeBuilder::scalar(Extent extent, std::string_view text, bool quoted, std::string_view anchor) {
  if (wants_key()) return key(extent, text, quoted, anchor);
  Node* node = make(Kind::scalar, extent);
  fill(*node, text, quoted);
  if (!anchor.empty()) remember(anchor, node, true);
  add(node, 1, 1);
}

// Sets the text, after substitution, and the kind.
void TreeBuilder::fill(Node& node, std::string_view text, bool quoted) {
  node.quoted = quoted;
  if (text.find('\0') != std::string_view::npos) {
    diagnostics_.error(node.place, "", "a text must not hold the NUL character");
    node.kind = Kind::broken;
    return;
  }
  if (Substitution::late(text)) {
    node.substituted = true;
    node.kind = Kind::scalar;
    substitution_.postpone(node, text);
    return;
  }
  if (Substitution::wanted(text)) {
    auto replaced = substitution_.replace(text, node.place);
    node.substituted = true;
    node.kind = replaced ? Kind::scalar : Kind::broken;
    if (replaced) node.set_text(arena_.copy(*replaced));
    return;
  }
  if (!quoted && is_null(text))
    node.kind = Kind::null;
  else
    node.set_text(arena_.copy(text));
}

void TreeBuilder::refuse_key(Place place, std::string message, std::string hint) {
  diagnostics_.error(place, "", std::move(message), std::move(hint));
  frames_.back().has_key = true;
  frames_.back().drop_next = true;
}

void TreeBuilder::key(Extent extent, std::string_view text, bool quoted, std::string_view anchor) {
  if (!quoted && text == "<<")
    return refuse_key(extent.begin, "merge keys (`<<`) are not supported",
                      "write the settings out, or give them a name and refer to it");
  if (text.empty()) return refuse_key(extent.begin, "a key is missing before the `:`");
  if (text.find('\0') != std::string_view::npos)
    return refuse_key(extent.begin, "a key must not hold the NUL character");
  if (Substitution::wanted(text))
    return refuse_key(extent.begin, "a key cannot come from ${env:}, ${file:} or ${vault:}");
  if (!anchor.empty())
    diagnostics_.error(extent.begin, "", "an anchor (`&`) belongs to a value, not to a key");
  Frame& frame = frames_.back();
  frame.pending = {arena_.copy(text), extent.begin, nullptr};
  frame.has_key = true;
}

void TreeBuilder::remember(std::string_view anchor, Node* node, bool complete) {
  auto [at, added] = anchors_.try_emplace(std::string(anchor));
  if (!added)
    diagnostics_.error(node->place, "", "an anchor of this name was written before",
                       "first at " + diagnostics_.sources().text(at->second.node->place));
  at->second = {node, complete, 1, 1};
}

void TreeBuilder::alias(Extent extent, const std::string& name) {
  if (wants_key()) return refuse_key(extent.begin, "an alias (`*`) cannot be a key");
  Node* node = make(Kind::broken, extent);
  auto at = anchors_.find(name);
  if (at == anchors_.end() || !at->second.complete) {
    bool inside = at != anchors_.end();
    diagnostics_.error(extent.begin, "",
                       inside ? "this alias stands inside the value that it repeats"
                              : "this alias (`*`) has no anchor (`&`) before it",
                       inside ? "" : "quote a text that starts with *");
    return add(node, 1, 1);
  }
  const Node& target = *at->second.node;
  node->kind = target.kind;
  node->quoted = target.quoted;
  node->substituted = target.substituted;
  node->defined = &target;
  node->share_children_of(target);
  substitution_.repeat(*node, target);
  add(node, at->second.weight, at->second.height);
}

void TreeBuilder::open(Kind kind, Extent extent, std::string_view anchor) {
  if (frames_.size() >= kDeepest)
    return stop(extent.begin, "nested more than " + std::to_string(kDeepest) + " levels deep", "");
  bool is_key = wants_key();
  if (is_key)
    refuse_key(extent.begin, "a key must be a text",
               "quote a text that starts with [ or {, and every ${...}");
  Node* node = make(kind, extent);
  if (!anchor.empty()) remember(anchor, node, false);
  Frame frame{};
  frame.node = node;
  frame.first = kind == Kind::mapping ? entries_.size() : items_.size();
  frame.is_key = is_key;
  frame.anchor = anchor;
  frames_.push_back(std::move(frame));
}

void TreeBuilder::close(Extent extent) {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  Node& node = *frame.node;
  node.end_line = extent.end_line;
  node.end_column = extent.end_column;
  if (node.kind == Kind::mapping) {
    finish_mapping(node, frame.first);
  } else {
    auto children = arena_.array<const Node*>(items_.size() - frame.first);
    std::copy(items_.begin() + static_cast<std::ptrdiff_t>(frame.first), items_.end(), children.begin());
    for (std::size_t i = frame.first; i < items_.size(); ++i) items_[i]->parent = &node;
    node.set_items(children);
    items_.resize(frame.first);
  }
  if (!frame.anchor.empty()) anchors_[frame.anchor] = {&node, true, frame.weight, frame.height};
  if (!frame.is_key) add(&node, frame.weight, frame.height);
}

void TreeBuilder::finish_mapping(Node& node, std::size_t first) {
  drop_duplicates(entries_, first, diagnostics_, "written twice");
  for (std::size_t i = first; i < entries_.size(); ++i) const_cast<Node*>(entries_[i].value)->parent = &node;
  node.set_entries(std::span(entries_).subspan(first), arena_);
  entries_.resize(first);
}

void TreeBuilder::add(Node* node, std::size_t weight, std::size_t height) {
  if (frames_.empty()) {
    root_ = node;
    return;
  }
  Frame& frame = frames_.back();
  frame.weight += weight;
  frame.height = std::max(frame.height, height + 1);
  if (frame.weight > kMostNodes)
    return stop(node->place, "more than " + std::to_string(kMostNodes) + " values, aliases followed", "");
  if (frames_.size() + height > kDeepest)
    return stop(node->place,
                "nested more than " + std::to_string(kDeepest) + " levels deep, aliases followed", "");
  if (frame.node->kind == Kind::sequence) {
    items_.push_back(node);
    return;
  }
  frame.has_key = false;
  if (std::exchange(frame.drop_next, false)) return;
  frame.pending.value = node;
  entries_.push_back(frame.pending);
}

}  // namespace sluice::config
