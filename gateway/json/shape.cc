// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/shape.h"

#include <algorithm>

namespace sluice::json {
namespace {

using Kind = PathStep::Kind;

// Writes the comma between members and items.
class Comma {
 public:
  explicit Comma(Output& out) noexcept : out_(&out) {}
  Output& next() {
    if (!first_) *out_ << ',';
    first_ = false;
    return *out_;
  }

 private:
  Output* out_;
  bool first_ = true;
};

}  // namespace

std::string refuse_for_shape(const Path& path) {
  if (path.empty() || path.steps().back().kind != Kind::name) return "must end in the name of a member";
  for (const PathStep& s : path.steps())
    if (s.kind == Kind::index) return "cannot name one item of a list; [] stands for all of them";
  return {};
}

// --- compiling

// The child of `node` for that step, made if it is not there; the index in its list.
std::uint32_t Shape::child(std::uint32_t node, const PathStep& step) {
  auto& children = nodes_[node].children;
  for (std::uint32_t i = 0; i < children.size(); ++i)
    if (children[i].kind == step.kind && children[i].name == step.name) return i;
  children.push_back({step.kind, step.name, {}, false, false, 0});
  return static_cast<std::uint32_t>(children.size() - 1);
}

// The child at the end of the path. With `only` all on the way keep nothing but what paths lead to, unless
// all of it is kept already.
Shape::Child* Shape::reach(const Path& path, bool only) {
  if (nodes_.empty()) nodes_.emplace_back();
  std::uint32_t node = 0;
  for (std::size_t i = 0;; ++i) {
    if (only) nodes_[node].only = true;
    std::uint32_t index = child(node, path.steps()[i]);
    if (i + 1 == path.steps().size()) return &nodes_[node].children[index];
    if (only && nodes_[node].children[index].whole) only = false;
    if (nodes_[node].children[index].node == 0) {
      auto made = static_cast<std::uint32_t>(nodes_.size());
      nodes_[node].children[index].node = made;
      nodes_.emplace_back();
    }
    node = nodes_[node].children[index].node;
  }
}

std::string Shape::only(const Path& path) {
  if (auto why = refuse_for_shape(path); !why.empty()) return why;
  Child& end = *reach(path, true);
  end.whole = true;
  if (end.node != 0) keep_all(end.node);
  return {};
}

// What paths further down wanted to keep is kept with the rest.
void Shape::keep_all(std::uint32_t node) {
  nodes_[node].only = false;
  for (std::size_t i = 0; i < nodes_[node].children.size(); ++i)
    if (nodes_[node].children[i].node != 0) keep_all(nodes_[node].children[i].node);
}

std::string Shape::drop(const Path& path) {
  if (auto why = refuse_for_shape(path); !why.empty()) return why;
  reach(path, false)->dropped = true;
  return {};
}

std::string Shape::rename(const Path& path, std::string_view name) {
  if (auto why = refuse_for_shape(path); !why.empty()) return why;
  reach(path, false)->renamed = quoted(name);
  return {};
}

std::string Shape::move(const Path& from, const Path& to) {
  for (const Path* path : {&from, &to})
    if (auto why = refuse_for_shape(*path); !why.empty()) return why;
  auto arrays = [](const Path& path) {
    const auto& s = path.steps();
    auto last = std::find_if(s.rbegin(), s.rend(), [](const PathStep& p) { return p.kind == Kind::each; });
    return static_cast<std::size_t>(s.rend() - last);
  };
  std::size_t n = arrays(from);
  const auto &a = from.steps(), &b = to.steps();
  auto d = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
  if (n != arrays(to) || !std::equal(a.begin(), a.begin() + d(n), b.begin()))
    return "both paths must lead through the same lists";
  Move move{{a.begin(), a.begin() + d(n)}, {a.begin() + d(n), a.end()}, {b.begin() + d(n), b.end()}};
  std::size_t common = std::min(move.from.size(), move.to.size());
  if (std::equal(move.from.begin(), move.from.begin() + d(common), move.to.begin()))
    return "one path leads into the other";
  moves_.push_back(std::move(move));
  return {};
}

// --- applying

void Shape::apply(std::string_view value, Output& out) const {
  if (moves_.empty()) {
    if (nodes_.empty()) {
      out << value;
    } else {
      write(value.data(), 0, out);
    }
    return;
  }
  Output passes[2];
  std::string_view now = value;
  std::size_t turn = 0;
  if (!nodes_.empty()) {
    write(value.data(), 0, passes[1]);
    now = passes[1].text();
  }
  for (std::size_t i = 0; i + 1 < moves_.size(); ++i, turn = 1 - turn) {
    passes[turn].cut(0);
    move_in(now, moves_[i], moves_[i].arrays, passes[turn]);
    now = passes[turn].text();
  }
  move_in(now, moves_.back(), moves_.back().arrays, out);
}

// Has the value the type that the node's children are about? If not, `only` keeps nothing of it.
bool Shape::fits(char first, std::uint32_t node) const {
  if (node == 0 || !nodes_[node].only) return true;
  for (const Child& c : nodes_[node].children)
    if (first == (c.kind == Kind::each ? '[' : '{')) return true;
  return false;
}

const char* Shape::write(const char* at, std::uint32_t index, Output& out) const {
  const Node& node = nodes_[index];
  if (*at == '{') return write_object(at, node, out);
  if (*at == '[')
    for (const Child& c : node.children)
      if (c.kind == Kind::each) return write_array(at, c, out);
  const char* end = skip_value(at);
  out << std::string_view(at, static_cast<std::size_t>(end - at));
  return end;
}

namespace {

// Neighbours that stay as they stand, written in one piece with what is between them.
class Run {
 public:
  explicit Run(Comma& comma) noexcept : comma_(&comma) {}
  void add(const char* begin, const char* end) noexcept {
    if (!begin_) begin_ = begin;
    end_ = end;
  }
  void write() {
    if (begin_) comma_->next() << std::string_view(begin_, static_cast<std::size_t>(end_ - begin_));
    begin_ = nullptr;
  }

