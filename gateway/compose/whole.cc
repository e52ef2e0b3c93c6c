// SPDX-License-Identifier: Apache-2.0
// The part of a plan that is about the answer: how values are merged, or what takes the place of that, and
// what comes to them.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/compose/planning.h"
#include "gateway/config/node.h"
#include "gateway/upstream/upstream.h"

namespace sluice::compose {

using config::path;

namespace {

class WholePlanner final : private Planning {
 public:
  using Planning::Planning;

  void plan() {
    plan_.on_conflict = config_.on_conflict.value_or(json::OnConflict::last);
    data("always", config_.data.always, plan_.always);
    data("complete", config_.data.complete, plan_.complete);
    data("partial", config_.data.partial, plan_.partial);
    if (config_.json) {
      plan_.json = text(config_.json->text, CallText::Place::json, "json", false);
      if (plan_.json) depends_on(*plan_.json);
      if (plan_.json)
        for (std::uint32_t n : plan_.json->needs()) refuse_shadow(n, "json");
    }
    if (config_.raw) {
      plan_.raw = other(*config_.raw, "raw");
      if (plan_.raw && plan_.calls[*plan_.raw].each) builder_.error("raw", "this call is made several times");
      if (plan_.raw) refuse_shadow(*plan_.raw, "raw");
      if (plan_.raw && plan_.calls[*plan_.raw].fallback)
        builder_.error(path("calls", *config_.raw, "fallback"),
                       "the answer is passed through as it is: nothing can take its place");
    }
    plan_.shape = compile(config_.shaping(), std::nullopt, [this](const std::string& field, std::string why) {
      builder_.error(field, std::move(why));
    });
    if (config_.errors) plan_.errors = json::quoted(*config_.errors);
    plan_.error_bodies = config_.error_bodies;
    if (config_.error_bodies && !config_.errors && !config_.stream)
      builder_.error("error_bodies", "there is no `errors`");
    if (!config_.raw)
      for (CallPlan& p : plan_.calls) p.shown = !p.hidden;
    if (plan_.json)
      for (std::uint32_t n : plan_.json->needs()) plan_.calls[n].shown = true;
    if (config_.json || config_.raw) unmerged();
    if (!config_.json && !config_.raw && !config_.stream) {
      places_for_more();
      places_for_texts();
    }
    plan_.completed_header = config_.completed_header.value_or("");
    if (config_.completed_header && !http::valid_field_name(*config_.completed_header))
      builder_.error("completed_header", "is no name of a header field");
    plan_.server_timing = config_.server_timing;
    plan_.timeout = deadline();
    constexpr std::string_view kResults[] = {"complete", "partial", "failed"};
    plan_.responses = std::make_unique<observe::ResultMetrics>(
        builder_.series(), observe::Family::sluice_compose_responses_total, builder_.route().name, kResults);
    plan_.stream = config_.stream;
    if (config_.stream) streamed();
    warn_of_collisions();
  }

 private:
  void data(std::string_view field, const std::optional<config::Json>& written,
            std::optional<StaticJson>& out) {
    if (!written) return;
    out.emplace(written->text);
    auto type = json::type_of(json::trimmed(out->text()));
    if (type != json::Type::object && type != json::Type::array)
      builder_.error(path("data", field), "must be an object, whose members become members of the answer");
  }

  // Of a template and of what is passed through: what does nothing there.
  void unmerged() {
    std::string_view why = config_.raw
                               ? "has no effect with `raw`: the answer is passed through untouched"
                               : "has no effect with `json`: a template takes values as `pick` leaves them";
    for (const auto& [name, c] : config_.calls) {
      const std::pair<std::string_view, bool> settings[] = {
          {c.shaping().written(), !c.shaping().written().empty()},
          {"join", c.join.has_value()},
          {"zip", c.zip.has_value()},
          {"as", c.as.has_value()},
          {"on_conflict", c.on_conflict.has_value()},
      };
      for (auto [field, written] : settings)
        if (written) builder_.error(path("calls", name, field), std::string(why));
    }
    if (config_.raw) {
      const std::pair<std::string_view, bool> settings[] = {
          {"data", config_.data != StaticConfig()},
          {"errors", config_.errors.has_value()},
          {"on_conflict", config_.on_conflict.has_value()},
          {config_.shaping().written(), !config_.shaping().written().empty()},
      };
      for (auto [field, written] : settings)
        if (written) builder_.error(field, std::string(why));
      if (plan_.raw) unread(config_.calls[*plan_.raw]);
      return;
    }
    bool object = json::type_of(json::trimmed(StaticJson(config_.json->text).text())) == json::Type::object;
    if (object) {
      for (const auto* d : {&config_.data.always, &config_.data.complete, &config_.data.partial})
        if (*d && json::type_of(json::trimmed(StaticJson((*d)->text).text())) != json::Type::object)
          builder_.error("data", "has to be an object, as the template is one");
      return;
    }
    if (config_.errors) builder_.error("errors", "has no place in a template that is no object");
    if (config_.data != StaticConfig())
      builder_.error("data", "has no place in a template that is no object");
  }

