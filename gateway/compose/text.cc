// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/exchange.h"
#include "gateway/config/diagnostic.h"

namespace sluice::compose {

using json::Type;

std::optional<TextFault> misfit(std::string_view name, std::optional<Type> type,
                                std::span<const json::PathStep> path) {
  if (!type || path.empty()) return std::nullopt;
  bool by_name = path.front().kind == json::PathStep::Kind::name;
  if (*type == Type::array && by_name)
    return TextFault{0, fmt::format("`{}` is a list", name),
                     fmt::format("`{0}[].{1}` is that of each item, `{0}[0].{1}` that of the first", name,
                                 path.front().name)};
  if (*type == Type::object && !by_name)
    return TextFault{0, fmt::format("`{}` is an object, not a list", name), {}};
  if (*type == Type::string) return TextFault{0, fmt::format("`{}` is a text", name), {}};
  return std::nullopt;
}

std::variant<std::optional<Reference>, TextFault> parse_reference(std::string_view inside,
                                                                  const CallNames& calls) {
  std::string_view root = inside.substr(0, inside.find_first_of(".["));
  auto number = calls.number(root);
  if (!number) return std::nullopt;
  Reference out{*number, {}};
  std::string_view rest = inside.substr(root.size());
  if (rest.empty()) return out;
  std::size_t skipped = root.size() + (rest.front() == '.' ? 1 : 0);
  auto path = json::Path::parse(inside.substr(skipped));
  if (auto* fault = std::get_if<json::Path::Fault>(&path))
    return TextFault{skipped + fault->offset, fault->message, {}};
  out.path = std::get<json::Path>(std::move(path));
  if (auto fault = misfit(root, calls.type(*number), out.path.steps())) return std::move(*fault);
  return out;
}

class CallTextCompiler {
 public:
  CallTextCompiler(CallText::Place place, const CallNames& calls, bool each) : calls_(calls), each_(each) {
    out_.place_ = place;
  }

  std::variant<CallText, TextFault> compile(std::string_view text) {
    bool good = out_.place_ == CallText::Place::json ? json(text) : plain(text);
    if (!good) return std::move(fault_);
    return std::move(out_);
  }

 private:
  using Part = CallText::Part;

  bool fail(std::size_t offset, std::string message, std::string hint = {}) {
    fault_ = {offset, std::move(message), std::move(hint)};
    return false;
  }
  void literal(std::string_view text) {
    if (text.empty()) return;
    if (out_.place_ == CallText::Place::uri && text.find('?') != std::string_view::npos) in_query_ = true;
    if (out_.parts_.empty() || out_.parts_.back().kind != Part::Kind::literal) out_.parts_.emplace_back();
    out_.parts_.back().text += text;
  }

  bool plain(std::string_view text) {
    return pieces(text, [this](std::string_view piece) { literal(piece); }, false);
  }

