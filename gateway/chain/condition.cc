// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/variables.h"
#include "gateway/config/diagnostic.h"
#include "gateway/expression/written.h"

namespace sluice::chain {

using expression::Fault;
using expression::Part;
using expression::Symbol;
using expression::Texts;
using expression::Type;
using expression::Value;

namespace {

// "header", "client" and so on: the first words of all variables.
std::vector<std::string> roots_of_variables() {
  std::vector<std::string> out;
  for (const Variable& v : variables()) {
    std::string root(v.name.substr(0, v.name.find('.')));
    if (std::find(out.begin(), out.end(), root) == out.end()) out.push_back(std::move(root));
  }
  return out;
}

}  // namespace

class ConditionNames final : public expression::Names {
 public:
  ConditionNames(std::vector<Condition::Source>& sources, Condition::More* more) noexcept
      : sources_(sources), more_(more) {}

  std::variant<Symbol, Fault> find(std::span<const Part> path) override {
    const std::string& root = path[0].name;
    if (more_ && more_->knows(root)) return more(path);
    if (is(path, "consumer", "groups")) return add({Condition::Source::Kind::groups}, Type::collection);
    if (is(path, "consumer", "scopes")) return add({Condition::Source::Kind::scopes}, Type::collection);
    if (is(path, "request", "time")) return add({Condition::Source::Kind::time}, Type::time);
    for (const Variable& v : variables()) {
      std::size_t dot = v.name.find('.');
      if (v.name.substr(0, dot) != root || path.size() < 2) continue;
      std::string rest = expression::joined(path.subspan(1));
      if (v.takes_name() ? rest.empty() : v.name.substr(dot + 1) != rest) continue;
      return add({Condition::Source::Kind::variable, &v, v.takes_name() ? rest : "",
                  v.name == "header." ? http::field_id(rest) : http::FieldId::other},
                 Type::text);
    }
    return unknown(path);
  }

 private:
  static bool is(std::span<const Part> path, std::string_view a, std::string_view b) {
    return path.size() == 2 && path[0].name == a && path[1].name == b;
  }
  Symbol add(Condition::Source source, Type type) {
    sources_.push_back(std::move(source));
    return {type, static_cast<std::uint32_t>(sources_.size() - 1)};
  }
  std::variant<Symbol, Fault> more(std::span<const Part> path) {
    auto found = more_->find(path);
    if (auto* fault = std::get_if<Fault>(&found)) return std::move(*fault);
    Condition::Source source{Condition::Source::Kind::more};
    source.slot = std::get<Symbol>(found).slot;
    return add(std::move(source), std::get<Symbol>(found).type);
  }
  Fault unknown(std::span<const Part> path) const {
    std::vector<std::string> roots = roots_of_variables();
    if (more_)
      for (std::string& r : more_->roots()) roots.push_back(std::move(r));
    std::vector<std::string_view> known(roots.begin(), roots.end());
    bool has_root = std::find(known.begin(), known.end(), path[0].name) != known.end();
    std::string name =
        has_root && path.size() > 1 ? path[0].name + "." + expression::joined(path.subspan(1)) : path[0].name;
    auto near = has_root ? std::string_view() : base::nearest(path[0].name, known);
    std::string hint = "names begin with " + fmt::format("{}", fmt::join(known, ", "));
    if (!near.empty()) hint = config::did_you_mean(near);
    if (has_root) hint = path.size() == 1 ? fmt::format("a name behind it says what: `{}.x`", name) : "";
    return {0, fmt::format("`{}` is nothing that a condition can look at", name), std::move(hint)};
  }

  std::vector<Condition::Source>& sources_;
  Condition::More* more_;
};

class ConditionValues final : public expression::Values {
 public:
  ConditionValues(const Condition& condition, Exchange& ex, const expression::Values* more) noexcept
      : condition_(condition), ex_(ex), more_(more) {}

  Value value(std::uint32_t slot) const override {
    const Condition::Source& s = condition_.sources_[slot];
    switch (s.kind) {
      case Condition::Source::Kind::groups:
        return Value::of(*ex_.arena.make<Texts>(ex_.identity.groups));
      case Condition::Source::Kind::scopes:
        return Value::of(*ex_.arena.make<Texts>(ex_.identity.scopes));
      case Condition::Source::Kind::time:
        return Value::of(ex_.worker.loop.clock().wall());
      case Condition::Source::Kind::more:
        return more_ ? more_->value(s.slot) : Value();
      case Condition::Source::Kind::variable:
        break;
    }
    std::string_view text = s.variable->read(ex_, s.argument, s.id);
    return Value::of(as_meant(text, s.variable->form));
  }

 private:
  // By the client.
  std::string_view as_meant(std::string_view text, Form form) const {
    bool query = form == Form::query_value;
    return query || form == Form::path_value ? decoded(text, query, ex_.arena) : text;
  }

  const Condition& condition_;
  Exchange& ex_;
  const expression::Values* more_;
};

std::variant<Condition, Fault> Condition::compile(std::string_view text, More* more) {
  Condition out;
  ConditionNames names(out.sources_, more);
  auto made = expression::Expression::compile(text, names);
  if (auto* fault = std::get_if<Fault>(&made)) return std::move(*fault);
  out.expression_ = std::get<expression::Expression>(std::move(made));
  return out;
}

bool Condition::holds(Exchange& ex, const expression::Values* more) const {
  return expression_.holds(ConditionValues(*this, ex, more));
}

std::vector<std::string_view> Condition::names() const {
  std::vector<std::string_view> out;
  for (const Source& s : sources_) {
    if (s.kind == Source::Kind::variable) out.push_back(s.variable->name);
    if (s.kind == Source::Kind::groups) out.push_back("consumer.groups");
    if (s.kind == Source::Kind::scopes) out.push_back("consumer.scopes");
    if (s.kind == Source::Kind::time) out.push_back("request.time");
  }
  return out;
}

bool Condition::about_identity() const noexcept {
  return std::any_of(sources_.begin(), sources_.end(), [](const Source& s) {
    bool lists = s.kind == Source::Kind::groups || s.kind == Source::Kind::scopes;
    return lists || (s.kind == Source::Kind::variable && s.variable->identity);
  });
}

void describe(config::Text<Condition>& t) {
  t.about("condition", "a condition such as header[\"x-tier\"] == \"gold\"");
  t.example("request.method in [\"GET\", \"HEAD\"]");
  expression::describe_written(t);
}

}  // namespace sluice::chain
