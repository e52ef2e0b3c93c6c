// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/compositions.h"
#include "gateway/chain/variables.h"
#include "gateway/compose/order.h"
#include "gateway/compose/planning.h"
#include "gateway/config/amounts.h"
#include "gateway/config/diagnostic.h"
#include "gateway/config/node.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/upstream/upstream.h"

namespace sluice::compose {

using config::path;
using json::PathStep;

namespace {

// Calls in conditions: `user.tags[0]`.
class Looked final : public chain::Condition::More {
 public:
  Looked(const Numbers& names, std::vector<Reference>& out) : names_(names), out_(out) {}
  bool knows(std::string_view root) const override { return names_.number(root).has_value(); }
  std::vector<std::string> roots() const override {
    auto all = names_.all();
    return {all.begin(), all.end()};
  }
  std::variant<expression::Symbol, expression::Fault> find(std::span<const expression::Part> parts) override {
    std::vector<PathStep> steps;
    for (const auto& p : parts.subspan(1)) {
      if (p.index) {
        steps.push_back({PathStep::Kind::index, {}, *p.index});
      } else {
        steps.push_back({PathStep::Kind::name, p.name});
      }
    }
    std::uint32_t call = *names_.number(parts[0].name);
    auto type = names_.type(call);
    if (auto fault = misfit(parts[0].name, type, steps))
      return expression::Fault{0, std::move(fault->message),
                               type == json::Type::string ? "" : "conditions look at single items: `[0]`"};
    bool list = type == json::Type::array && steps.empty();
    out_.push_back({call, json::Path(std::move(steps))});
    return expression::Symbol{list ? expression::Type::collection : expression::Type::any,
                              static_cast<std::uint32_t>(out_.size() - 1)};
  }

 private:
  const Numbers& names_;
  std::vector<Reference>& out_;
};

void add(std::vector<std::uint32_t>& set, std::uint32_t value) {
  if (std::find(set.begin(), set.end(), value) == set.end()) set.push_back(value);
}

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// Does a variable of the exchange begin with that word?
bool is_variable(std::string_view name) {
  if (name == "each") return true;
  return std::any_of(chain::variables().begin(), chain::variables().end(),
                     [&](const chain::Variable& v) { return v.name.substr(0, v.name.find('.')) == name; });
}

}  // namespace

std::vector<const CallText*> CallPlan::texts() const {
  std::vector<const CallText*> out{&uri};
  for (const auto& [field, text] : headers) out.push_back(&text);
  for (const auto& [parameter, text] : query) out.push_back(&text);
  for (const auto& [capture, text] : captures) out.push_back(&text);
  if (body) out.push_back(&*body);
  return out;
}

// Compiles the calls; the errors stand at the setting that they are about.
class CallsPlanner final : private Planning {
 public:
  using Planning::Planning;

  void plan() {
    plan_.calls.resize(config_.calls.size());
    for (std::uint32_t i = 0; i < config_.calls.size(); ++i) call(i);
    order();
  }

 private:
  std::string at(std::string_view field) const { return path("calls", name_, field); }
  template <class... Field>
  std::string at(std::string_view field, Field... more) const {
    return path("calls", name_, field, more...);
  }

  std::optional<json::Path> json_path(std::string_view written, const std::string& field) {
    auto made = json::Path::parse(written);
    if (auto* fault = std::get_if<json::Path::Fault>(&made)) {
      builder_.error(field, fmt::format("{} (at character {})", fault->message, fault->offset + 1));
      return std::nullopt;
    }
    return std::get<json::Path>(std::move(made));
  }
  void call(std::uint32_t index) {
    const auto& [name, c] = config_.calls[index];
    CallPlan& p = plan_.calls[index];
    name_ = name;
    p.name = name;
    if (!good_name(name))
      builder_.error(path("calls", name), "a call's name has 1 to 64 letters, digits, `_` and `-`");
    if (is_variable(name))
      builder_.error(path("calls", name), fmt::format("`{}` is the name of a variable already", name));
    p.required = c.required;
    p.hidden = c.hide;
    p.success = c.success;
    p.on_conflict = c.on_conflict.value_or(config_.on_conflict.value_or(json::OnConflict::last));
    p.response_headers = c.response_headers;
    p.format = c.format;
    p.xml_lists = c.xml_lists;
    p.metrics = std::make_shared<CallMetrics>(builder_.series(), builder_.route().name, name);
    if (!c.xml_lists.empty() && c.format != Format::xml)
      builder_.error(at("xml_lists"), "the format is not xml");
    p.expect = c.expect;
    if (c.format == Format::text) of_text(c);
    request(c, p);
    conditions(c, p);
    shape(c, p);
    ask_for_no_copies(p);
  }

