// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "gateway/base/ascii.h"
#include "gateway/base/strings.h"
#include "gateway/config/alternatives.h"
#include "gateway/config/json.h"
#include "gateway/config/walk.h"
#include "gateway/config/write.h"

namespace sluice::config {

namespace {

constexpr std::string_view kQuotedMask = "\"***\"";

// Words that some YAML reader takes for a boolean or null.
bool is_special_word(std::string_view text) noexcept {
  static constexpr std::array<std::string_view, 10> kWords = {"true", "false", "null", "yes", "no",
                                                              "on",   "off",   "y",    "n",   "~"};
  for (std::string_view word : kWords)
    if (base::equal_ignoring_case(word, text)) return true;
  return false;
}

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// An amount with its unit: begins with a digit and yet is no number, date or time to anyone.
bool is_amount(std::string_view text) noexcept {
  return base::is_digit(text.front()) && (is_letter(text.back()) || text.back() == '%') &&
         text.find(':') == std::string_view::npos &&
         !(text.size() > 1 && text[0] == '0' && is_letter(text[1]));
}

bool is_plain(std::string_view text) noexcept {
  if (text.empty() || is_special_word(text)) return false;
  if (!is_letter(text.front()) && text.front() != '/' && text.front() != '_' && !is_amount(text))
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool inner = i + 1 < text.size();
    bool fine = is_letter(c) || base::is_digit(c) ||
                std::string_view("_/.-+=%@$*?;~^()|<>").find(c) != std::string_view::npos;
    if (c == ' ') fine = inner && text[i + 1] != '#' && text[i + 1] != ' ';
    if (c == ':') fine = inner && text[i + 1] != ' ';
    if (!fine) return false;
  }
  return true;
}

std::string yaml_text(std::string_view text) {
  return is_plain(text) ? std::string(text) : json_quoted(text);
}

std::string scalar_text(const ScalarShape& shape, const void* value) {
  std::string text = shape.write(value);
  bool is_text = shape.json_type == "text" || shape.json_type == "string";
  return is_text ? yaml_text(text) : text;
}

// Nothing in it: the same as leaving it out.
bool is_empty(const Shape& shape, const void* value) {
  switch (shape.form) {
    case Shape::Form::scalar:
      return static_cast<const ScalarShape&>(shape).write(value).empty();
    case Shape::Form::list:
      return static_cast<const ListShape&>(shape).size(value) == 0;
    case Shape::Form::map:
      return static_cast<const MapShape&>(shape).size(value) == 0;
    case Shape::Form::optional:
      return !static_cast<const OptionalShape&>(shape).get(value);
    default:
      return false;
  }
}

class Writer {
 public:
  Writer(const LongForm& how, bool has_document) : how_(how), has_document_(has_document) {}

  // After "key:" or "-"; `in_list` says which, as a mapping may begin on the line of its dash.
  void value(const Shape& its_shape, const void* value, const Node* node, bool secret, std::size_t indent,
             bool in_list) {
    const Shape* shape = &its_shape;
    while (shape->form == Shape::Form::optional) {
      auto& optional = static_cast<const OptionalShape&>(*shape);
      value = optional.get(value);
      if (!value) return line(" null");
      shape = &optional.content();
    }
    switch (shape->form) {
      case Shape::Form::scalar: {
        auto& scalar = static_cast<const ScalarShape&>(*shape);
        bool hidden = secret || scalar.secret || (node && node->substituted);
        return line(' ' + (hidden ? std::string(kQuotedMask) : scalar_text(scalar, value)));
      }
      case Shape::Form::json:
        return line(' ' + (secret || has_substitution(node) ? std::string(kQuotedMask)
                                                            : static_cast<const Json*>(value)->text));
      case Shape::Form::list:
        return list(static_cast<const ListShape&>(*shape), value, node, secret, indent);
      case Shape::Form::map:
        return map(static_cast<const MapShape&>(*shape), value, node, secret, indent, in_list);
      default:
        return structure(static_cast<const StructShape&>(*shape), value, node, secret, indent, in_list);
    }
  }
  std::string out;

 private:
  void line(std::string_view text) { out.append(text) += '\n'; }

  void list(const ListShape& shape, const void* list, const Node* node, bool secret, std::size_t indent) {
    std::size_t n = shape.size(list);
    if (n == 0) return line(" []");
    line("");
    for (std::size_t i = 0; i < n; ++i) {
      out.append(indent, ' ') += '-';
      value(shape.element(), shape.at(list, i), node_of(node, i), secret, indent + 2, true);
    }
  }

  // The key of an entry; the first one of a list item follows its dash.
  void key(std::string_view name, std::size_t indent, bool& follows_dash) {
    if (std::exchange(follows_dash, false))
      out += ' ';
    else
      out.append(indent, ' ');
    out += yaml_text(name) + ':';
  }

  void map(const MapShape& shape, const void* map, const Node* node, bool secret, std::size_t indent,
           bool in_list) {
    std::size_t n = shape.size(map);
    if (n == 0) return line(" {}");
    if (!in_list) line("");
    for (std::size_t i = 0; i < n; ++i) {
      auto name = shape.name(map, i);
      key(name, indent, in_list);
      value(shape.element(), shape.at(map, i), node ? node->find(name) : nullptr,
            secret || holds_secret(shape, name), indent + 2, false);
    }
  }

  void structure(const StructShape& shape, const void* object, const Node* node, bool secret,
                 std::size_t indent, bool in_list) {
    std::size_t start = out.size();
    if (!in_list) line("");
    std::size_t empty = out.size();
    for (const Field& field : shape.fields) {
      const void* member = member_of(object, field.offset);
      const Node* its_node = node_of(shape, field, node);
      if (!wanted(shape, field, member, its_node, is_word(shape, node))) continue;
      key(field.name, indent, in_list);
      value(field.shape(), member, its_node, secret || holds_secret(field), indent + 2, false);
    }
    for (const UnionFacts& u : shape.unions) {
      auto& choice = *static_cast<const Choice*>(member_of(object, u.offset));
      if (!choice) continue;
      key(choice.name(), indent, in_list);
      value(choice.kind()->shape(), choice.value().get(), node ? node->find(choice.name()) : nullptr, secret,
            indent + 2, false);
    }
    if (out.size() != empty) return;
    out.resize(start);
    line(" {}");
  }

  bool wanted(const StructShape& shape, const Field& field, const void* member, const Node* node,
              bool by_word) const {
    const Shape& its = field.shape();
    const void* by_default = member_of(shape.defaults.get(), field.offset);
    bool written = node && !by_word;
    bool unset = its.form == Shape::Form::optional;
    if (is_empty(its, member) && (unset || is_empty(its, by_default))) return false;
    if (written) return true;
    if (has_document_ && !by_word && (!how_.with_defaults || holds_secret(field))) return false;
    return how_.with_defaults || plain_text(its, member) != plain_text(its, by_default);
  }

  static std::string plain_text(const Shape& shape, const void* value) {
    Writer writer(LongForm{}, false);
    writer.value(shape, value, nullptr, false, 0, false);
    return writer.out;
  }

  LongForm how_;
  bool has_document_;
};

}  // namespace

std::string long_form(const Shape& root, const void* value, const Document* document, LongForm how) {
  Writer writer(how, document != nullptr);
  writer.value(root, value, document ? document->root() : nullptr, false, 0, false);
  std::string& out = writer.out;
  out.erase(0, out.find_first_not_of(" \n"));
  return std::move(out);
}

}  // namespace sluice::config
