// SPDX-License-Identifier: Apache-2.0
// Trie: the segments of all path patterns below the hosts that they belong to. One hash table leads from a
// node and a label to the child, so a step costs the same whatever the number of children. Hosts are labels
// as well: the children of kExactHosts and kWildcardHosts are the roots of their paths. Filled by the table's
// builder, then only read, by any number of threads; knows nothing of ranks and requests.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::routing {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = ~NodeId{0};
inline constexpr NodeId kExactHosts = 0;
inline constexpr NodeId kWildcardHosts = 1;  // labels without the "*."
inline constexpr NodeId kAnyHost = 2;        // itself the root of the paths of every host

struct Node {
  NodeId parent = kNoNode;
  std::uint32_t label_at = 0;
  std::uint32_t label_size = 0;
  std::uint32_t literals = 0;  // children with a label
  NodeId param = kNoNode;      // the child for any segment that is not empty
  // The entries of the patterns that lead here, in one array: those that end here, the expressions that start
  // with the segments up to here, and those that go on with a tail.
  std::uint32_t entries = 0;
  std::uint32_t exact = 0;
  std::uint32_t regex = 0;
  std::uint32_t tail = 0;
};

class Trie {
 public:
  Trie();

  const Node& node(NodeId id) const noexcept { return nodes_[id]; }
  Node& node(NodeId id) noexcept { return nodes_[id]; }
  std::size_t size() const noexcept { return nodes_.size(); }
  // kNoNode if there is none.
  NodeId find_child(NodeId parent, std::string_view label) const noexcept;
  // The child found or made.
  NodeId add_child(NodeId parent, std::string_view label);
  NodeId add_param(NodeId parent);
  // "" for a param's node.
  std::string_view label(NodeId id) const noexcept {
    return std::string_view(labels_).substr(nodes_[id].label_at, nodes_[id].label_size);
  }
  // The labels of a node's children; looks at every node, for explanations only.
  std::vector<std::string_view> labels_below(NodeId parent) const;
  // Gives back what growing has left over.
  void shrink();
  std::size_t memory() const noexcept;

 private:
  struct Slot {
    std::uint32_t hash = 0;
    NodeId node = kNoNode;
  };
  static std::uint32_t hash(NodeId parent, std::string_view label) noexcept;
  void grow();
  void put(Slot slot) noexcept;

  std::vector<Node> nodes_;
  std::string labels_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  std::uint32_t mask_ = 0;
  std::size_t used_ = 0;
};

}  // namespace sluice::routing