  void of_text(const CallConfig& c) {
    const std::pair<std::string_view, bool> parts[] = {
        {"pick", c.pick.has_value()}, {"expect", c.expect != Expect::any},
        {"join", c.join.has_value()}, {"zip", c.zip.has_value()},
        {"batch", c.batch > 1},       {c.shaping().written(), !c.shaping().written().empty()},
    };
    for (auto [field, written] : parts)
      if (written) builder_.error(at(field), "makes no sense with `format: text`: a text has no parts");
  }

  void request(const CallConfig& c, CallPlan& p) {
    std::string key(c.method_key());
    p.method = c.method();
    p.timeout = c.timeout;
    bool each = c.each.has_value();
    if (c.route) {
      other_route(c, p);
    } else {
      p.upstream = c.target().upstream;
      builder_.need_upstream(p.upstream, at(key));
      if (auto upstream = builder_.upstream(p.upstream))
        p.inherited = builder_.timeouts().total.value_or(upstream->timeouts().total);
      if (!c.path.empty()) builder_.error(at("path"), "there is no `route`");
      chain::CallSettings settings{p.upstream, c.timeout, c.retry, c.hedge};
      if (c.shadow) {
        shadow(c, p, std::move(settings));
      } else {
        p.caller.emplace(settings, builder_);
      }
      if (auto uri = text(c.target().uri, CallText::Place::uri, at(key), each)) p.uri = std::move(*uri);
    }
    for (const auto& [field, value] : c.headers) {
      if (!http::valid_field_name(field))
        builder_.error(at("headers", field), "is no name of a header field");
      if (http::connection_level(http::field_id(field)))
        builder_.error(at("headers", field), "the gateway itself sets this field");
      if (auto made = text(value, CallText::Place::field, at("headers", field), each)) {
        if (made->tells_identity()) builder_.tells_identity(field);
        p.headers.emplace_back(field, std::move(*made));
      }
    }
    for (const auto& [parameter, value] : c.query)
      if (auto made = text("?" + value, CallText::Place::uri, at("query", parameter), each))
        p.query.emplace_back(parameter, std::move(*made));
    if (c.body) p.body = text(*c.body, CallText::Place::text, at("body"), each);
    if (c.json) p.body = text(c.json->text, CallText::Place::json, at("json"), each);
    p.body_is_json = c.json.has_value();
    bool has_body = c.body || c.json || c.forward.body;
    if (has_body && (p.method == http::Method::get || p.method == http::Method::delete_))
      builder_.error(at(c.body   ? "body"
                        : c.json ? "json"
                                 : "forward"),
                     fmt::format("a call of `{}` has no body", key));
    if ((c.body || c.json) && c.forward.body)
      builder_.error(at("forward"), "the body is either written here or the client's");
    forward(c, p);
    p.hedge = c.hedge;
    if (c.hedge && c.hedge->on && p.method != http::Method::get)
      builder_.error(at("hedge"), "only a call of `get` may be made twice");
    keep(c, p);
    plan_.wants_body |= c.forward.body;
    p.max_body = static_cast<std::size_t>(c.max_body.bytes);
    plan_.personal |= c.forward.all || c.forward.body || !c.forward.headers.empty();
    for (const CallText* t : p.texts()) {
      for (std::uint32_t n : t->needs()) add(p.needs, n);
      depends_on(*t);
    }
  }
  // What is called is the composition of another route.
  void other_route(const CallConfig& c, CallPlan& p) {
    auto refuse = [&](bool written, std::string_view field) {
      if (written) builder_.error(at(field), "makes no sense with `route`: its own calls have that");
    };
    refuse(c.retry.has_value(), "retry");
    refuse(c.hedge.has_value(), "hedge");
    refuse(c.cache.has_value(), "cache");
    refuse(c.shadow, "shadow");
    p.upstream = "route " + *c.route;
    auto* compositions = dynamic_cast<chain::Compositions*>(&builder_);
    if (!compositions) return builder_.error(at("route"), "there is no other route here");
    auto other = compositions->composition(*c.route, at("route"));
    const auto* composer = dynamic_cast<const Composer*>(other.handler.get());
    if (!composer) return;
    p.inner = &composer->plan();
    p.caller.emplace(std::move(other.handler));
    plan_.personal |= p.inner->personal;
    if (p.inner->stream) builder_.error(at("route"), "its answer is streamed: there is no value of it");
    if (p.inner->wants_body)
      builder_.error(at("route"), "its calls get the body of the request, and this call has none");
    for (const auto& [name, value] : c.path) {
      const auto& all = other.facts.captures;
      if (std::find(all.begin(), all.end(), name) == all.end())
        builder_.error(at("path", name),
                       fmt::format("the path of the route `{}` captures no `{}`", *c.route, name));
      if (auto made = text(value, CallText::Place::uri, at("path", name), c.each.has_value()))
        p.captures.emplace_back(name, std::move(*made));
    }
    for (const std::string& name : other.facts.captures)
      if (!c.path.find(name))
        builder_.error(
            at("path"),
            fmt::format("the path of the route `{}` captures `{}`, which is missing here", *c.route, name));
  }

