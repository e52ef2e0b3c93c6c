// SPDX-License-Identifier: Apache-2.0
// What the answer to a call says: status, coding, format, and the part of it that is picked. Answers that are
// kept are those that were read to the end of this.
#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/compose/coding.h"
#include "gateway/compose/run.h"
#include "gateway/compose/xml.h"

namespace sluice::compose {

using base::Reason;
using http::FieldId;

void Run::invalid(Outcome& outcome, std::string_view why) const {
  outcome.value = {};
  outcome.shaped.cut(0);
  outcome.failure = failed("invalid", Reason::response_invalid, why);
  outcome.failure.status = outcome.answer->status;
}

// Status and body of an answer: is there a value in it?
void Run::take(const CallPlan& p, Outcome& outcome, Picked& picked) const {
  chain::CallAnswer& answer = *outcome.answer;
  // The client asked whether its copy is still good.
  if (untouched(p) && answer.status == 304) {
    outcome.value = "null";
    return;
  }
  if (!p.succeeds(answer.status)) {
    outcome.failure =
        failed("status", Reason::upstream_status, fmt::format("{} answered {}", p.name, answer.status));
    outcome.failure.status = answer.status;
    return;
  }
  if (untouched(p)) {
    outcome.value = "null";
  } else {
    read(p, outcome, picked);
  }
}

void Run::take_and_keep(const CallPlan& p, std::string key, Outcome& outcome) const {
  Picked picked;
  take(p, outcome, picked);
  if (outcome.failure || untouched(p)) return;
  std::string_view whole = outcome.value;
  pick(p, outcome, picked);
  if (p.keeping && !outcome.failure) keep(p, std::move(key), outcome, whole);
  if (!outcome.failure && !is_raw(p) && !p.each) let_go(p, outcome);
}

// What nobody reads any more is given back while other calls are awaited: all but the value, or what became
// of it. A value that is a small part of what came is copied for that.
void Run::let_go(const CallPlan& p, Outcome& outcome) const {
  chain::CallAnswer& answer = *outcome.answer;
  if (outcome.listed.size() != 0) {
    outcome.converted = json::Output();
    return answer.drop_body();
  }
  bool in_body = outcome.converted.size() == 0;
  std::size_t all = in_body ? answer.body.size() : outcome.converted.size();
  if (outcome.shaped.size() != 0 && p.dependents.empty()) {
    outcome.value = outcome.shaped.text();
    outcome.converted = json::Output();
  } else if (outcome.value.size() < all / 4) {
    json::Output part(outcome.value.size());
    part << outcome.value;
    outcome.converted = std::move(part);
    outcome.value = outcome.converted.text();
  } else if (in_body) {
    return;
  }
  answer.drop_body();
}

// The body as JSON.
void Run::read(const CallPlan& p, Outcome& outcome, Picked& picked) const {
  const chain::CallAnswer& answer = *outcome.answer;
  std::string_view body = answer.body;
  json::Output decoded;
  if (coded(answer.fields)) {
    if (auto why = decode(answer.fields, body, p.max_body, decoded); !why.empty())
      return invalid(outcome, fmt::format("{} answered {}", p.name, why));
    body = decoded.text();
  }
  if (p.format == Format::text && !body.empty()) {
    outcome.converted << '"';
    outcome.converted.escape(body);
    outcome.converted << '"';
    outcome.value = outcome.converted.text();
  } else if (json::trimmed(body).empty()) {
    outcome.value = "null";
  } else if (p.format == Format::xml) {
    if (auto why = xml_to_json(body, p.xml_lists, outcome.converted); !why.empty())
      return invalid(outcome, fmt::format("{} answered no XML: {}", p.name, why));
    outcome.value = outcome.converted.text();
  } else {
    // In one pass with what is picked, where that is a matter of names, and with what becomes of that.
    bool by_names = p.pick.plain();
    std::span<const json::PathStep> way = p.pick.steps();
    if (!by_names) way = {};
    bool shapes = by_names && p.shape.changes() && !p.each && !plan_.json;
    std::string_view found;
    if (auto fault = shapes ? p.shape.check_and_apply(body, way, found, outcome.shaped)
                            : json::check(body, way, found))
      return invalid(outcome, fmt::format("{} answered no JSON: {} at byte {}", p.name, fault->message,
                                          fault->offset + 1));
    outcome.converted = std::move(decoded);
    outcome.value = json::trimmed(body);
    if (by_names && !way.empty()) picked = found;
  }
}

void Run::pick(const CallPlan& p, Outcome& outcome, const Picked& picked) const {
  if (picked) {
    outcome.value = picked->data() ? *picked : "null";
  } else if (p.pick.many()) {
    json::Output& list = outcome.listed;
    list << '[';
    json::for_each(outcome.value, p.pick.steps(), [&](std::string_view v) {
      if (list.size() > 1) list << ',';
      list << v;
    });
    list << ']';
    outcome.value = list.text();
  } else if (!p.pick.empty()) {
    outcome.value = json::find(outcome.value, p.pick.steps()).value_or("null");
  }
  json::Type wanted = p.expect == Expect::array ? json::Type::array : json::Type::object;
  if (p.expect != Expect::any && !json::is(outcome.value, wanted))
    invalid(outcome, fmt::format("{} answered {}, not {}", p.name, json::name(json::type_of(outcome.value)),
                                 json::name(wanted)));
}

bool Run::give_again(const CallPlan& p, std::string_view key, Outcome& outcome) const {
  auto now = ex_.worker.loop.clock().steady();
  outcome.kept = p.keeping->of(ex_.worker.index).find(key, now);
  if (!outcome.kept) return false;
  const KeptAnswer& kept = *outcome.kept;
  chain::CallAnswer& answer = outcome.answer.emplace();
  auto& arena = answer.fields.arena();
  answer.status = kept.status;
  for (const auto& [name, value] : kept.fields) answer.fields.add(arena.copy(name), arena.copy(value));
  auto seconds = kept.age + std::chrono::duration_cast<std::chrono::seconds>(now - kept.came).count();
  answer.fields.add(FieldId::age, arena.copy(fmt::format_int(seconds).c_str()));
  outcome.value = kept.value();
  pick(p, outcome, {});
  count(p, CallResult::cached);
  return true;
}

void Run::keep(const CallPlan& p, std::string key, Outcome& outcome, std::string_view whole) const {
  const chain::CallAnswer& answer = *outcome.answer;
  auto& clock = ex_.worker.loop.clock();
  auto time = may_be_kept(answer.status, answer.fields, clock.wall(), p.keeping->most);
  if (time <= base::Duration::zero()) return;
  auto kept = std::make_shared<KeptAnswer>();
  kept->status = answer.status;
  kept->bytes.reserve(whole.size() + json::kPadding);
  kept->bytes.append(whole).append(json::kPadding, '\0');
  for (const http::Field& f : answer.fields.lines()) {
    if (f.dropped || f.id == FieldId::content_encoding || f.id == FieldId::content_length) continue;
    if (f.id == FieldId::age) {
      kept->age = static_cast<std::int64_t>(base::parse_decimal(f.value).value_or(0));
    } else {
      kept->fields.emplace_back(f.name, f.value);
    }
  }
  kept->came = clock.steady();
  kept->until = kept->came + time;
  p.keeping->of(ex_.worker.index).put(std::move(key), std::move(kept));
}

}  // namespace sluice::compose
