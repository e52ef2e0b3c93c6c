// SPDX-License-Identifier: Apache-2.0
// The part of the Binder that reads structs: long and short forms, unions, rules between fields.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/base/strings.h"
#include "gateway/config/alternatives.h"
#include "gateway/config/binder.h"
#include "gateway/config/mask.h"
#include "gateway/config/walk.h"

namespace sluice::config {

namespace {

constexpr std::size_t kMostListed = 12;  // names in a hint

void* member(void* object, std::size_t offset) noexcept { return static_cast<char*>(object) + offset; }

std::string listed(const std::vector<std::string_view>& names) {
  std::string out;
  for (std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::string listed(const std::vector<std::string>& names) {
  return listed(std::vector<std::string_view>(names.begin(), names.end()));
}

}  // namespace

bool Binder::structure(const StructShape& shape, const Node& node, void* out, const Step& at) {
  Progress p{shape, node, out, at, std::vector<bool>(shape.fields.size()), {}};
  p.chosen.resize(shape.unions.size());
  if (node.kind == Kind::mapping)
    p.ok = long_form(p);
  else if (!short_form(p))
    return false;
  check_presence(p);
  if (!p.ok || shape.checks.empty()) return p.ok;
  std::size_t before = diagnostics_.errors();
  Site site(report_, node, path(at));
  for (const auto& check : shape.checks) check(out, site);
  return diagnostics_.errors() == before;
}

bool Binder::short_form(Progress& p) {
  const Node& node = p.node;
  if (node.kind == Kind::scalar && !p.shape.words.empty()) {
    for (const ShortWord& word : p.shape.words) {
      if (word.text != node.text()) continue;
      word.apply(p.out);
      p.seen.assign(p.seen.size(), true);
      return true;
    }
  }
  const Field* f = short_for(p.shape, node.kind);
  if (!f) {
    if (node.kind != Kind::scalar || p.shape.words.empty()) return mismatch(p.shape, nullptr, node, p.at);
    std::vector<std::string_view> words;
    for (const ShortWord& word : p.shape.words) words.push_back(word.text);
    bool secret = node.substituted || p.at.secret;
    return refuse(node, p.at,
                  fmt::format("expected {}, got {}", expectation(p.shape), secret ? kMask : node.text()),
                  secret ? "" : did_you_mean(base::nearest(node.text(), words)));
  }
  p.ok = field(*f, node.place, node, p);
  return true;
}

bool Binder::long_form(Progress& p) {
  bool ok = true;
  for (const Entry& entry : p.node.entries()) {
    if (const Field* f = p.shape.find(entry.key)) {
      if (!field(*f, entry.key_place, *entry.value, p)) ok = false;
    } else if (!alternative(entry, p)) {
      ok = false;
    }
  }
  return ok;
}

bool Binder::field(const Field& f, Place key_place, const Node& node, Progress& p) {
  p.seen[static_cast<std::size_t>(&f - p.shape.fields.data())] = true;
  Step at{&p.at, f.name, 0, p.at.secret || f.rules.secret};
  if (!f.deprecated.empty())
    diagnostics_.warning(key_place, path(at), fmt::format("`{}` is deprecated", f.name), f.deprecated);
  const Shape* shape = &f.shape();
  void* out = member(p.out, f.offset);
  if (f.one_or_many && node.kind != Kind::sequence && node.kind != Kind::broken) {
    if (at.secret) hide(node);
    if (shape->form == Shape::Form::optional) {
      out = static_cast<const OptionalShape*>(shape)->emplace(out);
      shape = &static_cast<const OptionalShape*>(shape)->content();
    }
    return element(static_cast<const ListShape&>(*shape), &f.rules, node, out, at);
  }
  return value(*shape, &f.rules, node, out, at);
}

bool Binder::alternative(const Entry& entry, Progress& p) {
  for (std::size_t i = 0; i < p.shape.unions.size(); ++i) {
    const UnionFacts& u = p.shape.unions[i];
    const Alternative* found = u.table->find(entry.key);
    if (!found) continue;
    if (p.chosen[i]) {
      diagnostics_.error(entry.key_place, path(p.at),
                         fmt::format("`{}` and `{}` stand together: write one {} here", p.chosen[i]->key,
                                     entry.key, u.table->what()));
      return false;
    }
    p.chosen[i] = &entry;
    auto settings = found->make();
    bool ok =
        value(found->shape(), nullptr, *entry.value, settings.get(), {&p.at, entry.key, 0, p.at.secret});
    *static_cast<Choice*>(member(p.out, u.offset)) = Choice(*found, std::move(settings));
    return ok;
  }
  unknown_key(entry, p);
  return false;
}

void Binder::unknown_key(const Entry& entry, Progress& p) {
  std::vector<std::string_view> known;
  for (const Field& f : p.shape.fields)
    if (f.deprecated.empty()) known.push_back(f.name);
  // A name in `use`: its long form has settings, but nobody writes it out.
  bool alternatives = !p.shape.unions.empty() && known.size() <= p.shape.shorthands.size();
  std::string kind = alternatives ? p.shape.unions[0].table->what() : "setting";
  std::vector<std::string_view> choices;
  for (const UnionFacts& u : p.shape.unions)
    for (const auto& a : u.table->all()) choices.push_back(a->name);
  known.insert(known.end(), choices.begin(), choices.end());

  std::string_view near = base::nearest(entry.key, known);
  for (const UnionFacts& u : p.shape.unions)
    if (!near.empty() && u.table->find(near)) kind = u.table->what();
  if (const Field* f = p.shape.find(near)) {
    p.seen[static_cast<std::size_t>(f - p.shape.fields.data())] = true;  // not missing, but misspelt
    if (holds_secret(*f)) hide(*entry.value);
  }
  std::string hint = did_you_mean(near);
  if (hint.empty() && alternatives)
    hint = "known here: " + listed(choices);
  else if (hint.empty() && !known.empty() && known.size() <= kMostListed)
    hint = "known here: " + listed(known);
  Step at{&p.at, entry.key, 0};
  diagnostics_.error(entry.key_place, path(at), fmt::format("unknown {} `{}`", kind, entry.key),
                     std::move(hint));
}

bool Binder::is_present(const Progress& p, std::string_view name) const {
  if (const Field* f = p.shape.find(name)) return p.seen[static_cast<std::size_t>(f - p.shape.fields.data())];
  return std::any_of(p.chosen.begin(), p.chosen.end(), [&](const Entry* e) { return e && e->key == name; });
}

// What must be there and is not. Complaints stand at the struct, or where its first key is.
void Binder::check_presence(Progress& p) {
  for (std::size_t i = 0; i < p.shape.fields.size(); ++i) {
    const Field& f = p.shape.fields[i];
    if (!f.required || p.seen[i]) continue;
    Step at{&p.at, f.name, 0};
    p.ok = refuse(p.node, at, fmt::format("`{}` is missing", f.name),
                  f.examples.empty() ? "" : fmt::format("as in {}: {}", f.name, f.examples.front()));
  }
  for (std::size_t i = 0; i < p.shape.unions.size(); ++i) {
    const UnionFacts& u = p.shape.unions[i];
    if (!u.required || p.chosen[i]) continue;
    if (!p.ok && p.node.kind == Kind::mapping && !p.node.entries().empty())
      continue;  // a misspelt key, most likely
    std::vector<std::string_view> names;
    for (const auto& a : u.table->all()) names.push_back(a->name);
    bool few = names.size() <= kMostListed;
    p.ok = refuse(p.node, p.at, fmt::format("a {} is missing", u.table->what()),
                  few ? "one of: " + listed(names) : "");
  }
  for (const Group& group : p.shape.groups) check_group(group, p);
}

void Binder::check_group(const Group& group, Progress& p) {
  std::vector<std::string_view> present;
  for (const std::string& name : group.names)
    if (is_present(p, name)) present.push_back(name);
  bool too_many = present.size() > 1 && group.how_many != HowMany::at_least_one;
  bool too_few = present.empty() && group.how_many != HowMany::at_most_one && p.node.kind == Kind::mapping;
  if (too_few && p.ok)
    p.ok = refuse(p.node, p.at,
                  (group.how_many == HowMany::exactly_one ? "one of " : "at least one of ") +
                      listed(group.names) + " is missing");
  if (too_many && p.node.kind == Kind::mapping)
    p.ok = refuse(p.node, p.at, listed(present) + " stand together: write one of them");
}

}  // namespace sluice::config