  // Of the call that is passed through: what is about reading an answer, if nobody reads it.
  void unread(const std::pair<std::string, CallConfig>& call) {
    const auto& [name, c] = call;
    if (!plan_.calls[*plan_.raw].dependents.empty()) return;
    const std::pair<std::string_view, bool> settings[] = {
        {"pick", c.pick.has_value()},
        {"expect", c.expect != Expect::any},
        {"xml_lists", !c.xml_lists.empty()},
    };
    for (auto [field, written] : settings)
      if (written)
        builder_.error(path("calls", name, field),
                       "has no effect: the answer is passed through untouched, and no call refers to it");
  }

  // Is there an object for what is added to the values of the calls?
  void places_for_more() {
    const char* more = config_.errors ? "errors" : config_.data != StaticConfig() ? "data" : nullptr;
    if (!more) return;
    auto shown = [](const CallConfig& c) { return !c.hide; };
    std::size_t alone = 0;
    for (const auto& [name, c] : config_.calls) alone += shown(c) ? 1 : 0;
    for (const auto& [name, c] : config_.calls) {
      if (!shown(c) || c.as) continue;
      auto type = c.known_type();
      if (type == json::Type::array && (config_.errors || !lists_only(config_.data))) {
        builder_.error(more, fmt::format("has no place beside `{}`, which is a list", name),
                       fmt::format("write `as` for `{}`", name));
      } else if (!type && alone == 1) {
        builder_.warning(more, fmt::format("has no place if `{}` answers with a list", name),
                         fmt::format("write `as` for `{0}`, or `expect: object`", name));
      }
    }
  }
  // A text may be the answer, but has no members that others could be put beside.
  void places_for_texts() {
    bool more = config_.errors || config_.data != StaticConfig();
    std::size_t shown = 0;
    for (const auto& [name, c] : config_.calls) shown += c.hide || c.shadow ? 0 : 1;
    if (shown < 2 && !more) return;
    for (const auto& [name, c] : config_.calls)
      if (c.format == Format::text && !c.hide && !c.as && !c.each)
        builder_.error(path("calls", name, "format"), "a text has no place beside other values",
                       fmt::format("write `as` for `{}`", name));
  }
  static bool lists_only(const StaticConfig& data) {
    for (const auto* d : {&data.always, &data.complete, &data.partial})
      if (*d && json::type_of(json::trimmed(StaticJson((*d)->text).text())) != json::Type::array)
        return false;
    return true;
  }

  // The head is sent before there is a whole.
  void streamed() {
    const std::pair<const char*, bool> others[] = {
        {"json", config_.json.has_value()},
        {"raw", config_.raw.has_value()},
        {"data", config_.data != StaticConfig()},
        {"completed_header", config_.completed_header.has_value()},
        {"server_timing", config_.server_timing},
        {"only", !config_.only.empty()},
        {"drop", !config_.drop.empty()},
        {"rename", !config_.rename.empty()},
        {"move", !config_.move.empty()},
        {"append", !config_.append.empty()},
        {"on_conflict", config_.on_conflict.has_value()},
    };
    for (auto [field, written] : others)
      if (written) builder_.error(field, "makes no sense with `stream`: calls are answered one by one");
    if (config_.errors) builder_.error("errors", "makes no sense with `stream`: the last line tells of them");
    for (const auto& [name, c] : config_.calls) {
      if (c.as)
        builder_.error(path("calls", name, "as"),
                       "makes no sense with `stream`: a line has the name of its call");
      if (c.on_conflict)
        builder_.error(path("calls", name, "on_conflict"), "makes no sense with `stream`: nothing is merged");
    }
    for (const CallPlan& p : plan_.calls)
      if (!p.required && !p.response_headers.empty())
        builder_.error(path("calls", p.name, "response_headers"),
                       "with `stream` the head waits for required calls alone");
  }

  // That of the composition, of the route, or the longest of the calls'.
  base::Duration deadline() {
    if (config_.timeout) return *config_.timeout;
    if (builder_.timeouts().total) return *builder_.timeouts().total;
    base::Duration out{};
    for (const CallPlan& p : plan_.calls) {
      if (p.shadow) continue;
      auto upstream = p.inner ? nullptr : builder_.upstream(p.upstream);
      auto own = p.timeout  ? *p.timeout
                 : p.inner  ? p.inner->timeout
                 : upstream ? upstream->timeouts().total
                            : base::Duration();
      if (own <= base::Duration::zero()) return {};
      out = std::max(out, own);
    }
    return out;
  }

  // Where nobody has written which one stays.
  void warn_of_collisions() {
    if (config_.json || config_.raw || config_.stream || config_.on_conflict) return;
    const CallPlan* first = nullptr;
    for (const CallPlan& p : plan_.calls) {
      if (p.hidden || !p.place.empty()) continue;
      if (first && config_.calls.find(p.name)->on_conflict) continue;
      if (first)
        return builder_.warning(
            path("calls", p.name),
            fmt::format(
                "`{}` and `{}` have no `as`: where both have a member of one name, that of `{}` stays",
                first->name, p.name, p.name),
            "write `as`, or say by `on_conflict` what is wanted");
      first = &p;
    }
  }
};

}  // namespace

void plan_whole(const ComposeConfig& config, chain::Builder& builder, Plan& plan) {
  WholePlanner(config, builder, plan).plan();
}

}  // namespace sluice::compose
