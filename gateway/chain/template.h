// SPDX-License-Identifier: Apache-2.0
// Template: a text with variables, `/v1/users/${path.id}`, compiled when the configuration is read and
// rendered into the exchange's arena. A setting of this type is written as a text; `$${` stands for `${`.
// Used by filters and handlers. What a client sent is escaped for the place where the text is put (Purpose),
// so that no value can leave it: not the header line, not its path segment or query parameter, not the JSON
// string.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/chain/builder.h"
#include "gateway/config/types.h"
#include "gateway/http/fields.h"

namespace sluice::chain {

struct Exchange;
struct Variable;  // variables.h

// Where the rendered text is put.
enum class Purpose : std::uint8_t {
  // Value of a header field: values decoded, control characters become spaces, no blanks at the ends; what says
  // who calls is told as it is or, where a field cannot hold it, not at all.
  field,
  path,  // path of a request: values stay encoded, others than captures cannot bring slashes or queries along
  url,   // URL or reference: the same, and behind a "?" values stay inside their parameter
  json,  // JSON text with variables inside strings only
  html,  // HTML or XML
  text   // anything else: values decoded, nothing escaped
};

class Template {
 public:
  // A text that cannot be compiled: where in it, in bytes, and why.
  struct Fault {
    std::size_t offset = 0;
    std::string message;
    std::string hint;
  };

  Template() = default;
  static std::variant<Template, Fault> compile(std::string_view text);

  // As written.
  const std::string& text() const noexcept { return text_; }
  bool constant() const noexcept { return variables_ == 0; }
  // Without variables this is the text itself (it lives as long as the template), else it lies in the arena
  // or is the value. A variable that has no value is empty. Paths and URLs: where a part meets its neighbour
  // no double slash arises.
  std::string_view render(Exchange& ex, Purpose purpose) const;
  // The same of a path or URL that somebody is led to. Fails where a whole segment is values that are empty,
  // unless each is a piece of the client's path: the place would be another than the operator wrote.
  base::Result<std::string_view> render_place(Exchange& ex, Purpose purpose) const;
  // The text with every variable replaced by `value`, for checks of what is written around them.
  std::string rendered_with(std::string_view value) const;
  // Does a variable in it say who calls?
  bool tells_identity() const noexcept;
  // Names of the path captures that are used: those of `${path.name}`.
  std::vector<std::string_view> captures() const;

  bool operator==(const Template& other) const { return text_ == other.text_; }

 private:
  friend class TemplateCompiler;
  // A piece of bytes_: literal text, or the name behind the dot of a variable.
  struct Part {
    const Variable* variable = nullptr;  // null: literal
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    http::FieldId id = http::FieldId::other;  // of `${header.name}`
  };
  class Writer;
  Writer written(Exchange& ex, Purpose purpose) const;
  std::string_view bytes(const Part& part) const noexcept { return {bytes_.data() + part.offset, part.size}; }

  std::string text_;
  std::string bytes_;
  std::vector<Part> parts_;
  std::uint32_t variables_ = 0;
};

// Reads and documents settings of this type.
void describe(config::Text<Template>& text);

// Checks for settings: `d.field("to", &C::to, "...", config::check(field_text))`. What is written around the
// variables must be fit for a header field's value.
std::string field_text(const Template& text);

// Complains at `field` about captures that the route's path does not have. Each filter or handler with
// templates calls it when it is built.
void check_captures(const Template& text, std::string_view field, Builder& builder);

}  // namespace sluice::chain
