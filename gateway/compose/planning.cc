// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/planning.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/chain/template.h"
#include "gateway/config/diagnostic.h"

namespace sluice::compose {

std::optional<CallText> Planning::text(const std::string& written, CallText::Place place,
                                       const std::string& field, bool each) {
  auto made = CallText::compile(written, place, names_, each);
  if (auto* fault = std::get_if<TextFault>(&made)) {
    std::string where =
        place == CallText::Place::json ? "" : fmt::format(" (at character {})", fault->offset + 1);
    builder_.error(field, fault->message + where, fault->hint);
    return std::nullopt;
  }
  CallText& out = std::get<CallText>(made);
  for (const auto& variable : out.variables()) chain::check_captures(variable, field, builder_);
  return std::move(out);
}

std::optional<std::uint32_t> Planning::other(std::string_view call, const std::string& field) {
  if (auto n = names_.number(call)) return n;
  auto known = names_.all();
  auto near = base::nearest(call, known);
  builder_.error(field, fmt::format("there is no call `{}`", call), config::did_you_mean(near));
  return std::nullopt;
}

void Planning::refuse_shadow(std::uint32_t call, const std::string& field) {
  const CallPlan& p = plan_.calls[call];
  if (p.shadow)
    builder_.error(field, fmt::format("refers to `{}`, whose answer nobody waits for (`shadow`)", p.name));
}

void Planning::depends_on(const CallText& text) {
  // Each has one variable, behind at most a question mark.
  for (const auto& variable : text.variables())
    depends_on(std::string_view(variable.text()).substr(variable.text().find("${") + 2));
}

// All but what is in a URL says something of the client.
void Planning::depends_on(std::string_view variable) {
  for (std::string_view root : {"path.", "query.", "request.", "route."})
    if (variable.starts_with(root)) return;
  plan_.personal = true;
}

}  // namespace sluice::compose
