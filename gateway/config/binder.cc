// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/binder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gateway/base/strings.h"
#include "gateway/config/bind.h"
#include "gateway/config/json.h"
#include "gateway/config/mask.h"

namespace sluice::config {

namespace {

constexpr std::size_t kMostProposals = 100;  // looking for a near name among thousands takes its time

std::string_view what(const Node& node) noexcept {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a text";
    case Kind::sequence:
      return "a list";
    default:
      return "a mapping";
  }
}

bool is_secret(const ScalarShape& shape, const Rules* rules, const Node& node,
               const Binder::Step& at) noexcept {
  return shape.secret || (rules && rules->secret) || node.substituted || at.secret;
}

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Where the text's byte `offset` stands, if the text was written as it is: in one line and without escapes.
Place place_in(const Node& node, std::size_t offset) noexcept {
  Place place = node.place;
  std::size_t written = node.end_column - place.column, quotes = node.quoted ? 2 : 0;
  bool as_it_is = !node.defined && !node.substituted && node.end_line == place.line &&
                  written == characters(node.text()) + quotes;
  if (as_it_is && offset <= node.text().size())
    place.column += static_cast<std::uint32_t>(quotes / 2 + characters(node.text().substr(0, offset)));
  return offset == 0 ? node.place : place;
}

}  // namespace

std::string Binder::path(const Step& at) {
  std::vector<const Step*> way;
  for (const Step* s = &at; s && s->up; s = s->up) way.push_back(s);
  std::string out;
  for (auto s = way.rbegin(); s != way.rend(); ++s) {
    if ((*s)->name.data())
      append(out, (*s)->name);
    else
      append(out, (*s)->index);
  }
  return out;
}

bool Binder::refuse(const Node& node, const Step& at, std::string message, std::string hint,
                    std::size_t offset) {
  if (node.defined) message += " (defined at " + diagnostics_.sources().text(node.defined->place) + ")";
  diagnostics_.error(place_in(node, offset), path(at), std::move(message), std::move(hint));
  return false;
}

void Binder::hide(const Node& node) {
  // Of ${env:}, ${file:} and ${vault:} only the name stands in the file; the key hides what may stand around
  // it.
  if (node.kind == Kind::null || node.kind == Kind::broken || node.substituted) return;
  diagnostics_.sources().hide(node.place, node.end_line, node.end_column);
  if (node.defined) hide(*node.defined);
  diagnostics_.sources().hide_text(node.text());
}

bool Binder::value(const Shape& shape, const Rules* rules, const Node& node, void* out, const Step& at) {
  if (node.kind == Kind::broken) return false;
  if ((rules && rules->secret) || at.secret) hide(node);
  switch (shape.form) {
    case Shape::Form::scalar:
      return scalar(static_cast<const ScalarShape&>(shape), rules, node, out, at);
    case Shape::Form::list:
      return list(static_cast<const ListShape&>(shape), rules, node, out, at);
    case Shape::Form::map:
      return map(static_cast<const MapShape&>(shape), rules, node, out, at);
    case Shape::Form::structure: {
      bool ok = structure(static_cast<const StructShape&>(shape), node, out, at);
      return ok && obeys(rules, node, out, at);
    }
    case Shape::Form::json:
      return json(node, out) && obeys(rules, node, out, at);
    case Shape::Form::optional:
      break;
  }
  auto& optional = static_cast<const OptionalShape&>(shape);
  return value(optional.content(), rules, node, optional.emplace(out), at);
}

bool Binder::mismatch(const Shape& shape, const Rules*, const Node& node, const Step& at) {
  if (node.kind == Kind::null) {
    bool mapping = shape.form == Shape::Form::structure || shape.form == Shape::Form::map;
    return refuse(node, at, "expected " + expectation(shape) + ", got nothing",
                  mapping ? "write {} for the defaults, or leave the key out"
                          : "give it a value, or leave the key out");
  }
  return refuse(node, at, fmt::format("expected {}, got {}", expectation(shape), what(node)));
}

bool Binder::scalar(const ScalarShape& shape, const Rules* rules, const Node& node, void* out,
                    const Step& at) {
  bool hidden = is_secret(shape, rules, node, at);
  if (hidden) hide(node);
  if (node.kind != Kind::scalar) return mismatch(shape, rules, node, at);
  if (auto refusal = shape.read(node, node.text(), out)) {
    if (hidden) return refuse(node, at, "expected " + expectation(shape) + ", got ***");
    return refuse(node, at, std::move(refusal->message), std::move(refusal->hint), refusal->offset);
  }
  if (!rules) return true;
  if (rules->matches && !rules->matches(node.text()))
    return refuse(node, at,
                  fmt::format("expected {}, got {}", rules->pattern_means,
                              hidden ? std::string(kMask) : json_quoted(node.text())));
  if (!has_size(rules, characters(node.text()), "character", node, at) ||
      !obeys(rules, node, out, at, hidden))
    return false;
  if (!rules->defines.empty()) define(rules, node.text(), node.place, at);
  if (!rules->reference.empty()) refer(rules->reference, node.text(), node, node.place);
  return true;
}