  // The JSON as it is, but for strings with references.
  bool json(std::string_view text) {
    base::Arena arena;
    std::string padded(text);
    padded.append(json::kPadding, '\0');
    text = std::string_view(padded).substr(0, text.size());
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] != '"') {
        literal(text.substr(at, 1));
        ++at;
        continue;
      }
      auto size = static_cast<std::size_t>(json::closing_quote(text.data() + at) - (text.data() + at)) + 1;
      std::string_view inside = json::unescaped(text.substr(at + 1, size - 2), arena);
      // A member's name stays a text, whatever is put into it.
      bool name = *json::skip_space(text.data() + at + size) == ':';
      bool whole = !name && inside.starts_with("${") && inside.find('}') + 1 == inside.size();
      if (!whole) literal("\"");
      auto escaped = [this](std::string_view piece) {
        std::string quoted = json::quoted(piece);
        literal(std::string_view(quoted).substr(1, quoted.size() - 2));
      };
      if (!pieces(inside, escaped, whole)) return false;
      if (!whole) literal("\"");
      at += size;
    }
    return true;
  }

  template <class Literal>
  bool pieces(std::string_view text, Literal&& put, bool whole) {
    std::size_t at = 0;
    while (at < text.size()) {
      std::size_t open = text.find("${", at);
      if (open == std::string_view::npos) {
        put(text.substr(at));
        break;
      }
      if (open > 0 && text[open - 1] == '$' && open > at) {
        put(text.substr(at, open - 1 - at));
        put("${");
        at = open + 2;
        continue;
      }
      put(text.substr(at, open - at));
      std::size_t close = text.find('}', open);
      if (close == std::string_view::npos)
        return fail(open, "`${` is not closed", "close it with `}`, or write `$${` for a plain `${`");
      if (!variable(text.substr(open + 2, close - open - 2), open, whole)) return false;
      at = close + 1;
    }
    return true;
  }

  bool variable(std::string_view inside, std::size_t offset, bool whole) {
    Part part;
    part.in_query = in_query_;
    part.whole = whole;
    part.text = inside;
    if (inside == "each") {
      if (!each_) return fail(offset, "there is no `each` in this call");
      part.kind = Part::Kind::each;
      out_.uses_each_ = true;
    } else {
      auto reference = parse_reference(inside, calls_);
      if (auto* fault = std::get_if<TextFault>(&reference))
        return fail(offset + 2 + fault->offset, std::move(fault->message), std::move(fault->hint));
      if (auto& found = std::get<0>(reference)) {
        part.kind = Part::Kind::reference;
        part.index = static_cast<std::uint32_t>(out_.references_.size());
        if (std::find(out_.needs_.begin(), out_.needs_.end(), found->call) == out_.needs_.end())
          out_.needs_.push_back(found->call);
        out_.references_.push_back(std::move(*found));
      } else if (!exchange_variable(inside, offset, part)) {
        return false;
      }
    }
    out_.parts_.push_back(std::move(part));
    return true;
  }

  bool exchange_variable(std::string_view inside, std::size_t offset, Part& part) {
    // A URL's query is where a Template escapes for one, so that is where it is told to be.
    bool query = out_.place_ == CallText::Place::uri && in_query_;
    auto made = chain::Template::compile(fmt::format("{}${{{}}}", query ? "?" : "", inside));
    if (auto* fault = std::get_if<chain::Template::Fault>(&made)) {
      auto names = calls_.all();
      auto near = base::nearest(inside.substr(0, inside.find_first_of(".[")), names);
      return fail(offset, fault->message, near.empty() ? fault->hint : config::did_you_mean(near));
    }
    part.kind = Part::Kind::variable;
    part.index = static_cast<std::uint32_t>(out_.variables_.size());
    out_.variables_.push_back(std::get<chain::Template>(std::move(made)));
    return true;
  }

  const CallNames& calls_;
  bool each_;
  bool in_query_ = false;
  CallText out_;
  TextFault fault_;
};

std::variant<CallText, TextFault> CallText::compile(std::string_view text, Place place,
                                                    const CallNames& calls, bool each) {
  return CallTextCompiler(place, calls, each).compile(text);
}

bool CallText::tells_identity() const noexcept {
  return std::any_of(variables_.begin(), variables_.end(),
                     [](const chain::Template& t) { return t.tells_identity(); });
}

// --- rendering

std::string CallText::render(const Given& given, json::Output& out) const {
  for (const Part& part : parts_)
    if (auto why = put(part, given, out); !why.empty()) return why;
  return {};
}

std::string CallText::unfit(std::uint32_t call, std::string_view value) const {
  base::Arena arena;
  json::Output out;
  for (const Part& part : parts_) {
    if (part.kind != Part::Kind::reference || references_[part.index].call != call) continue;
    if (auto why = put_reference(part, value, false, arena, out); !why.empty()) return why;
  }
  return {};
}

