// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/shape.h"

#include <algorithm>

#include "gateway/json/along.h"

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
  children.push_back({step.kind, step.name, {}, false, false, 0, 0});
  return static_cast<std::uint32_t>(children.size() - 1);
}

// The node in which the path ends. With `only` all on the way keep nothing but what paths lead to, unless all
// of it is kept already.
std::uint32_t Shape::way(const Path& path, bool only) {
  if (nodes_.empty()) nodes_.emplace_back();
  std::uint32_t node = 0;
  for (std::size_t i = 0; i + 1 < path.steps().size(); ++i) {
    if (only) nodes_[node].only = true;
    std::uint32_t index = child(node, path.steps()[i]);
    if (only && nodes_[node].children[index].whole) only = false;
    if (nodes_[node].children[index].node == 0) {
      auto made = static_cast<std::uint32_t>(nodes_.size());
      nodes_[node].children[index].node = made;
      nodes_.emplace_back();
    }
    node = nodes_[node].children[index].node;
  }
  if (only) nodes_[node].only = true;
  return node;
}

// The child at its end.
Shape::Child* Shape::reach(const Path& path, bool only) {
  std::uint32_t node = way(path, only);
  std::uint32_t index = child(node, path.steps().back());
  return &nodes_[node].children[index];
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
  std::uint32_t node = way(path, false);
  std::uint32_t renamed = child(node, path.steps().back());
  std::uint32_t gives_way = child(node, {Kind::name, std::string(name)});
  auto& children = nodes_[node].children;
  if (!children[renamed].renamed.empty()) return "gets another name already";
  if (children[gives_way].heir != 0) return "another member gets that name already";
  children[renamed].renamed = quoted(name).append(kPadding, '\0');
  children[gives_way].heir = renamed + 1;
  return {};
}

std::string Shape::move(const Path& from, const Path& to) { return add_move(from, to, false); }
std::string Shape::append(const Path& from, const Path& to) { return add_move(from, to, true); }

std::string Shape::add_move(const Path& from, const Path& to, bool appends) {
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
  Move move{{a.begin(), a.begin() + d(n)}, {a.begin() + d(n), a.end()}, {b.begin() + d(n), b.end()}, appends};
  std::size_t common = std::min(move.from.size(), move.to.size());
  if (std::equal(move.from.begin(), move.from.begin() + d(common), move.to.begin()))
    return "one path leads into the other";
  moves_.push_back(std::move(move));
  return {};
}

// --- applying

namespace {

// Writes slices of a text; those that are neighbours there in one piece.
class Pen {
 public:
  explicit Pen(Output& out) noexcept : out_(&out) {}
  void copy(const char* begin, const char* end) {
    if (begin != end_) {
      flush();
      begin_ = begin;
    }
    end_ = end;
  }
  // With kPadding behind it, as all slices have.
  void write(std::string_view text) {
    flush();
    out_->copy(text);
  }
  void flush() {
    if (begin_ != end_) out_->copy({begin_, static_cast<std::size_t>(end_ - begin_)});
    begin_ = end_ = nullptr;
  }

 private:
  Output* out_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace

// What becomes of a value by the nodes of a shape, while a checker reads it. All but new names are slices of
// the text. Nested as deeply as paths are long.
class Shaper {
 public:
  // `looks_ahead`: for a text that was checked, where members give way to those that get their names, wherever
  // these stand.
  Shaper(const Shape& shape, Checker& checker, Output& out, bool looks_ahead = false) noexcept
      : nodes_(shape.nodes_), checker_(checker), pen_(out), looks_ahead_(looks_ahead) {}

  // Of the value at `at`; its end, or null after a fault.
  const char* value(const char* at, std::uint32_t index = 0) {
    const Node& node = nodes_[index];
    if (*at == '{') return object(at, index);
    if (*at == '[')
      for (const Child& c : node.children)
        if (c.kind == Kind::each) return array(at, c.node);
    return copy(at);
  }
  void flush() { pen_.flush(); }
  // May an object have two members of a name now that had not? Then it takes one that looks ahead.
  bool collides() const noexcept { return collides_; }

 private:
  using Node = Shape::Node;
  using Child = Shape::Child;

  const char* copy(const char* at) {
    const char* end = checker_.value(at);
    if (end) pen_.copy(at, end);
    return end;
  }