  // Nobody waits for it, so nothing can be made of what comes.
  void shadow(const CallConfig& c, CallPlan& p, chain::CallSettings settings) {
    const std::pair<std::string_view, bool> others[] = {
        {"required", c.required},
        {"success", c.success != CallConfig().success},
        {"fallback", c.fallback.has_value()},
        {"each", c.each.has_value()},
        {"cache", c.cache.has_value()},
        {"pick", c.pick.has_value()},
        {"expect", c.expect != Expect::any},
        {"format", c.format != Format::json},
        {"join", c.join.has_value()},
        {"zip", c.zip.has_value()},
        {"as", c.as.has_value()},
        {"on_conflict", c.on_conflict.has_value()},
        {"response_headers", !c.response_headers.empty()},
        {c.shaping().written(), !c.shaping().written().empty()},
    };
    for (auto [field, written] : others)
      if (written) builder_.error(at(field), "makes no sense with `shadow`: nobody waits for the answer");
    p.hidden = true;
    if (!settings.timeout) settings.timeout = std::chrono::seconds(10);
    p.shadow = std::make_shared<const Shadow>(chain::make_forwarder(settings, builder_), p.metrics);
  }

  void forward(const CallConfig& c, CallPlan& p) {
    p.forward = c.forward;
    if (config_.raw == p.name) return;
    // What the client's own copy or taste decides makes answers that cannot be read here.
    for (std::size_t i = 0; i < c.forward.headers.size(); ++i) {
      auto id = http::field_id(c.forward.headers[i]);
      if (id == http::FieldId::accept_encoding || id == http::FieldId::range ||
          id == http::FieldId::if_none_match || id == http::FieldId::if_modified_since)
        builder_.error(at("forward", "headers", i),
                       "only the answer of a `raw` call may depend on this field");
    }
  }

  // A service may answer that the copy is good, which nobody has here.
  void ask_for_no_copies(const CallPlan& p) {
    if (config_.raw == p.name || p.method != http::Method::get || p.succeeds(304) || p.takes(304)) return;
    for (const auto& [field, value] : p.headers)
      if (auto id = http::field_id(field);
          id == http::FieldId::if_none_match || id == http::FieldId::if_modified_since)
        builder_.error(at("headers", field), "an answer of 304 to this field is a failure of this call",
                       "only the answer of a `raw` call may depend on it");
  }

  void keep(const CallConfig& c, CallPlan& p) {
    if (!c.cache) return;
    if (p.method != http::Method::get) builder_.error(at("cache"), "only answers to `get` are kept");
    if (config_.raw == p.name) builder_.error(at("cache"), "the answer of a `raw` call is not kept");
    std::size_t each = static_cast<std::size_t>(c.cache->size.bytes) / std::max(1U, builder_.workers());
    p.keeping = std::make_unique<Keeping>(
        Keeping{c.cache->for_, each, chain::PerWorker<KeptAnswers>(builder_.workers())});
  }

