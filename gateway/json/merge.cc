// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/merge.h"

#include <algorithm>
#include <utility>

#include "gateway/base/key_hash.h"

namespace sluice::json {
namespace {

constexpr std::size_t kManyMembers = 16;  // from here on they are looked up by a table

std::string_view inside(std::string_view container) noexcept {
  return trimmed(container.substr(1, container.size() - 2));
}

}  // namespace

void Merge::put(std::span<Node*> table, Node& node) noexcept {
  std::size_t mask = table.size() - 1;
  std::size_t i = base::TextHash()(node.name) & mask;
  while (table[i]) i = (i + 1) & mask;
  table[i] = &node;
}

void Merge::index(Node& parent) {
  auto table = arena_->array<Node*>(parent.table.empty() ? 4 * kManyMembers : 4 * parent.table.size());
  std::fill(table.begin(), table.end(), nullptr);
  for (Node* m = parent.members; m; m = m->next) put(table, *m);
  parent.table = table;
}

// The member of that name, made if it is not there.
Merge::Node& Merge::at(Node& parent, std::string_view key, std::string_view name) {
  parent.object = true;
  if (parent.table.empty()) {
    for (Node* m = parent.members; m; m = m->next)
      if (m->name == name) return *m;
  } else {
    std::size_t mask = parent.table.size() - 1;
    for (std::size_t i = base::TextHash()(name) & mask; parent.table[i]; i = (i + 1) & mask)
      if (parent.table[i]->name == name) return *parent.table[i];
  }
  Node* made = arena_->make<Node>();
  made->key = key;
  made->name = name;
  (parent.last_member ? parent.last_member->next : parent.members) = made;
  parent.last_member = made;
  ++parent.count;
  if (parent.count >= kManyMembers && parent.count * 2 > parent.table.size()) {
    index(parent);
  } else if (!parent.table.empty()) {
    put(parent.table, *made);
  }
  return *made;
}

void Merge::add_members(Node& node, std::string_view from, std::string_view object, OnConflict policy) {
  node.object = true;
  Node* first = nullptr;
  Node** last = &first;
  Members members(object);
  for (Member m; members.next(m);) {
    Node& place = at(node, m.key, unescaped(m.key, *arena_));
    // Of two members of one name in one object the last one counts, whatever the policy: what was there before
    // meets that one alone.
    if (place.given.data() != nullptr) {
      place.given = m.value;
      continue;
    }
    if (place.from.data() != from.data() && !place.empty()) {
      place.given = m.value;
      *last = &place;
      last = &place.next_given;
      continue;
    }
    if (!place.empty()) {
      place.value = m.value;
      place.pieces = place.last_piece = nullptr;
      place.object = false;
      place.members = place.last_member = nullptr;
      place.count = 0;
      place.table = {};
      continue;
    }
    add_at(place, from, m.value, policy);
  }
  for (Node* place = first; place != nullptr;) {
    Node* next = std::exchange(place->next_given, nullptr);
    add_at(*place, from, std::exchange(place->given, {}), policy);
    place = next;
  }
}

void Merge::join(Node& node, std::string_view list) {
  auto add = [&](std::string_view value) {
    if (inside(value).empty()) return;
    Piece* piece = arena_->make<Piece>(Piece{inside(value), nullptr});
    (node.last_piece ? node.last_piece->next : node.pieces) = piece;
    node.last_piece = piece;
  };
  if (!node.pieces) {
    std::string_view before = node.value;
    if (inside(before).empty()) {
      node.value = list;
      return;
    }
    node.value = {};
    add(before);
  }
  add(list);
}

void Merge::add_at(Node& node, std::string_view from, std::string_view value, OnConflict policy) {
  if (node.empty()) {
    node.value = value;
    node.from = from;
    return;
  }
  bool both_objects = (node.object || is(node.value, Type::object)) && is(value, Type::object);
  bool both_lists = (node.pieces || (!node.object && is(node.value, Type::array))) && is(value, Type::array);
  switch (policy) {
    case OnConflict::error:
      if (!conflict_) conflict_ = Conflict{node.key, node.from, from};
      return;
    case OnConflict::first:
      return;
    case OnConflict::deep:
    case OnConflict::concat:
      if (both_objects) {
        if (!node.object) {
          std::string_view before = node.value;
          node.value = {};
          add_members(node, node.from, before, policy);
        }
        return add_members(node, from, value, policy);
      }
      if (both_lists && policy == OnConflict::concat) return join(node, value);
      break;
    case OnConflict::last:
      break;
  }
  std::string_view key = node.key, name = node.name;
  Node* next = node.next;
  node = Node();
  node.key = key;
  node.name = name;
  node.next = next;
  node.value = value;
  node.from = from;
}

// Something stands on the way to a place. An object gives its members, whatever the policy: to put one more
// into it is no conflict. Of all else one has to give way; false if that is the one who comes.
bool Merge::open(Node& node, std::string_view from, OnConflict policy) {
  bool object = !node.pieces && is(node.value, Type::object);
  if (!object && policy == OnConflict::error && !conflict_) conflict_ = Conflict{node.key, node.from, from};
  if (!object && (policy == OnConflict::error || policy == OnConflict::first)) return false;
  std::string_view before = node.value;
  node.value = {};
  node.pieces = node.last_piece = nullptr;
  node.object = true;
  if (object) add_members(node, node.from, before, policy);
  return true;
}

bool Merge::add(std::string_view from, std::span<const PathStep> place, std::string_view value,
                OnConflict policy) {
  if (place.empty()) {
    bool object = is(value, Type::object);
    if (root_.empty() && !object) {
      root_.value = value;
      root_.from = from;
      return true;
    }
    bool list = is(value, Type::array) && (root_.pieces || is(root_.value, Type::array)) && !root_.object;
    if (list) {
      join(root_, value);
      return true;
    }
    if (!object || (!root_.empty() && !root_.object)) return false;
    add_members(root_, from, value, policy);
    return true;
  }
  if (!root_.empty() && !root_.object) return false;
  root_.object = true;
  Node* node = &root_;
  for (const PathStep& step : place) {
    if (!node->object && !node->empty() && !open(*node, from, policy)) return true;
    std::string_view raw = arena_->copy(quoted(step.name));
    node = &at(*node, raw.substr(1, raw.size() - 2), arena_->copy(step.name));
    if (node->from.data() == nullptr) node->from = from;
  }
  add_at(*node, from, value, policy);
  return true;
}

void Merge::write(const Node& node, Output& out) {
  if (node.pieces) {
    out << '[' << node.pieces->value;
    for (const Piece* p = node.pieces->next; p; p = p->next) out << ',' << p->value;
    out << ']';
  } else if (node.object) {
    out << '{';
    for (const Node* m = node.members; m; m = m->next) {
      if (m != node.members) out << ',';
      out << '"' << m->key << "\":";
      write(*m, out);
    }
    out << '}';
  } else if (node.empty()) {
    out << "null";
  } else {
    out << node.value;
  }
}

void Merge::write(Output& out) const {
  if (root_.empty()) {
    out << "{}";
  } else {
    write(root_, out);
  }
}

}  // namespace sluice::json
