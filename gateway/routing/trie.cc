// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/trie.h"

#include <cstring>

#include "gateway/base/assert.h"

namespace sluice::routing {
namespace {

constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

__extension__ using Wide = unsigned __int128;

// Both halves of the product: a bit of the word reaches every bit of the hash, the low ones that index too.
std::uint64_t mix(std::uint64_t h, std::uint64_t word) noexcept {
  Wide product = Wide{h ^ word} * kOdd;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class W>
W load(const char* p) noexcept {
  W word;
  std::memcpy(&word, p, sizeof(W));
  return word;
}

}  // namespace

// Not keyed: what a request asks for never enters the table, so nobody can make the table's chains longer.
// Reads words that overlap rather than single bytes at the end.
std::uint32_t Trie::hash(NodeId parent, std::string_view label) noexcept {
  std::uint64_t h = (parent + std::uint64_t{1}) * kOdd ^ label.size();
  const char* p = label.data();
  std::size_t n = label.size();
  std::uint64_t last = 0;
  if (n >= 8) {
    const char* end = p + n - 8;
    for (; p < end; p += 8) h = mix(h, load<std::uint64_t>(p));
    last = load<std::uint64_t>(end);
  } else if (n >= 4) {
    last = std::uint64_t{load<std::uint32_t>(p)} << 32 | load<std::uint32_t>(p + n - 4);
  } else if (n > 0) {
    auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(p[i])}; };
    last = byte(0) << 16 | byte(n / 2) << 8 | byte(n - 1);
  }
  h = mix(h, last);
  return static_cast<std::uint32_t>(h >> 32 ^ h);
}

Trie::Trie() {
  nodes_.resize(3);
  slots_.resize(16);
  mask_ = 15;
}

NodeId Trie::find_child(NodeId parent, std::string_view label) const noexcept {
  std::uint32_t h = hash(parent, label);
  for (std::uint32_t i = h & mask_;; i = (i + 1) & mask_) {
    const Slot& slot = slots_[i];
    if (slot.node == kNoNode) return kNoNode;
    if (slot.hash != h) continue;
    const Node& n = nodes_[slot.node];
    if (n.parent == parent && n.label_size == label.size() &&
        std::memcmp(labels_.data() + n.label_at, label.data(), label.size()) == 0)
      return slot.node;
  }
}

NodeId Trie::add_child(NodeId parent, std::string_view label) {
  if (NodeId found = find_child(parent, label); found != kNoNode) return found;
  SLUICE_ASSERT(nodes_.size() < kNoNode && labels_.size() + label.size() < kNoNode);
  auto id = static_cast<NodeId>(nodes_.size());
  Node& n = nodes_.emplace_back();
  n.parent = parent;
  n.label_at = static_cast<std::uint32_t>(labels_.size());
  n.label_size = static_cast<std::uint32_t>(label.size());
  labels_ += label;
  ++nodes_[parent].literals;
  if (++used_ * 2 > slots_.size()) grow();
  put({hash(parent, label), id});
  return id;
}

NodeId Trie::add_param(NodeId parent) {
  if (nodes_[parent].param != kNoNode) return nodes_[parent].param;
  auto id = static_cast<NodeId>(nodes_.size());
  nodes_.emplace_back().parent = parent;
  nodes_[parent].param = id;
  return id;
}

void Trie::put(Slot slot) noexcept {
  std::uint32_t i = slot.hash & mask_;
  while (slots_[i].node != kNoNode) i = (i + 1) & mask_;
  slots_[i] = slot;
}

void Trie::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
  for (const Slot& s : old)
    if (s.node != kNoNode) put(s);
}

std::vector<std::string_view> Trie::labels_below(NodeId parent) const {
  std::vector<std::string_view> out;
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (nodes_[id].parent == parent && nodes_[parent].param != id) out.push_back(label(id));
  return out;
}

void Trie::shrink() {
  nodes_.shrink_to_fit();
  labels_.shrink_to_fit();
}

std::size_t Trie::memory() const noexcept {
  return nodes_.capacity() * sizeof(Node) + labels_.capacity() + slots_.capacity() * sizeof(Slot);
}

}  // namespace sluice::routing
