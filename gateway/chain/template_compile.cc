// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/template.h"
#include "gateway/chain/variables.h"
#include "gateway/config/diagnostic.h"

namespace sluice::chain {
namespace {

bool capture_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string all_names() {
  std::string out;
  for (const Variable& v : variables()) {
    if (!out.empty()) out += ", ";
    out += v.name;
    if (v.takes_name()) out += "NAME";
  }
  return out;
}

// A proposal for a name that is none, or else the list.
std::string hint_for(std::string_view name) {
  std::size_t dot = name.find('.');
  std::vector<std::string_view> known;
  for (const Variable& v : variables())
    if (!v.takes_name()) known.push_back(v.name);
  if (auto near = base::nearest(name, known); !near.empty())
    return config::did_you_mean(fmt::format("${{{}}}", near));
  known.clear();
  for (const Variable& v : variables())
    if (v.takes_name()) known.push_back(v.name.substr(0, v.name.size() - 1));
  auto near = base::nearest(name.substr(0, dot), known);
  if (dot == std::string_view::npos || near.empty()) return "variables are " + all_names();
  return config::did_you_mean(fmt::format("${{{}{}}}", near, name.substr(dot)));
}

}  // namespace

class TemplateCompiler {
 public:
  explicit TemplateCompiler(std::string_view text) : text_(text) { out_.text_ = text; }

  std::variant<Template, Template::Fault> compile() {
    while (at_ < text_.size()) {
      std::size_t dollar = std::min(text_.find('$', at_), text_.size());
      literal(text_.substr(at_, dollar - at_));
      at_ = dollar;
      std::string_view rest = text_.substr(at_);
      if (rest.starts_with("$${")) {
        literal("${");
        at_ += 3;
      } else if (rest.starts_with("${")) {
        if (!variable()) return std::move(fault_);
      } else if (!rest.empty()) {
        literal("$");
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  bool fail(std::string message, std::string hint) {
    fault_ = {at_, std::move(message), std::move(hint)};
    return false;
  }

  void literal(std::string_view text) {
    if (text.empty()) return;
    if (out_.parts_.empty() || out_.parts_.back().variable) out_.parts_.push_back({nullptr, size(), 0, {}});
    out_.bytes_ += text;
    out_.parts_.back().size += static_cast<std::uint32_t>(text.size());
  }

  // At "${".
  bool variable() {
    std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos)
      return fail("`${` is not closed", "close it with `}`, or write `$${` for a plain `${`");
    std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
    for (const Variable& v : variables()) {
      bool known = v.takes_name() ? name.starts_with(v.name) : name == v.name;
      if (known) {
        at_ = end + 1;
        return add(v, name.substr(v.takes_name() ? v.name.size() : name.size()), end + 1 - name.size() - 3);
      }
    }
    return fail(fmt::format("`{}` is no variable", name), hint_for(name));
  }

  bool add(const Variable& v, std::string_view argument, std::size_t begin) {
    bool header = v.name == "header.";
    std::string wrong;
    if (v.takes_name() && argument.empty()) wrong = fmt::format("a name is missing behind `{}`", v.name);
    if (header && !argument.empty() && !http::valid_field_name(argument))
      wrong = fmt::format("`{}` is no name of a header field", argument);
    if (v.name == "path." && !capture_name(argument))
      wrong = fmt::format("`{}` is no name of a capture", argument);
    if (!wrong.empty()) {
      at_ = begin;
      return fail(std::move(wrong), {});
    }
    out_.parts_.push_back({&v, size(), static_cast<std::uint32_t>(argument.size()),
                           header ? http::field_id(argument) : http::FieldId::other});
    out_.bytes_ += argument;
    ++out_.variables_;
    return true;
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(out_.bytes_.size()); }

  std::string_view text_;
  std::size_t at_ = 0;
  Template out_;
  Template::Fault fault_;
};

std::variant<Template, Template::Fault> Template::compile(std::string_view text) {
  return TemplateCompiler(text).compile();
}

void describe(config::Text<Template>& t) {
  t.about("text with variables", "a text, in which ${...} stands for a value");
  t.example("${client.ip}");
  t.read([](std::string_view text, Template& out) -> config::Refusal {
    auto compiled = Template::compile(text);
    if (auto* fault = std::get_if<Template::Fault>(&compiled))
      return config::Complaint{fmt::format("{} (at character {})", fault->message, fault->offset + 1),
                               fault->hint};
    out = std::get<Template>(std::move(compiled));
    return {};
  });
  t.write([](const Template& text) { return text.text(); });
}

std::string field_text(const Template& text) {
  if (http::valid_field_value(text.rendered_with("x"))) return {};
  return "must not hold control characters, nor begin or end with a blank";
}

void check_captures(const Template& text, std::string_view field, Builder& builder) {
  const auto& captures = builder.route().captures;
  std::vector<std::string_view> known(captures.begin(), captures.end());
  for (std::string_view name : text.captures()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto near = base::nearest(name, known);
    builder.error(field, fmt::format("the path of this route captures no `{}`", name),
                  near.empty() ? fmt::format("write `{{{}}}` for a segment in `match.path`", name)
                               : config::did_you_mean(fmt::format("${{path.{}}}", near)));
  }
}

}  // namespace sluice::chain