 private:
  Comma* comma_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace

const char* Shape::write_object(const char* at, const Node& node, Output& out) const {
  out << '{';
  Comma comma(out);
  Run run(comma);
  Members members(std::string_view(at, 1));
  Key key;
  for (const char* value = nullptr; members.begin(key, value);) {
    const Child* child = nullptr;
    for (const Child& c : node.children)
      if (c.kind == Kind::name && says(key, c.name)) child = &c;
    bool kept = !node.only;
    if (child) {
      kept |= child->whole || (child->node != 0 && nodes_[child->node].only);
      kept = kept && !child->dropped && (child->whole || fits(*value, child->node));
    }
    if (kept && child && (!child->renamed.empty() || child->node != 0)) {
      run.write();
      if (child->renamed.empty()) {
        comma.next() << std::string_view(key.text.data() - 1, key.text.size() + 2) << ':';
      } else {
        comma.next() << child->renamed << ':';
      }
      const char* end = child->node != 0 ? write(value, child->node, out) : skip_value(value);
      if (child->node == 0) out << std::string_view(value, static_cast<std::size_t>(end - value));
      members.end(end);
      continue;
    }
    const char* end = skip_value(value);
    members.end(end);
    if (kept) {
      run.add(key.text.data() - 1, end);
    } else {
      run.write();
    }
  }
  run.write();
  out << '}';
  return members.past();
}

const char* Shape::write_array(const char* at, const Child& each, Output& out) const {
  out << '[';
  Comma comma(out);
  Items items(std::string_view(at, 1));
  for (const char* value = nullptr; items.begin(value);) {
    if (!fits(*value, each.node)) {
      items.end(skip_value(value));
      continue;
    }
    comma.next();
    items.end(write(value, each.node, out));
  }
  out << ']';
  return items.past();
}

// Goes to the objects at the end of `arrays` and moves there.
void Shape::move_in(std::string_view value, const Move& move, std::span<const PathStep> arrays, Output& out) {
  if (arrays.empty()) {
    auto found = is(value, Type::object) ? find(value, move.from) : std::nullopt;
    if (!found) {
      out << value;
      return;
    }
    return edit(value, {move.from, move.to, *found}, out);
  }
  const PathStep& step = arrays.front();
  if (step.kind == Kind::each && is(value, Type::array)) {
    out << '[';
    Comma comma(out);
    Items items(value);
    for (std::string_view item; items.next(item);) {
      comma.next();
      move_in(item, move, arrays.subspan(1), out);
    }
    out << ']';
  } else if (step.kind == Kind::name && is(value, Type::object)) {
    out << '{';
    Comma comma(out);
    Members members(value);
    for (Member m; members.next(m);) {
      comma.next() << '"' << m.key << "\":";
      if (says(m.key, step.name)) {
        move_in(m.value, move, arrays.subspan(1), out);
      } else {
        out << m.value;
      }
    }
    out << '}';
  } else {
    out << value;
  }
}

// What stands where something is put gives way to it.
void Shape::edit(std::string_view object, const Edit& edit, Output& out) {
  out << '{';
  Comma comma(out);
  bool placed = edit.insert.empty();
  Members members(object);
  for (Member m; members.next(m);) {
    bool removes = !edit.remove.empty() && says(m.key, edit.remove.front().name);
    bool inserts = !edit.insert.empty() && says(m.key, edit.insert.front().name);
    Edit below{removes ? edit.remove.subspan(1) : std::span<const PathStep>(),
               inserts ? edit.insert.subspan(1) : std::span<const PathStep>(), edit.value};
    if ((removes && below.remove.empty()) || (inserts && (placed || below.insert.empty()))) continue;
    if (!removes && !inserts) {
      comma.next() << '"' << m.key << "\":" << m.value;
      continue;
    }
    if (inserts) placed = true;
    comma.next() << '"' << m.key << "\":";
    if (is(m.value, Type::object)) {
      Shape::edit(m.value, below, out);
    } else if (inserts) {
      nest(below.insert, edit.value, out);
    } else {
      out << m.value;
    }
  }
  if (!placed) {
    comma.next() << quoted(edit.insert.front().name) << ':';
    nest(edit.insert.subspan(1), edit.value, out);
  }
  out << '}';
}

// The value inside objects that have nothing else.
void Shape::nest(std::span<const PathStep> steps, std::string_view value, Output& out) {
  for (const PathStep& s : steps) out << '{' << quoted(s.name) << ':';
  out << value;
  for (std::size_t i = 0; i < steps.size(); ++i) out << '}';
}

}  // namespace sluice::json