  // The number of the child of that name as it is written, counted from one; 0 if there is none.
  static std::uint32_t rule(const Node& node, std::string_view name) {
    for (std::size_t i = 0; i < node.children.size(); ++i)
      if (node.children[i].kind == Kind::name && says(name, node.children[i].name))
        return static_cast<std::uint32_t>(i + 1);
    return 0;
  }
  // Has the value the type that the node's children are about? If not, `only` keeps nothing of it.
  bool fits(char first, std::uint32_t node) const {
    if (node == 0 || !nodes_[node].only) return true;
    for (const Child& c : nodes_[node].children)
      if (first == (c.kind == Kind::each ? '[' : '{')) return true;
    return false;
  }
  bool keeps(const Node& node, const Child& child, char first) const {
    bool kept = !node.only || child.whole || (child.node != 0 && nodes_[child.node].only);
    return kept && !child.dropped && (child.whole || fits(first, child.node));
  }

  static std::uint64_t bit(std::size_t child) noexcept { return std::uint64_t{1} << child % 64; }
  // By child: is it in the object that begins there, and gets another name?
  std::unique_ptr<bool[]> renamed_in(const char* object, const Node& node) const {
    auto out = std::make_unique<bool[]>(node.children.size());
    Members members({object, 1});
    Key key;
    for (const char* at = nullptr; members.begin(key, at); members.end(skip_value(at)))
      if (std::uint32_t r = rule(node, key.text); r != 0 && keeps(node, node.children[r - 1], *at))
        out[r - 1] = !node.children[r - 1].renamed.empty();
    return out;
  }

  const char* object(const char* at, std::uint32_t index) {
    const Node& node = nodes_[index];
    const char* bracket = at;
    std::uint64_t renamed = 0, inherited = 0;  // children, as bits
    std::unique_ptr<bool[]> heirs;             // see renamed_in()
    if (at = checker_.open(at, index + 1); !at) return at;
    pen_.copy(bracket, at);
    auto rule_of = [&](std::string_view name) { return rule(node, name); };
    bool written = false;    // is there a member in front?
    bool unchanged = false;  // is it the last one here, and stays as it stands?
    for (bool first = true;; first = false) {
      const char* before = at;
      const char* from = at;
      const Seam* seam = checker_.member(at, first, from, rule_of);
      if (!at) return at;
      if (from != before) {
        // What no child is about.
        if (!node.only) stay(before, from, written, unchanged);
        written |= !node.only;
        unchanged = !node.only;
      }
      if (!seam) break;
      const Child& child = node.children[seam->rule - 1];
      bool kept = keeps(node, child, *at);
      if (!child.renamed.empty()) {
        if (kept) renamed |= bit(seam->rule - 1);
      } else if (kept && child.heir != 0) {
        inherited |= bit(child.heir - 1);
        if (looks_ahead_ && !heirs) heirs = renamed_in(bracket, node);
        if (looks_ahead_ && heirs[child.heir - 1]) kept = false;
      }
      if (!kept) {
        unchanged = false;
        if (at = checker_.value(at); !at) return at;
        continue;
      }
      bool changes = !child.renamed.empty() || child.node != 0;
      if (unchanged && !changes) {
        pen_.copy(from, at);  // neighbours that stay as they stand, with what is between them
      } else {
        if (written) pen_.copy(from + seam->comma, from + seam->comma + 1);
        if (changes) {
          name(from, *seam, child);
        } else {
          pen_.copy(from + seam->name, at);
        }
      }
      written = true;
      unchanged = !changes;
      if (at = child.node != 0 ? value(at, child.node) : copy(at); !at) return at;
    }
    collides_ |= (renamed & inherited) != 0;
    pen_.copy(at - 1, at);
    return at;
  }
  // Members that stay as they stand. `unchanged`: so does the one before, and what is between them too.
  void stay(const char* begin, const char* end, bool written, bool unchanged) {
    if (!unchanged) {
      begin = skip_space(begin);
      if (*begin == ',') {
        if (written) pen_.copy(begin, begin + 1);
        begin = skip_space(begin + 1);
      }
    }
    pen_.copy(begin, end);
  }
  void name(const char* from, const Seam& seam, const Child& child) {
    if (child.renamed.empty()) {
      pen_.copy(from + seam.name, from + seam.behind_name);
    } else {
      pen_.write({child.renamed.data(), child.renamed.size() - kPadding});
    }
    pen_.copy(from + seam.colon, from + seam.colon + 1);
  }