  void conditions(const CallConfig& c, CallPlan& p) {
    if (c.when) {
      Looked looked(names_, p.looked_at);
      auto made = chain::Condition::compile(*c.when, &looked);
      if (auto* fault = std::get_if<expression::Fault>(&made)) {
        auto name = name_with_a_minus(*c.when);
        builder_.error(at("when"), fmt::format("{} (at character {})", fault->message, fault->offset + 1),
                       name.empty()
                           ? fault->hint
                           : fmt::format("in a condition `-` subtracts: call `{}` without one", name));
      } else {
        p.when = std::get<chain::Condition>(std::move(made));
        for (std::string_view name : p.when->names()) depends_on(name);
      }
      for (const Reference& r : p.looked_at) add(p.needs, r.call);
    }
    if (c.fallback) p.fallback.emplace(c.fallback->text);
    p.fallback_on = c.fallback_on;
    if (p.fallback && p.fallback_on.empty()) p.fallback_on.push_back({});
    if (!c.fallback_on.empty() && !c.fallback) builder_.error(at("fallback_on"), "there is no `fallback`");
    if (c.each) each(c, p);
  }

  // A call that the condition may mean and cannot name.
  std::string_view name_with_a_minus(std::string_view condition) const {
    for (const auto& [name, call] : config_.calls)
      if (name.find('-') != std::string::npos && condition.find(name) != std::string_view::npos) return name;
    return {};
  }

  void each(const CallConfig& c, CallPlan& p) {
    std::string_view written = *c.each;
    bool braces = written.starts_with("${") && written.ends_with("}");
    if (!braces) return builder_.error(at("each"), "must be one reference such as ${orders[].user_id}");
    auto made = parse_reference(written.substr(2, written.size() - 3), names_);
    if (auto* fault = std::get_if<TextFault>(&made))
      return builder_.error(at("each"), fault->message, fault->hint);
    p.each = std::get<0>(std::move(made));
    if (!p.each)
      return builder_.error(at("each"), "refers to no call",
                            fmt::format("calls are {}", fmt::join(names_.all(), ", ")));
    if (p.each->path.empty() && names_.type(p.each->call) == json::Type::object)
      builder_.error(at("each"), "is an object, not a list");
    add(p.needs, p.each->call);
    p.concurrency = c.concurrency;
    p.batch = c.batch;
    p.at_most = c.at_most;
    auto all = p.texts();
    if (std::none_of(all.begin(), all.end(), [](const CallText* t) { return t->uses_each(); }))
      builder_.error(at("each"), "nothing in this call uses ${each}",
                     "put it into the path, the query or the body");
  }

  void shape(const CallConfig& c, CallPlan& p) {
    if (c.pick)
      if (auto made = json_path(*c.pick, at("pick"))) p.pick = std::move(*made);
    p.shape = compile(c.shaping(), c.known_type(), [this](const std::string& field, std::string why) {
      builder_.error(path("calls", name_) + "." + field, std::move(why));
    });
    if (c.as)
      if (auto made = json_path(*c.as, at("as"))) {
        p.place = made->steps();
        if (std::any_of(p.place.begin(), p.place.end(),
                        [](const PathStep& s) { return s.kind != PathStep::Kind::name; }))
          builder_.error(at("as"), "must be a name, or several with dots between them");
      }
    if (c.join) join(*c.join, p);
    if (c.zip) zip(c, p);
    for (std::size_t i = 0; i < c.response_headers.size(); ++i)
      if (auto id = http::field_id(c.response_headers[i]); http::connection_level(id) ||
                                                           id == http::FieldId::content_type ||
                                                           id == http::FieldId::cache_control)
        builder_.error(at("response_headers", i), "the gateway itself sets this field");
    bool shaped = p.shape.changes() || p.join || p.zip;
    if (p.hidden && !shaped && c.as) builder_.warning(at("as"), "has no effect on a call that is hidden");
  }

  void zip(const CallConfig& c, CallPlan& p) {
    p.zip = other(*c.zip, at("zip"));
    if (c.known_type() == json::Type::object) builder_.error(at("zip"), "the value is an object, not a list");
    if (p.zip && names_.type(*p.zip) == json::Type::object)
      builder_.error(at("zip"), fmt::format("`{}` is an object, not a list", *c.zip));
  }

