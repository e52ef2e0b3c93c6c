// SPDX-License-Identifier: Apache-2.0
// Merge: one value of several, in the order in which they are added, and so always the same. Values with a
// place stand there (`orders`, `user.orders`), objects without one give their members, lists without one make
// a list. Slices are kept, not copied: they must live until write(). For one composition, one thread.
#pragma once
#include <optional>

#include "gateway/base/arena.h"
#include "gateway/json/path.h"
#include "gateway/json/text.h"

namespace sluice::json {

// What becomes of two values for one place.
enum class OnConflict : std::uint8_t {
  error,   // nothing good
  first,   // the one added first stays
  last,    // the one added last stays
  deep,    // objects are merged member by member, of all others the last stays
  concat,  // the same, and lists are joined
};

class Merge {
 public:
  explicit Merge(base::Arena& arena) : arena_(&arena) {}

  // False: it has no place of its own and does not fit to what was added before (a list or a plain value
  // among members). `from` names it in conflicts, and tells it from others by where that text is: no two may
  // share one. `place`: names, from the outside in.
  bool add(std::string_view from, std::span<const PathStep> place, std::string_view value, OnConflict policy);

  // The first conflict that was an error: where, and between whom.
  struct Conflict {
    std::string_view name;  // as written in the value
    std::string_view first, second;
  };
  const std::optional<Conflict>& conflict() const noexcept { return conflict_; }

  // `{}` if nothing was added. Afterwards more members may still be added.
  void write(Output& out) const;
  bool empty() const noexcept { return root_.empty(); }

 private:
  struct Node;
  struct Piece {  // of a list that was joined
    std::string_view value;
    Piece* next = nullptr;
  };
  // A place: nothing yet, a value, a joined list, or members.
  struct Node {
    std::string_view key;   // as written
    std::string_view name;  // what it says
    std::string_view from;
    std::string_view value;
    Piece* pieces = nullptr;
    Piece* last_piece = nullptr;
    Node* members = nullptr;
    Node* last_member = nullptr;
    Node* next = nullptr;  // beside it
    // While an object is added: what it gives for a place where something stands already.
    std::string_view given;
    Node* next_given = nullptr;
    std::size_t count = 0;
    std::span<Node*> table;  // by hash of the name, once there are many members
    bool object = false;     // has members, perhaps none

    bool empty() const noexcept { return value.data() == nullptr && !pieces && !object; }
  };

  Node& at(Node& parent, std::string_view key, std::string_view name);
  void index(Node& parent);
  static void put(std::span<Node*> table, Node& node) noexcept;
  void add_members(Node& node, std::string_view from, std::string_view object, OnConflict policy);
  void add_at(Node& node, std::string_view from, std::string_view value, OnConflict policy);
  void join(Node& node, std::string_view list);
  bool open(Node& node, std::string_view from, OnConflict policy);
  static void write(const Node& node, Output& out);

  base::Arena* arena_;
  Node root_;
  std::optional<Conflict> conflict_;
};

}  // namespace sluice::json
