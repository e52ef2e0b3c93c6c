// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/max_forwards.h"

#include <algorithm>
#include <string>

#include "gateway/base/strings.h"

namespace sluice::front {
namespace {

constexpr std::string_view kMaxForwards = "Max-Forwards";
constexpr std::string_view kShown[] = {"Host", "Via", kMaxForwards};

}  // namespace

bool count_down(http::RequestHead& request) {
  const http::Field* field = request.fields.find(kMaxForwards);
  auto left = field ? base::parse_decimal(field->value) : std::nullopt;
  if (!left) return true;
  if (*left == 0) return false;
  request.fields.set(kMaxForwards, request.fields.arena().copy(std::to_string(*left - 1)));
  return true;
}

void answer_as_the_last(chain::Exchange& ex, std::string_view allow) {
  auto& head = ex.response;
  head.reason = {};
  head.fields.clear();
  ex.answered_locally = true;
  if (ex.request.method != http::Method::trace) {
    head.status = 204;
    if (!allow.empty()) head.fields.add(http::FieldId::allow, allow);
    return;
  }
  std::string seen("TRACE ");
  seen.append(ex.request.target).append(" ").append(http::name(ex.request.version)).append("\r\n");
  for (const http::Field& line : ex.request.fields.lines()) {
    bool shown = std::any_of(std::begin(kShown), std::end(kShown),
                             [&](auto name) { return base::equal_ignoring_case(name, line.name); });
    if (shown && !line.dropped) seen.append(line.name).append(": ").append(line.value).append("\r\n");
  }
  head.status = 200;
  head.fields.add(http::FieldId::content_type, "message/http");
  ex.response_body = http::make_body<http::TextBody>(ex.arena, ex.arena.copy(seen.append("\r\n")));
}

}  // namespace sluice::front
