// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/examples.h"

#include "gateway/config/alternatives.h"
#include "gateway/config/binder.h"
#include "gateway/config/json.h"
#include "gateway/config/load.h"
#include "gateway/config/walk.h"

namespace sluice::config {

namespace {

constexpr std::string_view kKey = "example";

// Every variable is set and every file can be read; nothing of the machine is looked at.
class MadeUpEnvironment final : public Environment {
 public:
  std::optional<std::string> variable(const std::string&) const override { return "example"; }
  Text read(const std::string&, std::size_t) const override { return {"example", {}}; }
  Names matches(const std::string&) const override { return {}; }
};

Document parsed(std::string_view yaml, Diagnostics& diagnostics) {
  static const MadeUpEnvironment environment;
  std::string text(kKey);
  text += ':';
  if (yaml.find('\n') == std::string_view::npos) {
    text.append(" ").append(yaml);
  } else {
    text += "\n  ";
    for (char c : yaml) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  }
  return parse(text + '\n', diagnostics, "example", environment);
}

const Node* node_in(const Document& document) {
  return document.root() ? document.root()->find(kKey) : nullptr;
}

class Trial {
 public:
  // `out` is a fresh object of the shape's type.
  void run(const std::string& where, const std::string& yaml, const Shape& shape, const Rules* rules,
           void* out) {
    Diagnostics diagnostics;
    Document document = parsed(yaml, diagnostics);
    Names names;
    Binder binder(document, diagnostics, names);
    if (const Node* node = node_in(document)) binder.value(shape, rules, *node, out, {});
    for (const Diagnostic& d : diagnostics.sorted()) wrong.push_back(where + ": " + d.message);
  }
  std::vector<std::string> wrong;
};

}  // namespace

std::string example_json(std::string_view yaml) {
  Diagnostics unheard;
  Document document = parsed(yaml, unheard);
  const Node* node = node_in(document);
  return node && !unheard.has_errors() && !node->substituted ? to_json(*node) : json_quoted(yaml);
}

std::vector<std::string> broken_examples(const Shape& root) {
  Trial trial;
  for (const StructShape* shape : structs_of(root)) {
    for (const std::string& example : shape->examples)
      trial.run(shape->name, example, *shape, nullptr, shape->make().get());
    for (const Field& field : shape->fields) {
      for (const std::string& example : field.examples) {
        auto object = shape->make();
        void* member = static_cast<char*>(object.get()) + field.offset;
        bool bare = field.one_or_many && !example.starts_with('[') && !example.starts_with("- ");
        trial.run(shape->name + '.' + field.name, bare ? "\n- " + example : example, field.shape(),
                  &field.rules, member);
      }
    }
    for (const UnionFacts& u : shape->unions)
      for (const auto& a : u.table->all())
        if (!a->example.empty())
          trial.run(u.table->what() + ' ' + a->name, a->example, a->shape(), nullptr, a->make().get());
  }
  return std::move(trial.wrong);
}

}  // namespace sluice::config
