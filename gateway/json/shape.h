// SPDX-License-Identifier: Apache-2.0
// Shape: what is made of one JSON value on its way into a composed answer, in this order: `only` keeps what
// some paths lead to, `drop` leaves out, `rename` gives members another name where they are, `move` puts them
// elsewhere, `append` makes one list of two. Paths go through arrays: `items[].price`. Compiled when the
// configuration is read; applying it copies what stays as it is in slices. Paths that lead nowhere in a value
// change nothing about it. A member gives way to one that gets its name or its place.
#pragma once
#include <map>

#include "gateway/json/path.h"
#include "gateway/json/text.h"

namespace sluice::json {

class Shape {
 public:
  // Each gives "" or why it cannot be. Paths end in a name; indexes have no place in them.
  std::string only(const Path& path);
  std::string drop(const Path& path);
  std::string rename(const Path& path, std::string_view name);
  // Both lead through the same arrays, and beyond those to another place in the same object.
  std::string move(const Path& from, const Path& to);
  // The same: the items of the list at `from` are put behind those of the list at `to`. What is no list
  // counts as one item, null as none.
  std::string append(const Path& from, const Path& to);

  bool changes() const noexcept { return !nodes_.empty() || !moves_.empty(); }
  void apply(std::string_view value, Output& out) const;
  // As check() with a way of names (path.h), and what becomes of the value that was found, appended to `out`
  // in the same pass; nothing if there is a fault or nothing was found.
  std::optional<Fault> check_and_apply(std::string_view text, std::span<const PathStep> names,
                                       std::string_view& found, Output& out) const;

 private:
  friend class Shaper;  // goes through a value, and there by nodes
  struct Child {
    PathStep::Kind kind = PathStep::Kind::name;
    std::string name;
    std::string renamed;  // in quotes, with kPadding behind it; "" if it keeps its name
    bool whole = false;   // `only` ends here
    bool dropped = false;
    std::uint32_t node = 0;  // what becomes of the value; 0: nothing
    std::uint32_t heir = 0;  // the child that gets its name, counted from one; 0: none does
  };
  // What becomes of an object's members or an array's items. The first one is the root.
  struct Node {
    bool only = false;  // members that are no children are left out
    std::vector<Child> children;
  };
  struct Move {
    std::vector<PathStep> arrays, from, to;
    bool appends = false;
  };
  // A member to leave out and one to put in, both relative to the object at hand; either may be empty.
  struct Edit {
    std::span<const PathStep> remove, insert;
    std::string_view value;
  };

  std::uint32_t child(std::uint32_t node, const PathStep& step);
  void keep_all(std::uint32_t node);
  std::uint32_t way(const Path& path, bool only);
  Child* reach(const Path& path, bool only);
  bool shape(std::string_view value, bool looks_ahead, Output& out) const;
  void make_moves(std::string_view value, Output& out) const;
  std::string add_move(const Path& from, const Path& to, bool appends);
  static void move_in(std::string_view value, const Move& move, std::span<const PathStep> arrays,
                      Output& out);
  static void edit(std::string_view object, const Edit& edit, Output& out);
  static void nest(std::span<const PathStep> steps, std::string_view value, Output& out);

  std::vector<Node> nodes_;
  std::vector<Move> moves_;
};

// What can be said against a path for shapes; "" if nothing.
std::string refuse_for_shape(const Path& path);

}  // namespace sluice::json
