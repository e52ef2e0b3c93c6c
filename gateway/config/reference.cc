// SPDX-License-Identifier: Apache-2.0
// The reference page of a description, in Markdown.
#include <fmt/format.h>

#include <map>

#include "gateway/config/alternatives.h"
#include "gateway/config/load.h"
#include "gateway/config/walk.h"
#include "gateway/config/write.h"

namespace sluice::config {

namespace {

// In a table cell: a bar would end it, a line break the row.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|')
      out += "\\|";
    else if (c == '\n')
      out += ' ';
    else
      out += c;
  }
  return out;
}

std::string link(const StructShape& shape) {
  std::string anchor;
  for (char c : shape.name) anchor += c == ' ' ? '-' : c;
  return fmt::format("[{}](#{})", shape.name, anchor);
}

std::string type_text(const Shape& its_shape) {
  const Shape& shape = content_of(its_shape);
  switch (shape.form) {
    case Shape::Form::scalar: {
      auto& scalar = static_cast<const ScalarShape&>(shape);
      if (scalar.words.empty()) return scalar.name;
      std::string out;
      for (const WordFacts& word : scalar.words) out += (out.empty() ? "`" : ", `") + word.text + '`';
      return out;
    }
    case Shape::Form::list:
      return "list of " + type_text(static_cast<const ListShape&>(shape).element());
    case Shape::Form::map:
      return "mapping from names to " + type_text(static_cast<const MapShape&>(shape).element());
    case Shape::Form::structure:
      return link(static_cast<const StructShape&>(shape));
    default:
      return "any value";
  }
}

class Page {
 public:
  std::string write(const Shape& root, const Title& title) {
    out_ = "# " + title.title + "\n\nGenerated from the descriptions of the settings; do not edit.\n";
    for (const StructShape* shape : structs_of(root)) section(*shape, shape == &content_of(root));
    values();
    return std::move(out_);
  }

 private:
  void section(const StructShape& shape, bool is_root) {
    out_ += fmt::format("\n## {}\n\n{}\n", shape.name, shape.doc);
    short_forms(shape);
    if (!shape.fields.empty()) {
      out_ += "\n| Setting | Type | Default | Meaning |\n|---|---|---|---|\n";
      for (const Field& field : shape.fields) row(shape, field);
      if (is_root && !shape.find("include"))
        out_ += fmt::format("| `include` | list of text | none | {} |\n", kIncludeDoc);
    }
    for (const UnionFacts& u : shape.unions) alternatives(u);
    for (const Group& group : shape.groups) {
      std::string names;
      for (const std::string& name : group.names) names += (names.empty() ? "`" : ", `") + name + '`';
      std::string_view how = group.how_many == HowMany::exactly_one   ? "Exactly one"
                             : group.how_many == HowMany::at_most_one ? "At most one"
                                                                      : "At least one";
      out_ += fmt::format("\n{} of {}.\n", how, names);
    }
    for (const Field& field : shape.fields)
      for (const std::string& example : field.examples) sample(field.name, example);
    for (const std::string& example : shape.examples) out_ += "\n```yaml\n" + example + "\n```\n";
  }

  void sample(const std::string& key, const std::string& yaml) {
    std::string body = yaml;
    bool block = yaml.find('\n') != std::string::npos;
    for (std::size_t at = 0; block && (at = body.find('\n', at)) != std::string::npos; ++at)
      body.replace(at, 1, "\n  ");
    out_ += fmt::format("\n```yaml\n{}:{}{}\n```\n", key, block ? "\n  " : " ", body);
  }

  void short_forms(const StructShape& shape) {
    if (shape.words.empty() && shape.shorthands.empty()) return;
    out_ += "\nShort forms:\n\n";
    for (const ShortWord& word : shape.words) out_ += fmt::format("- `{}`: {}\n", word.text, word.doc);
    for (std::size_t i : shape.shorthands) {
      const Field& field = shape.fields[i];
      out_ += fmt::format("- {} alone stands for `{}`\n", type_text(field.shape()), field.name);
    }
  }

  void row(const StructShape& shape, const Field& field) {
    note_scalars(field.shape());
    std::string type = type_text(field.shape());
    if (field.one_or_many) type += ", or one of them";
    std::string meaning = field.doc;
    if (std::string rules = rules_text(field.rules); !rules.empty()) meaning += ' ' + rules;
    if (!field.since.empty()) meaning += " Since " + field.since + '.';
    if (!field.deprecated.empty()) meaning = fmt::format("**Deprecated:** {}. {}", field.deprecated, meaning);
    out_ += fmt::format("| `{}` | {} | {} | {} |\n", field.name, cell(type), cell(default_text(shape, field)),
                        cell(meaning));
  }

  static std::string default_text(const StructShape& shape, const Field& field) {
    if (field.required) return "**required**";
    if (!field.default_note.empty()) return field.default_note;
    const void* value = member_of(shape.defaults.get(), field.offset);
    switch (field.shape().form) {
      case Shape::Form::scalar: {
        auto& scalar = static_cast<const ScalarShape&>(field.shape());
        if (holds_secret(field)) return "none";
        std::string text = scalar.write(value);
        return text.empty() ? "none" : '`' + text + '`';
      }
      case Shape::Form::structure:
        return "see there";
      case Shape::Form::optional:
        return "none";
      case Shape::Form::list: {
        auto& list = static_cast<const ListShape&>(field.shape());
        if (list.size(value) == 0 || list.element().form != Shape::Form::scalar) return "none";
        std::string out;
        for (std::size_t i = 0; i < list.size(value); ++i)
          out += (i ? ", " : "") + static_cast<const ScalarShape&>(list.element()).write(list.at(value, i));
        return "`[" + out + "]`";
      }
      default:
        return "none";
    }
  }

  void alternatives(const UnionFacts& u) {
    out_ += fmt::format("\n{} {} {} of:\n\n| Key | Settings | Meaning |\n|---|---|---|\n", u.doc,
                        u.required ? "Exactly one" : "At most one", u.table->what());
    for (const auto& a : u.table->all()) {
      note_scalars(a->shape());
      std::string meaning = a->doc;
      if (!a->example.empty()) meaning += fmt::format(" Example: `{}: {}`", a->name, a->example);
      out_ += fmt::format("| `{}` | {} | {} |\n", a->name, cell(type_text(a->shape())), cell(meaning));
    }
  }

  // Remembers the kinds of value that are explained at the end.
  void note_scalars(const Shape& its_shape) {
    const Shape& shape = content_of(its_shape);
    if (shape.form == Shape::Form::list) return note_scalars(static_cast<const ListShape&>(shape).element());
    if (shape.form == Shape::Form::map) return note_scalars(static_cast<const MapShape&>(shape).element());
    if (shape.form != Shape::Form::scalar) return;
    auto& scalar = static_cast<const ScalarShape&>(shape);
    if (scalar.words.empty()) scalars_[scalar.name] = &scalar;
  }

  void values() {
    if (scalars_.empty()) return;
    out_ += "\n## Values\n\n| Type | Written as |\n|---|---|\n";
    for (const auto& [name, shape] : scalars_)
      out_ += fmt::format("| {} | {} |\n", cell(name),
                          cell(shape->secret ? "a text that is never shown" : shape->expects));
    out_ +=
        "\n`${env:NAME}`, `${file:/path}` and `${vault:path#field}` may stand in any value; what they put in "
        "is secret. A bare number is never a time or a size.\n";
  }

  std::string out_;
  std::map<std::string, const ScalarShape*> scalars_;
};

}  // namespace

std::string reference_page(const Shape& root, const Title& title) { return Page().write(root, title); }

}  // namespace sluice::config
