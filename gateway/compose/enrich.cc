// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/enrich.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "gateway/base/key_hash.h"

namespace sluice::compose {

using json::Type;

namespace {

class Comma {
 public:
  explicit Comma(json::Output& out) noexcept : out_(&out) {}
  json::Output& next() {
    if (!first_) *out_ << ',';
    first_ = false;
    return *out_;
  }

 private:
  json::Output* out_;
  bool first_ = true;
};

class Joining {
 public:
  Joining(const JoinPlan& plan, std::string_view other, base::Arena& arena, json::Output& out)
      : plan_(plan),
        arena_(arena),
        out_(out),
        name_(json::unescaped(std::string_view(plan.as).substr(1, plan.as.size() - 2), arena)) {
    auto list = json::find(other, plan.other_list);
    if (!list || !json::is(*list, Type::array)) return;
    json::Items items(*list);
    for (std::string_view item; items.next(item);)
      if (auto key = json::find(item, plan.with); key && scalar(*key))
        by_key_.emplace(json::plain(*key, arena), item);
  }

  // Walks to the list, copying what is beside the way.
  void write(std::string_view value, std::span<const json::PathStep> way) {
    if (way.empty()) return write_list(value);
    if (!json::is(value, Type::object)) {
      out_ << value;
      return;
    }
    out_ << '{';
    Comma comma(out_);
    json::Members members(value);
    for (json::Member m; members.next(m);) {
      comma.next() << '"' << m.key << "\":";
      if (json::says(m.key, way.front().name)) {
        write(m.value, way.subspan(1));
      } else {
        out_ << m.value;
      }
    }
    out_ << '}';
  }

 private:
  static bool scalar(std::string_view v) { return !json::is(v, Type::object) && !json::is(v, Type::array); }

  void write_list(std::string_view value) {
    if (json::is(value, Type::object) && plan_.list.empty())
      return write_item(value);  // one item, not in a list
    if (!json::is(value, Type::array)) {
      out_ << value;
      return;
    }
    out_ << '[';
    Comma comma(out_);
    json::Items items(value);
    for (std::string_view item; items.next(item);) {
      comma.next();
      write_item(item);
    }
    out_ << ']';
  }

  void write_item(std::string_view item) {
    if (!json::is(item, Type::object)) {
      out_ << item;
      return;
    }
    std::string_view match = "null";
    if (auto key = json::find(item, plan_.on); key && scalar(*key))
      if (auto found = by_key_.find(json::plain(*key, arena_)); found != by_key_.end()) match = found->second;
    out_ << '{';
    Comma comma(out_);
    json::Members members(item);
    for (json::Member m; members.next(m);)
      if (!json::says(m.key, name_)) comma.next() << '"' << m.key << "\":" << m.value;
    comma.next() << plan_.as << ':' << match << '}';
  }

  const JoinPlan& plan_;
  base::Arena& arena_;
  json::Output& out_;
  std::string_view name_;  // what it says
  std::unordered_map<std::string_view, std::string_view, base::TextHash> by_key_;
};

// What the names of an object's members say. Few are looked through, many are looked up by a table.
class Keys {
 public:
  Keys(std::string_view object, base::Arena& arena) {
    json::Members members(object);
    for (json::Member m; members.next(m);) {
      std::string_view key = json::unescaped(m.key, arena);
      if (count_ < few_.size()) {
        few_[count_++] = key;
      } else {
        many_.insert(key);
      }
    }
  }
  bool has(std::string_view key) const {
    auto end = few_.begin() + static_cast<std::ptrdiff_t>(count_);
    return std::find(few_.begin(), end, key) != end || (!many_.empty() && many_.contains(key));
  }

 private:
  std::array<std::string_view, 16> few_;
  std::size_t count_ = 0;
  std::unordered_set<std::string_view, base::TextHash> many_;  // those beyond the first ones
};

void zip_items(std::string_view a, std::string_view b, base::Arena& arena, json::Output& out) {
  if (!json::is(a, Type::object) || !json::is(b, Type::object)) {
    out << b;
    return;
  }
  out << '{';
  Comma comma(out);
  const Keys in_b(b, arena);
  json::Members members(a);
  for (json::Member m; members.next(m);)
    if (!in_b.has(json::unescaped(m.key, arena))) comma.next() << '"' << m.key << "\":" << m.value;
  json::Members others(b);
  for (json::Member m; others.next(m);) comma.next() << '"' << m.key << "\":" << m.value;
  out << '}';
}

}  // namespace

void join(const JoinPlan& plan, std::string_view value, std::string_view other, base::Arena& arena,
          json::Output& out) {
  Joining(plan, other, arena, out).write(value, plan.list);
}

void zip(std::string_view value, std::string_view other, base::Arena& arena, json::Output& out) {
  if (!json::is(value, Type::array) || !json::is(other, Type::array)) {
    out << value;
    return;
  }
  out << '[';
  Comma comma(out);
  json::Items left(value), right(other);
  std::string_view a, b;
  for (;;) {
    bool has_a = left.next(a), has_b = right.next(b);
    if (!has_a && !has_b) break;
    comma.next();
    if (has_a && has_b) {
      zip_items(a, b, arena, out);
    } else {
      out << (has_a ? a : b);
    }
  }
  out << ']';
}

}  // namespace sluice::compose