  void join(const JoinConfig& j, CallPlan& p) {
    std::string_view call = std::string_view(j.with).substr(0, j.with.find_first_of(".["));
    auto number = other(call, at("join", "with"));
    auto on = json_path(j.on, at("join", "on"));
    if (!number || !on) return;
    std::string_view rest = std::string_view(j.with).substr(call.size());
    if (rest.starts_with('.')) rest.remove_prefix(1);
    if (rest.empty()) {
      builder_.error(at("join", "with"), "the key is missing", fmt::format("write `{}.id`", call));
      return;
    }
    auto with = json_path(rest, at("join", "with"));
    if (!with) return;
    JoinPlan out;
    out.call = *number;
    split(on->steps(), out.list, out.on);
    split(with->steps(), out.other_list, out.with);
    if (out.on.empty() || out.with.empty()) {
      builder_.error(at("join"), "a key is a member of the items: the path must not end in []");
      return;
    }
    if (out.other_list.empty() && names_.type(*number) == json::Type::object)
      return builder_.error(at("join", "with"), fmt::format("`{}` is an object, not a list", call),
                            fmt::format("name the list in it: `{}.items[].id`", call));
    out.as = json::quoted(j.as.value_or(std::string(call)));
    p.join = std::move(out);
  }
  // At the first []: the way to the list, and from there on inside its items.
  static void split(const std::vector<PathStep>& steps, std::vector<PathStep>& list,
                    std::vector<PathStep>& rest) {
    auto each = std::find_if(steps.begin(), steps.end(),
                             [](const PathStep& s) { return s.kind == PathStep::Kind::each; });
    if (each == steps.end()) {
      rest = steps;
      return;
    }
    list.assign(steps.begin(), each);
    rest.assign(each + 1, steps.end());
  }

  // --- who waits for whom

  void order() {
    for (std::uint32_t i = 0; i < plan_.calls.size(); ++i)
      for (std::uint32_t n : plan_.calls[i].needs) plan_.calls[n].dependents.push_back(i);
    std::vector<std::uint32_t> sorted;
    auto cycle = put_in_order(plan_.calls, [](const CallPlan& p) { return p.needs; }, sorted);
    if (cycle)
      return builder_.error(path("calls", plan_.calls[*cycle].name),
                            "this call waits for itself: " + circle(plan_.calls, *cycle));
    auto enriched = [](const CallPlan& p) {
      std::vector<std::uint32_t> out;
      if (p.join) out.push_back(p.join->call);
      if (p.zip) out.push_back(*p.zip);
      return out;
    };
    cycle = put_in_order(plan_.calls, enriched, plan_.enriching);
    if (cycle)
      builder_.error(path("calls", plan_.calls[*cycle].name), "the joins of this call lead back to it");
    for (const CallPlan& p : plan_.calls) {
      if (p.required) check_presence(p);
      for (std::uint32_t n : p.needs) refuse_shadow(n, path("calls", p.name));
      if (p.join) refuse_shadow(p.join->call, path("calls", p.name, "join"));
      if (p.zip) refuse_shadow(*p.zip, path("calls", p.name, "zip"));
    }
  }
  // A call without which there is no answer must not hang on one that may be missing.
  void check_presence(const CallPlan& p) {
    auto missing = may_be_missing(plan_.calls, p);
    if (!missing) return;
    const std::string& needed = plan_.calls[missing->call].name;
    if (!missing->unfit.empty())
      return builder_.error(
          path("calls", p.name, "required"),
          fmt::format("the call refers to `{}`, whose fallback does not do: {}", needed, missing->unfit),
          fmt::format("put that into the fallback of `{}`, or give `{}` one for every `error`", needed,
                      p.name));
    builder_.error(
        path("calls", p.name, "required"),
        fmt::format("the call refers to `{}`, which may be {}", needed,
                    missing->left_out ? "left out" : "missing"),
        missing->left_out
            ? fmt::format("give `{}` or `{}` a `fallback` and write `fallback_on: [error, skipped]`", needed,
                          p.name)
            : fmt::format("make `{}` required too, or give it a fallback for every `error`", needed));
  }

  std::string name_;  // of the call at hand
};

Plan::Plan(const ComposeConfig& config, chain::Builder& builder) {
  CallsPlanner(config, builder, *this).plan();
  plan_whole(config, builder, *this);
}

}  // namespace sluice::compose
