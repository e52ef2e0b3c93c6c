// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/config/diagnostic.h"

namespace sluice::observe {
namespace {

using config::Complaint;

Complaint unknown(std::string_view name) {
  auto near = base::nearest(name, log_field_names());
  return {fmt::format("the access log has no field `{}`", name),
          near.empty() ? fmt::format("it has {}", fmt::join(log_field_names(), ", "))
                       : config::did_you_mean(near)};
}

bool names(const std::vector<LogTemplate::Piece>& pieces, LogField field) {
  return std::any_of(pieces.begin(), pieces.end(), [&](const auto& p) { return p.field == field; });
}

}  // namespace

std::variant<LogTemplate, Complaint> LogTemplate::compile(std::string_view text) {
  LogTemplate out;
  out.text_ = text;
  if (text.size() > kLongest) return Complaint{fmt::format("is longer than {} bytes", kLongest), {}};
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return Complaint{"a line of the log has no line breaks and no other control characters", {}};
  Piece piece;
  while (!text.empty()) {
    if (text.starts_with("$${")) {
      piece.text += "${";
      text.remove_prefix(3);
    } else if (!text.starts_with("${")) {
      piece.text += text.front();
      text.remove_prefix(1);
    } else {
      auto end = text.find('}');
      if (end == std::string_view::npos)
        return Complaint{"a `${` has no `}`", "a plain one is written `$${`"};
      auto name = text.substr(2, end - 2);
      piece.field = find_log_field(name);
      if (!piece.field) return unknown(name);
      if (names(out.pieces_, *piece.field))
        return Complaint{fmt::format("`${{{}}}` is written twice", name), {}};
      out.pieces_.push_back(std::exchange(piece, {}));
      text.remove_prefix(end + 1);
    }
  }
  if (out.pieces_.empty())
    return Complaint{"names no field of the access log", "for example ${status} or ${duration_ms}"};
  out.pieces_.push_back(std::move(piece));
  return out;
}

void describe(config::Text<LogTemplate>& t) {
  t.about("log_template", "a text with fields of the access log such as ${status}");
  t.example("${client_ip} ${method} ${path} ${status} ${duration_ms}");
  t.read([](std::string_view text, LogTemplate& out) -> config::Refusal {
    auto compiled = LogTemplate::compile(text);
    if (auto* wrong = std::get_if<Complaint>(&compiled)) return std::move(*wrong);
    out = std::get<LogTemplate>(std::move(compiled));
    return {};
  });
  t.write([](const LogTemplate& line) { return line.text(); });
}

}  // namespace sluice::observe