  const char* array(const char* at, std::uint32_t node) {
    const char* bracket = at;
    if (at = checker_.open(at, 0); !at) return at;
    pen_.copy(bracket, at);
    const char* comma = nullptr;
    bool written = false;
    for (bool first = true; checker_.item(at, first, comma); first = false) {
      if (fits(*at, node)) {
        if (written) pen_.copy(comma, comma + 1);
        written = true;
        at = value(at, node);
      } else {
        at = checker_.value(at);
      }
      if (!at) return at;
    }
    if (at) pen_.copy(at - 1, at);
    return at;
  }

  const std::vector<Node>& nodes_;
  Checker& checker_;
  Pen pen_;
  bool looks_ahead_;
  bool collides_ = false;
};

void Shape::apply(std::string_view value, Output& out) const {
  // What has no inside stays as it is.
  bool plain = !is(value, Type::object) && !is(value, Type::array);
  if (plain || !changes()) {
    out << value;
    return;
  }
  if (nodes_.empty()) return make_moves(value, out);
  Output apart;
  Output& shaped = moves_.empty() ? out : apart;
  std::size_t before = shaped.size();
  if (shape(value, false, shaped)) {
    shaped.cut(before);
    shape(value, true, shaped);
  }
  if (!moves_.empty()) make_moves(apart.text(), out);
}

// By the nodes, of a value that was checked. True: see Shaper::collides().
bool Shape::shape(std::string_view value, bool looks_ahead, Output& out) const {
  Checker checker(value, true);
  Shaper shaper(*this, checker, out, looks_ahead);
  shaper.value(value.data());
  shaper.flush();
  return shaper.collides();
}

std::optional<Fault> Shape::check_and_apply(std::string_view text, std::span<const PathStep> names,
                                            std::string_view& found, Output& out) const {
  found = {};
  if (nodes_.empty()) {
    auto fault = json::check(text, names, found);
    if (found.data()) apply(found, out);
    return fault;
  }
  constexpr std::size_t kFirst = 16 * 1024;
  Output apart;
  Output& shaped = moves_.empty() ? out : apart;
  std::size_t before = shaped.size();
  bool collides = false;
  Checker checker(text);
  Along along(
      checker, names,
      [&](const char* at) {
        // Longer names make it longer than it was.
        auto left = static_cast<std::size_t>(text.data() + text.size() - at);
        shaped.reserve(std::min(kFirst, left + left / 16 + 1));
        Shaper shaper(*this, checker, shaped);
        const char* end = shaper.value(at);
        if (!end) return end;
        shaper.flush();
        found = {at, static_cast<std::size_t>(end - at)};
        collides = shaper.collides();
        return end;
      },
      [&] {
        shaped.cut(before);
        found = {};
      });
  auto fault = checker.whole([&](const char* at) { return along.go(at); });
  if (fault) {
    shaped.cut(before);
    found = {};
    return fault;
  }
  if (found.data() && collides) {
    shaped.cut(before);
    shape(found, true, shaped);
  }
  if (found.data() && !moves_.empty()) make_moves(apart.text(), out);
  return fault;
}

// One move after the other.
void Shape::make_moves(std::string_view value, Output& out) const {
  Output passes[2];
  std::string_view now = value;
  std::size_t turn = 0;
  for (std::size_t i = 0; i + 1 < moves_.size(); ++i, turn = 1 - turn) {
    passes[turn].cut(0);
    move_in(now, moves_[i], moves_[i].arrays, passes[turn]);
    now = passes[turn].text();
  }
  move_in(now, moves_.back(), moves_.back().arrays, out);
}

namespace {

// What stands between the brackets of a list, or the one item that a value is.
std::string_view items_of(std::string_view value) noexcept {
  if (is(value, Type::null)) return {};
  return is(value, Type::array) ? trimmed(value.substr(1, value.size() - 2)) : value;
}

void join(std::string_view a, std::string_view b, Output& out) {
  std::string_view first = items_of(a), second = items_of(b);
  out << '[' << first;
  if (!first.empty() && !second.empty()) out << ',';
  out << second << ']';
}

}  // namespace

// Goes to the objects at the end of `arrays` and moves there.
void Shape::move_in(std::string_view value, const Move& move, std::span<const PathStep> arrays, Output& out) {
  if (arrays.empty()) {
    auto found = is(value, Type::object) ? find(value, move.from) : std::nullopt;
    if (!found) {
      out << value;
      return;
    }
    if (!move.appends) return edit(value, {move.from, move.to, *found}, out);
    Output list;
    join(find(value, move.to).value_or("null"), *found, list);
    return edit(value, {move.from, move.to, list.text()}, out);
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
