// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/changes.h"

#include <fmt/format.h>

#include "gateway/admin/json.h"
#include "gateway/base/log.h"
#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"
#include "gateway/json/scan.h"
#include "gateway/json/text.h"

namespace sluice::admin {
namespace {

constexpr std::uint64_t kGreatestWeight = 1'000'000;

// "/upstreams/{upstream}/targets/{target}", both decoded; false for other paths.
bool read_path(std::string_view path, TargetChange& out) {
  constexpr std::string_view kBegin = "/upstreams/", kMiddle = "/targets/";
  if (!path.starts_with(kBegin)) return false;
  path.remove_prefix(kBegin.size());
  auto middle = path.find(kMiddle);
  if (middle == std::string_view::npos) return false;
  out.upstream = chain::decoded(path.substr(0, middle));
  out.target = chain::decoded(path.substr(middle + kMiddle.size()));
  return !out.upstream.empty() && !out.target.empty();
}

// A body that says nothing: what is asked for has no settings.
bool empty_object(std::string_view body) {
  body = base::trim(body);
  return body.empty() || (body.size() >= 2 && body.front() == '{' && base::trim(body.substr(1)) == "}");
}

Reply reload(const PageRequest& request, const ChangeSuppliers& suppliers) {
  if (!suppliers.reload) return problem(501, "This process cannot read its configuration again.");
  if (!empty_object(request.body)) return problem(400, "A reload takes no settings.");
  note_change(request, "begins");
  Reply reply;
  reply.later = [start = suppliers.reload](std::function<void(Reply)> answer) {
    start([answer = std::move(answer)](const Reloaded& r) {
      answer(json_reply(r.good ? 200 : 422,
                        fmt::format("{{\"reloaded\":{},\"hash\":{},\"diagnostics\":{}}}\n", r.good,
                                    json_text(r.hash), r.diagnostics.empty() ? "null" : r.diagnostics)));
    });
  };
  return reply;
}

Reply drain(const PageRequest& request, const ChangeSuppliers& suppliers) {
  if (!suppliers.drain) return problem(501, "This process cannot be drained from here.");
  if (!empty_object(request.body)) return problem(400, "A drain takes no settings.");
  note_change(request, "begins");
  suppliers.drain();
  return json_reply(202, "{\"draining\":true}\n");
}

Reply change_target(const PageRequest& request, TargetChange asked, const ChangeSuppliers& suppliers) {
  std::string fault;
  if (!read_target_change(request.body, asked, fault)) return problem(400, fault);
  auto changed = suppliers.change_target(asked);
  if (changed.kind == TargetChanged::Kind::no_upstream)
    return problem(404, "There is no upstream `" + asked.upstream + "` in use; /upstreams lists them.");
  if (changed.kind == TargetChanged::Kind::no_target)
    return problem(404, fmt::format("The upstream `{}` has no target `{}`; /upstreams lists them.",
                                    asked.upstream, asked.target));
  std::string became;
  if (asked.has_weight)
    became += asked.weight ? fmt::format(" weight {}", *asked.weight) : " weight as written";
  if (asked.drain) became += *asked.drain ? " drained" : " not drained";
  if (asked.reset_health) became += " health reset";
  note_change(request, base::trim(became));
  return json_reply(200, changed.target + "\n");
}

bool read_member(const json::Member& m, TargetChange& out, std::string& fault) {
  auto type = json::type_of(m.value);
  if (json::says(m.key, "weight")) {
    out.has_weight = true;
    auto n = type == json::Type::number ? base::parse_decimal(m.value) : std::nullopt;
    if (n && *n >= 1 && *n <= kGreatestWeight) {
      out.weight = static_cast<std::uint32_t>(*n);
    } else if (type == json::Type::null) {
      out.weight.reset();
    } else {
      fault =
          "`weight` is an integer from 1 to 1000000, or null for the one that is written; drain a target "
          "that is "
          "to get nothing.";
    }
  } else if (json::says(m.key, "drain")) {
    if (type == json::Type::boolean) out.drain = m.value == "true";
    if (type != json::Type::boolean) fault = "`drain` is true or false.";
  } else if (json::says(m.key, "health")) {
    out.reset_health = m.value == "\"reset\"";
    if (!out.reset_health) fault = "`health` can be \"reset\" and nothing else.";
  } else {
    fault = fmt::format("There is no member `{}`; those known are weight, drain and health.", m.key);
  }
  return fault.empty();
}

}  // namespace

void note_change(const PageRequest& request, std::string_view became) {
  base::log(base::Level::info, fmt::format("admin: {} {} by {}: {}", request.method, request.path(),
                                           request.peer.empty() ? "somebody" : request.peer, became));
}

bool read_target_change(std::string_view body, TargetChange& out, std::string& fault) {
  json::Output padded(body.size());
  padded << body;
  auto text = padded.text();
  if (auto bad = json::check(text)) {
    fault = fmt::format("The body is no JSON: {} at byte {}.", bad->message, bad->offset);
    return false;
  }
  text = json::trimmed(text);
  if (!json::is(text, json::Type::object)) {
    fault = "The body is a JSON object.";
    return false;
  }
  json::Members members(text);
  for (json::Member m; members.next(m);)
    if (!read_member(m, out, fault)) return false;
  if (out.has_weight || out.drain || out.reset_health) return true;
  fault = "The body says nothing; it may have weight, drain and health.";
  return false;
}

std::string_view methods_of_changes(std::string_view path) noexcept {
  if (path == "/reload" || path == "/drain") return "POST";
  TargetChange unused;
  return read_path(path, unused) ? "PATCH" : "";
}

Reply change(const PageRequest& request, const ChangeSuppliers& suppliers) {
  if (request.path() == "/reload") return reload(request, suppliers);
  if (request.path() == "/drain") return drain(request, suppliers);
  TargetChange asked;
  read_path(request.path(), asked);
  return change_target(request, std::move(asked), suppliers);
}

}  // namespace sluice::admin
