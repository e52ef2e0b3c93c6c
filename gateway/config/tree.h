// SPDX-License-Identifier: Apache-2.0
// TreeBuilder: makes the nodes of one file from the events of a YAML parser, and refuses what YAML allows but
// a configuration should not hold: duplicate and merge keys, tags, aliases that grow without bound. Knows no
// YAML library.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/config/diagnostic.h"
#include "gateway/config/node.h"
#include "gateway/config/substitute.h"

namespace sluice::config {

// From the first character of a token to one past its last.
struct Extent {
  Place begin;
  std::uint32_t end_line = 0;
  std::uint32_t end_column = 0;
};

class TreeBuilder {
 public:
  // `arena` keeps the nodes.
  TreeBuilder(base::Arena& arena, Diagnostics& diagnostics, Substitution& substitution)
      : arena_(arena), diagnostics_(diagnostics), substitution_(substitution) {}

  // Events, in the order of the text. `anchor` is empty when there is none.
  void scalar(Extent extent, std::string_view text, bool quoted, std::string_view anchor);
  void alias(Extent extent, const std::string& name);
  void open(Kind kind, Extent extent, std::string_view anchor);
  void close(Extent extent);

  // A limit was passed: the rest of the file is not worth reading.
  bool stopped() const noexcept { return stopped_; }
  // nullptr until something was read.
  Node* root() const noexcept { return root_; }

 private:
  // An open list or mapping. Its children are on items_ or entries_ from `first` on.
  struct Frame {
    Node* node;
    std::size_t first;
    bool is_key = false;     // a mapping or list where a key should be
    bool has_key = false;    // the next value belongs to the key in `pending`
    bool drop_next = false;  // ... which was refused
    Entry pending;
    std::string anchor;
    std::size_t weight = 1;  // nodes in here, aliases followed
    std::size_t height = 1;
  };
  struct Anchor {
    Node* node = nullptr;
    bool complete = false;
    std::size_t weight = 1;
    std::size_t height = 1;
  };
  Node* make(Kind kind, Extent extent);
  bool wants_key() const noexcept;
  void key(Extent extent, std::string_view text, bool quoted, std::string_view anchor);
  void refuse_key(Place place, std::string message, std::string hint = {});
  void fill(Node& node, std::string_view text, bool quoted);
  void remember(std::string_view anchor, Node* node, bool complete);
  void add(Node* node, std::size_t weight, std::size_t height);
  void finish_mapping(Node& node, std::size_t first);
  void stop(Place place, std::string message, std::string hint);

  base::Arena& arena_;
  Diagnostics& diagnostics_;
  Substitution& substitution_;
  Node* root_ = nullptr;
  bool stopped_ = false;
  std::vector<Frame> frames_;
  std::vector<Node*> items_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, Anchor> anchors_;
};

// Removes the later ones of equal keys and complains about them. `what` completes "`x` is ": "written twice".
void drop_duplicates(std::vector<Entry>& entries, std::size_t first, Diagnostics& diagnostics,
                     std::string_view what);

}  // namespace sluice::config