bool Binder::list(const ListShape& shape, const Rules* rules, const Node& node, void* out, const Step& at) {
  if (node.kind != Kind::sequence) return mismatch(shape, rules, node, at);
  const Rules* each = rules ? rules->each.get() : nullptr;
  bool ok = true;
  shape.resize(out, node.items().size());
  for (std::size_t i = 0; i < node.items().size(); ++i)
    if (!value(shape.element(), each, *node.items()[i], shape.at(out, i), {&at, {}, i, at.secret}))
      ok = false;
  if (!rules) return ok;
  ok = has_size(rules, node.items().size(), "element", node, at) && ok;
  if (ok && rules->unique) ok = is_unique(shape, node, out, at);
  return ok && obeys(rules, node, out, at);
}

// One value where a list may stand.
bool Binder::element(const ListShape& shape, const Rules* rules, const Node& node, void* out,
                     const Step& at) {
  shape.resize(out, 1);
  bool ok = value(shape.element(), rules->each.get(), node, shape.at(out, 0), at);
  return ok && has_size(rules, 1, "element", node, at) && obeys(rules, node, out, at);
}

bool Binder::map(const MapShape& shape, const Rules* rules, const Node& node, void* out, const Step& at) {
  if (node.kind != Kind::mapping) return mismatch(shape, rules, node, at);
  const Rules* each = rules ? rules->each.get() : nullptr;
  bool ok = true;
  shape.reserve(out, node.entries().size());
  for (const Entry& entry : node.entries()) {
    if (rules && !rules->defines.empty()) define(rules, entry.key, entry.key_place, at);
    if (rules && !rules->key_reference.empty())
      refer(rules->key_reference, entry.key, *entry.value, entry.key_place);
    if (!value(shape.element(), each, *entry.value, shape.emplace(out, entry.key),
               {&at, entry.key, 0, at.secret}))
      ok = false;
  }
  if (!rules) return ok;
  return has_size(rules, node.entries().size(), "entry", node, at) && ok && obeys(rules, node, out, at);
}

bool Binder::json(const Node& node, void* out) {
  static_cast<Json*>(out)->text = to_json(node);
  return true;
}

bool Binder::obeys(const Rules* rules, const Node& node, const void* value, const Step& at, bool hidden) {
  if (!rules) return true;
  for (const auto& check : rules->checks) {
    std::string wrong = check(value);
    if (wrong.empty()) continue;
    // A key that was pasted in place of its path is hidden as it is in excerpts.
    bool shown = !hidden && !rules->secret && !node.substituted && !at.secret;
    if (node.kind == Kind::scalar && shown && node.text().find("-----BEGIN") == std::string_view::npos)
      wrong += ", got " + std::string(node.text());
    return refuse(node, at, std::move(wrong));
  }
  return true;
}

bool Binder::has_size(const Rules* rules, std::size_t n, std::string_view unit, const Node& node,
                      const Step& at) {
  auto count = [&](std::size_t k) {
    if (k == 1) return fmt::format("1 {}", unit);
    return unit == "entry" ? fmt::format("{} entries", k) : fmt::format("{} {}s", k, unit);
  };
  if (n < rules->min_items)
    return refuse(node, at,
                  n == 0 ? "must not be empty" : fmt::format("needs at least {}", count(rules->min_items)));
  if (n > rules->max_items)
    return refuse(node, at, fmt::format("may have at most {}, got {}", count(rules->max_items), n));
  return true;
}

bool Binder::is_unique(const ListShape& shape, const Node& node, const void* list, const Step& at) {
  if (shape.element().form != Shape::Form::scalar) return true;
  auto& element = static_cast<const ScalarShape&>(shape.element());
  std::map<std::string, std::size_t> seen;
  bool ok = true;
  for (std::size_t i = 0; i < shape.size(list); ++i) {
    auto [first, added] = seen.try_emplace(element.write(shape.at(list, i)), i);
    if (added) continue;
    const Node& again = *node.items()[i];
    ok = refuse(again, {&at, {}, i}, "is in the list twice",
                "first at " + diagnostics_.sources().text(node.items()[first->second]->place));
  }
  return ok;
}

void Binder::define(const Rules* rules, std::string_view name, Place place, const Step& at) {
  if (names_.define(rules->defines, name, place)) return;
  Place first = names_.place(rules->defines, name);
  diagnostics_.error(place, path(at), fmt::format("there is already a {} named `{}`", rules->defines, name),
                     first ? "first at " + diagnostics_.sources().text(first) : "the name is built in");
}

void Binder::refer(const std::string& kind, std::string_view name, const Node& node, Place place) {
  pending_.push_back({&kind, name, &node, place});
}

void Binder::check_references() {
  if (!document_.complete()) return;
  std::size_t unknown = 0;
  for (const Pending& p : pending_) {
    if (names_.known(*p.kind, p.name)) continue;
    bool look = ++unknown <= kMostProposals;
    bool hidden = p.node->substituted && p.place == p.node->place;
    std::string shown(hidden ? kMask : p.name);
    std::string hint = hidden || !look ? "" : did_you_mean(names_.nearest(*p.kind, p.name));
    if (names_.count(*p.kind) == 0) hint = fmt::format("no {} is defined at all", *p.kind);
    diagnostics_.error(p.place, document_.path_of(*p.node),
                       fmt::format("there is no {} named `{}`", *p.kind, shown), std::move(hint));
  }
  pending_.clear();
}

}  // namespace sluice::config
