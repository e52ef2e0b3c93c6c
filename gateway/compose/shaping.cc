// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/shaping.h"

#include <fmt/format.h>

#include "gateway/config/node.h"

namespace sluice::compose {

using config::path;
using json::PathStep;

std::string_view Shaping::written() const noexcept {
  if (!only.empty()) return "only";
  if (!drop.empty()) return "drop";
  if (!rename.empty()) return "rename";
  if (!move.empty()) return "move";
  return append.empty() ? "" : "append";
}

json::Shape compile(const Shaping& settings, std::optional<json::Type> type, const Complain& complain) {
  json::Shape out;
  auto tell = [&](const std::string& field, std::string why) {
    if (!why.empty()) complain(field, std::move(why));
  };
  // A path inside the value.
  auto inside = [&](std::string_view written, const std::string& field) -> std::optional<json::Path> {
    auto made = json::Path::parse(written);
    if (auto* fault = std::get_if<json::Path::Fault>(&made)) {
      complain(field, fmt::format("{} (at character {})", fault->message, fault->offset + 1));
      return std::nullopt;
    }
    auto& found = std::get<json::Path>(made);
    if (found.empty() || !type) return std::move(found);
    bool by_name = found.steps().front().kind == PathStep::Kind::name;
    if (by_name == (*type == json::Type::array))
      complain(field, by_name ? "the value is a list: paths begin with `[]`" : "the value is no list");
    return std::move(found);
  };
  for (std::size_t i = 0; i < settings.only.size(); ++i)
    if (auto made = inside(settings.only[i], path("only", i))) tell(path("only", i), out.only(*made));
  for (std::size_t i = 0; i < settings.drop.size(); ++i)
    if (auto made = inside(settings.drop[i], path("drop", i))) tell(path("drop", i), out.drop(*made));
  for (const auto& [from, to] : settings.rename)
    if (auto made = inside(from, path("rename", from))) tell(path("rename", from), out.rename(*made, to));
  for (const auto& [from, to] : settings.move) {
    auto a = inside(from, path("move", from)), b = inside(to, path("move", from));
    if (a && b) tell(path("move", from), out.move(*a, *b));
  }
  for (const auto& [from, to] : settings.append) {
    auto a = inside(from, path("append", from)), b = inside(to, path("append", from));
    if (a && b) tell(path("append", from), out.append(*a, *b));
  }
  return out;
}

}  // namespace sluice::compose