std::string CallText::put(const Part& part, const Given& given, json::Output& out) const {
  switch (part.kind) {
    case Part::Kind::literal:
      out << part.text;
      return {};
    case Part::Kind::reference:
      if (given.kept) return put_once(part, given, out);
      return put_reference(part, given.calls.value(references_[part.index].call), given.lenient,
                           given.arena(), out);
    case Part::Kind::each:
      return put_each(part, given, out);
    case Part::Kind::variable:
      break;
  }
  const chain::Template& text = variables_[part.index];
  if (place_ == Place::uri) {
    auto value = text.render(given.ex, part.in_query ? chain::Purpose::url : chain::Purpose::path);
    if (part.in_query) value.remove_prefix(1);
    if (!part.in_query && value.empty()) return fmt::format("`${{{}}}` is empty", part.text);
    out << value;
    return {};
  }
  auto value = text.render(given.ex, place_ == Place::field ? chain::Purpose::field : chain::Purpose::text);
  if (part.whole) out << '"';
  auto why = put_scalar(part, value, given.arena(), out);
  if (part.whole) out << '"';
  return why;
}

std::string CallText::put_once(const Part& part, const Given& given, json::Output& out) const {
  auto [at, first] = given.kept->try_emplace(&part);
  Came& came = at->second;
  if (first) {
    std::size_t before = out.size();
    came.why = put_reference(part, given.calls.value(references_[part.index].call), given.lenient,
                             given.arena(), out);
    came.text = given.ex.arena.copy(out.text().substr(before));
  } else {
    out << came.text;
  }
  return came.why;
}

std::string CallText::put_each(const Part& part, const Given& given, json::Output& out) const {
  bool list = part.whole && given.batch;
  if (list) out << '[';
  for (std::size_t i = 0; i < given.each.size(); ++i) {
    if (i != 0) out << ',';
    if (part.whole) {
      out << given.each[i];
    } else {
      auto why = put_scalar(part, json::plain(given.each[i], given.arena()), given.arena(), out);
      if (!why.empty()) return why;
    }
  }
  if (list) out << ']';
  return {};
}

std::string CallText::put_scalar(const Part& part, std::string_view plain, base::Arena& arena,
                                 json::Output& out) const {
  if (place_ == Place::json) {
    out.escape(plain);
  } else if (place_ == Place::uri) {
    if (!part.in_query && plain.empty()) return fmt::format("`${{{}}}` is empty", part.text);
    char* begin = arena.chars(plain.size() * chain::kWorstEscape);
    out << std::string_view(begin, static_cast<std::size_t>(chain::write_component(begin, plain) - begin));
  } else {
    out << plain;
  }
  return {};
}

std::string CallText::put_reference(const Part& part, std::optional<std::string_view> value, bool lenient,
                                    base::Arena& arena, json::Output& out) const {
  const Reference& reference = references_[part.index];
  if (part.whole) {
    std::optional<std::string_view> found;
    if (value && reference.path.many()) {
      out << '[';
      bool first = true;
      json::for_each(*value, reference.path.steps(), [&](std::string_view v) {
        if (!first) out << ',';
        first = false;
        out << v;
      });
      out << ']';
      return {};
    }
    if (value) found = json::find(*value, reference.path.steps());
    if (!found && !lenient) return fmt::format("there is no `${{{}}}`", part.text);
    out << found.value_or("null");
    return {};
  }
  std::size_t before = out.size();
  std::string why;
  std::size_t count = 0;
  auto add = [&](std::string_view v) {
    Type type = json::type_of(v);
    if (type == Type::null || !why.empty()) return;
    bool composite = type == Type::object || type == Type::array;
    if (composite && (place_ == Place::uri || place_ == Place::field)) {
      why = fmt::format("`${{{}}}` is {}", part.text, json::name(type));
      return;
    }
    if (count++ > 0) out << ',';
    why = put_scalar(part, json::plain(v, arena), arena, out);
  };
  if (value)
    json::for_each(*value, reference.path.steps(), [&](std::string_view v) {
      // A list where a text belongs is its items with commas between them.
      if (!json::is(v, Type::array) || place_ == Place::text || place_ == Place::json) return add(v);
      json::Items items(v);
      for (std::string_view item; items.next(item);) add(item);
    });
  if (!why.empty()) return why;
  if (count == 0 && out.size() == before && !lenient) return fmt::format("there is no `${{{}}}`", part.text);
  return {};
}

}  // namespace sluice::compose
