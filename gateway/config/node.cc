// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/node.h"

#include <algorithm>
#include <numeric>

#include "gateway/base/strings.h"

namespace sluice::config {

namespace {

constexpr std::size_t kSearchedOneByOne = 16;  // entries; an index pays only beyond

const Node* child(const Node& node, const PathStep& step) noexcept {
  if (step.index) return *step.index < node.items().size() ? node.items()[*step.index] : nullptr;
  return node.find(step.name);
}

bool is_plain_name(std::string_view name) noexcept {
  return !name.empty() && name.find_first_of(".[]\"\\ ") == std::string_view::npos;
}

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
  if (!index_) {
    for (const Entry& entry : entries_)
      if (entry.key == key) return entry.value;
    return nullptr;
  }
  const std::uint32_t* end = index_ + entries_.size();
  const std::uint32_t* at = std::lower_bound(
      index_, end, key, [&](std::uint32_t i, std::string_view k) { return entries_[i].key < k; });
  return at != end && entries_[*at].key == key ? entries_[*at].value : nullptr;
}

void Node::set_entries(std::span<const Entry> entries, base::Arena& arena) {
  auto copy = arena.array<Entry>(entries.size());
  std::copy(entries.begin(), entries.end(), copy.begin());
  entries_ = copy;
  index_ = nullptr;
  if (copy.size() <= kSearchedOneByOne) return;
  auto index = arena.array<std::uint32_t>(copy.size());
  std::iota(index.begin(), index.end(), 0u);
  std::sort(index.begin(), index.end(),
            [&](std::uint32_t a, std::uint32_t b) { return copy[a].key < copy[b].key; });
  index_ = index.data();
}

const Node* Document::find(std::string_view path) const noexcept {
  const Node* node = root_;
  while (node && !path.empty()) {
    auto step = next_step(path);
    node = step ? child(*node, *step) : nullptr;
  }
  return node;
}

const Node* Document::nearest(std::string_view path) const noexcept {
  const Node* node = root_;
  while (node && !path.empty()) {
    auto step = next_step(path);
    const Node* next = step ? child(*node, *step) : nullptr;
    if (!next) break;
    node = next;
  }
  return node;
}

Place Document::place(std::string_view path) const noexcept {
  const Node* node = nearest(path);
  return node ? node->place : Place{};
}

std::string Document::path_of(const Node& node) const {
  std::vector<const Node*> way;
  for (const Node* n = &node; n && n != root_; n = n->parent) way.push_back(n);
  std::string out;
  for (auto at = way.rbegin(); at != way.rend(); ++at) {
    const Node& container = *(*at)->parent;
    for (const Entry& entry : container.entries())
      if (entry.value == *at) append(out, entry.key);
    for (std::size_t i = 0; i < container.items().size(); ++i)
      if (container.items()[i] == *at) append(out, i);
  }
  return out;
}

std::optional<PathStep> next_step(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  if (path.empty()) return std::nullopt;
  if (path.starts_with("[\"")) {
    PathStep step;
    for (std::size_t i = 2; i < path.size(); ++i) {
      if (path[i] == '\\' && i + 1 < path.size()) {
        step.name += path[++i];
      } else if (path[i] == '"') {
        path.remove_prefix(std::min(path.size(), i + 2));
        return step;
      } else {
        step.name += path[i];
      }
    }
    return std::nullopt;
  }
  if (path.starts_with('[')) {
    std::size_t end = path.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    auto index = base::parse_decimal(path.substr(1, end - 1));
    path.remove_prefix(end + 1);
    if (!index) return std::nullopt;
    return PathStep{{}, static_cast<std::size_t>(*index)};
  }
  std::size_t end = std::min(path.find_first_of(".["), path.size());
  PathStep step{std::string(path.substr(0, end)), {}};
  path.remove_prefix(end);
  return step;
}

void append(std::string& path, std::string_view name) {
  if (is_plain_name(name)) {
    if (!path.empty()) path += '.';
    path += name;
    return;
  }
  path += "[\"";
  for (char c : name) {
    if (c == '"' || c == '\\') path += '\\';
    path += c;
  }
  path += "\"]";
}

void append(std::string& path, std::size_t index) { path += '[' + std::to_string(index) + ']'; }

}  // namespace sluice::config
