// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/variables.h"
#include "gateway/config/amounts.h"
#include "gateway/config/diagnostic.h"
#include "gateway/config/node.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/upstream/upstream.h"

namespace sluice::compose {

using config::path;
using json::PathStep;

namespace {

class Numbers final : public CallNames {
 public:
  explicit Numbers(const ComposeConfig& config) : config_(config) {}
  std::optional<std::uint32_t> number(std::string_view name) const override {
    auto at = config_.calls.index_of(name);
    if (!at) return std::nullopt;
    return static_cast<std::uint32_t>(*at);
  }
  std::vector<std::string_view> all() const override {
    std::vector<std::string_view> out;
    for (const auto& [name, call] : config_.calls) out.push_back(name);
    return out;
  }
  std::optional<json::Type> type(std::uint32_t call) const override {
    return config_.calls[call].second.known_type();
  }

 private:
  const ComposeConfig& config_;
};

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
      return expression::Fault{0, std::move(fault->message), "conditions look at single items: `[0]`"};
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

// Does the text with this one variable say something of the client that is in no URL?
bool is_personal(std::string_view text) {
  return text.find("${path.") == std::string_view::npos && text.find("${query.") == std::string_view::npos &&
         text.find("${request.") == std::string_view::npos && text.find("${route.") == std::string_view::npos;
}

}  // namespace

// Compiles one composition; the errors stand at the setting that they are about.
class Planner {
 public:
  Planner(const ComposeConfig& config, chain::Builder& builder, Plan& plan)
      : config_(config), builder_(builder), plan_(plan), names_(config) {}

  void plan() {
    plan_.calls.resize(config_.calls.size());
    for (std::uint32_t i = 0; i < config_.calls.size(); ++i) call(i);
    order();
    whole();
    warn_of_collisions();
  }

 private:
  std::string at(std::string_view field) const { return path("calls", name_, field); }
  template <class... Field>
  std::string at(std::string_view field, Field... more) const {
    return path("calls", name_, field, more...);
  }

  std::optional<CallText> text(const std::string& written, CallText::Place place, const std::string& field,
                               bool each) {
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
  std::optional<json::Path> json_path(std::string_view written, const std::string& field) {
    auto made = json::Path::parse(written);
    if (auto* fault = std::get_if<json::Path::Fault>(&made)) {
      builder_.error(field, fmt::format("{} (at character {})", fault->message, fault->offset + 1));
      return std::nullopt;
    }
    return std::get<json::Path>(std::move(made));
  }
  std::optional<std::uint32_t> other(std::string_view call, const std::string& field) {
    if (auto n = names_.number(call)) return n;
    auto known = names_.all();
    auto near = base::nearest(call, known);
    builder_.error(field, fmt::format("there is no call `{}`", call),
                   near.empty() ? "" : config::did_you_mean(near));
    return std::nullopt;
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
    p.on_conflict = c.on_conflict.value_or(config_.on_conflict);
    p.response_headers = c.response_headers;
    p.format = c.format;
    p.xml_lists = c.xml_lists;
    p.metrics = std::make_unique<CallMetrics>(builder_.series(), builder_.route().name, name);
    if (!c.xml_lists.empty() && c.format != Format::xml)
      builder_.error(at("xml_lists"), "the format is not xml");
    p.expect = c.expect;
    request(c, p);
    conditions(c, p);
    shape(c, p);
  }

  void request(const CallConfig& c, CallPlan& p) {
    std::string key(c.method_key());
    p.method = c.method();
    p.upstream = c.target().upstream;
    builder_.need_upstream(p.upstream, at(key));
    p.caller.emplace(chain::CallSettings{p.upstream, c.timeout, c.retry, c.hedge}, builder_);
    p.timeout = c.timeout;
    bool each = c.each.has_value();
    if (auto uri = text(c.target().uri, CallText::Place::uri, at(key), each)) p.uri = std::move(*uri);
    for (const auto& [field, value] : c.headers) {
      if (!http::valid_field_name(field))
        builder_.error(at("headers", field), "is no name of a header field");
      if (http::connection_level(http::field_id(field)))
        builder_.error(at("headers", field), "the gateway itself sets this field");
      if (auto made = text(value, CallText::Place::field, at("headers", field), each))
        p.headers.emplace_back(field, std::move(*made));
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
    plan_.personal |= c.forward.all || !c.forward.headers.empty();
    for (const CallText* t : texts(p)) {
      for (std::uint32_t n : t->needs()) add(p.needs, n);
      for (const auto& variable : t->variables()) plan_.personal |= is_personal(variable.text());
    }
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

  void keep(const CallConfig& c, CallPlan& p) {
    if (!c.cache) return;
    if (p.method != http::Method::get) builder_.error(at("cache"), "only answers to `get` are kept");
    if (config_.raw == p.name) builder_.error(at("cache"), "the answer of a `raw` call is not kept");
    std::size_t each = static_cast<std::size_t>(c.cache->size.bytes) / std::max(1U, builder_.workers());
    p.keeping = std::make_unique<Keeping>(
        Keeping{c.cache->for_, each, chain::PerWorker<KeptAnswers>(builder_.workers())});
  }

  static std::vector<const CallText*> texts(const CallPlan& p) {
    std::vector<const CallText*> out{&p.uri};
    for (const auto& [name, t] : p.headers) out.push_back(&t);
    for (const auto& [name, t] : p.query) out.push_back(&t);
    if (p.body) out.push_back(&*p.body);
    return out;
  }

  void conditions(const CallConfig& c, CallPlan& p) {
    if (c.when) {
      Looked looked(names_, p.looked_at);
      auto made = chain::Condition::compile(*c.when, &looked);
      if (auto* fault = std::get_if<expression::Fault>(&made)) {
        builder_.error(at("when"), fmt::format("{} (at character {})", fault->message, fault->offset + 1),
                       fault->hint);
      } else {
        p.when = std::get<chain::Condition>(std::move(made));
      }
      for (const Reference& r : p.looked_at) add(p.needs, r.call);
    }
    if (c.fallback) p.fallback.emplace(c.fallback->text);
    p.fallback_on = c.fallback_on;
    if (p.fallback && p.fallback_on.empty()) p.fallback_on.push_back({});
    if (!c.fallback_on.empty() && !c.fallback) builder_.error(at("fallback_on"), "there is no `fallback`");
    if (c.each) each(c, p);
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
    auto all = texts(p);
    if (std::none_of(all.begin(), all.end(), [](const CallText* t) { return t->uses_each(); }))
      builder_.error(at("each"), "nothing in this call uses ${each}",
                     "put it into the path, the query or the body");
  }

  void shape(const CallConfig& c, CallPlan& p) {
    auto tell = [&](const std::string& field, std::string why) {
      if (!why.empty()) builder_.error(field, std::move(why));
    };
    if (c.pick)
      if (auto made = json_path(*c.pick, at("pick"))) p.pick = std::move(*made);
    auto type = c.known_type();
    auto inside = [&](std::string_view written, const std::string& field) {
      auto made = json_path(written, field);
      if (!made || made->empty() || !type) return made;
      bool by_name = made->steps().front().kind == PathStep::Kind::name;
      if (by_name == (*type == json::Type::array))
        builder_.error(field,
                       by_name ? "the value is a list: paths begin with `[]`" : "the value is no list");
      return made;
    };
    for (std::size_t i = 0; i < c.only.size(); ++i)
      if (auto made = inside(c.only[i], at("only", i))) tell(at("only", i), p.shape.only(*made));
    for (std::size_t i = 0; i < c.drop.size(); ++i)
      if (auto made = inside(c.drop[i], at("drop", i))) tell(at("drop", i), p.shape.drop(*made));
    for (const auto& [from, to] : c.rename)
      if (auto made = inside(from, at("rename", from))) tell(at("rename", from), p.shape.rename(*made, to));
    for (const auto& [from, to] : c.move) {
      auto a = inside(from, at("move", from)), b = inside(to, at("move", from));
      if (a && b) tell(at("move", from), p.shape.move(*a, *b));
    }
    if (c.as)
      if (auto made = json_path(*c.as, at("as"))) {
        p.place = made->steps();
        if (std::any_of(p.place.begin(), p.place.end(),
                        [](const PathStep& s) { return s.kind != PathStep::Kind::name; }))
          builder_.error(at("as"), "must be a name, or several with dots between them");
      }
    if (c.join) join(*c.join, p);
    if (c.zip) p.zip = other(*c.zip, at("zip"));
    for (std::size_t i = 0; i < c.response_headers.size(); ++i)
      if (auto id = http::field_id(c.response_headers[i]); http::connection_level(id) ||
                                                           id == http::FieldId::content_type ||
                                                           id == http::FieldId::cache_control)
        builder_.error(at("response_headers", i), "the gateway itself sets this field");
    bool shaped = p.shape.changes() || p.join || p.zip;
    if (p.hidden && !shaped && c.as) builder_.warning(at("as"), "has no effect on a call that is hidden");
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
    auto cycle = sort([](const CallPlan& p) { return p.needs; }, sorted);
    if (cycle)
      builder_.error(path("calls", plan_.calls[*cycle].name),
                     "this call waits for itself: " + circle(*cycle));
    auto enriched = [](const CallPlan& p) {
      std::vector<std::uint32_t> out;
      if (p.join) out.push_back(p.join->call);
      if (p.zip) out.push_back(*p.zip);
      return out;
    };
    cycle = sort(enriched, plan_.enriching);
    if (cycle)
      builder_.error(path("calls", plan_.calls[*cycle].name), "the joins of this call lead back to it");
    for (const CallPlan& p : plan_.calls)
      for (std::uint32_t n : p.needs) check_presence(p, plan_.calls[n]);
  }
  // Appends calls after those that they need. The number of one that waits for itself, if there is one.
  template <class Needs>
  std::optional<std::uint32_t> sort(Needs needs, std::vector<std::uint32_t>& out) const {
    std::vector<char> done(plan_.calls.size());
    for (bool moved = true; moved;) {
      moved = false;
      for (std::uint32_t i = 0; i < plan_.calls.size(); ++i) {
        auto before = needs(plan_.calls[i]);
        if (done[i] || !std::all_of(before.begin(), before.end(), [&](std::uint32_t n) { return done[n]; }))
          continue;
        done[i] = 1;
        out.push_back(i);
        moved = true;
      }
    }
    auto left = std::find(done.begin(), done.end(), 0);
    if (left == done.end()) return std::nullopt;
    return static_cast<std::uint32_t>(left - done.begin());
  }
  // "a -> b -> a", from a call that is not in order.
  std::string circle(std::uint32_t from) const {
    std::vector<std::uint32_t> way;
    std::uint32_t at = from;
    while (std::find(way.begin(), way.end(), at) == way.end()) {
      way.push_back(at);
      std::vector<std::uint32_t> sorted;
      for (std::uint32_t n : plan_.calls[at].needs)
        if (waits_for_itself(n)) {
          at = n;
          break;
        }
    }
    std::string out;
    for (auto i = std::find(way.begin(), way.end(), at); i != way.end(); ++i)
      out += plan_.calls[*i].name + " -> ";
    return out + plan_.calls[at].name;
  }
  bool waits_for_itself(std::uint32_t call) const {
    std::vector<std::uint32_t> seen, todo = plan_.calls[call].needs;
    while (!todo.empty()) {
      std::uint32_t n = todo.back();
      todo.pop_back();
      if (n == call) return true;
      if (std::find(seen.begin(), seen.end(), n) != seen.end()) continue;
      seen.push_back(n);
      todo.insert(todo.end(), plan_.calls[n].needs.begin(), plan_.calls[n].needs.end());
    }
    return false;
  }
  // A call without which there is no answer must not hang on one that may be missing.
  void check_presence(const CallPlan& p, const CallPlan& needed) {
    if (!p.required || p.fallback || needed.fallback) return;
    if (needed.required && !needed.when) return;
    builder_.error(path("calls", p.name, "required"),
                   fmt::format("the call refers to `{}`, which may be missing", needed.name),
                   needed.when ? fmt::format("give `{}` a fallback", needed.name)
                               : fmt::format("make `{}` required too, or give it a fallback", needed.name));
  }

  // --- the answer

  void whole() {
    plan_.on_conflict = config_.on_conflict;
    if (config_.data.always) plan_.always.emplace(config_.data.always->text);
    if (config_.data.complete) plan_.complete.emplace(config_.data.complete->text);
    if (config_.data.partial) plan_.partial.emplace(config_.data.partial->text);
    if (config_.json) plan_.json = text(config_.json->text, CallText::Place::json, "json", false);
    if (config_.raw) {
      plan_.raw = other(*config_.raw, "raw");
      if (plan_.raw && plan_.calls[*plan_.raw].each) builder_.error("raw", "this call is made several times");
    }
    if (config_.errors) plan_.errors = json::quoted(*config_.errors);
    plan_.error_bodies = config_.error_bodies;
    if (config_.error_bodies && !config_.errors && !config_.stream)
      builder_.error("error_bodies", "there is no `errors`");
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
  }

  // The head is sent before there is a whole.
  void streamed() {
    const std::pair<const char*, bool> others[] = {
        {"json", config_.json.has_value()},       {"raw", config_.raw.has_value()},
        {"data", config_.data != StaticConfig()}, {"completed_header", config_.completed_header.has_value()},
        {"server_timing", config_.server_timing},
    };
    for (auto [field, written] : others)
      if (written) builder_.error(field, "makes no sense with `stream`: calls are answered one by one");
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
      auto upstream = builder_.upstream(p.upstream);
      auto own = p.timeout ? *p.timeout : upstream ? upstream->timeouts().total : base::Duration();
      if (own <= base::Duration::zero()) return {};
      out = std::max(out, own);
    }
    return out;
  }

  void warn_of_collisions() {
    if (config_.json || config_.raw || config_.stream || config_.on_conflict != json::OnConflict::last)
      return;
    const CallPlan* first = nullptr;
    for (const CallPlan& p : plan_.calls) {
      if (p.hidden || !p.place.empty()) continue;
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

  const ComposeConfig& config_;
  chain::Builder& builder_;
  Plan& plan_;
  Numbers names_;
  std::string name_;  // of the call at hand
};

Plan::Plan(const ComposeConfig& config, chain::Builder& builder) { Planner(config, builder, *this).plan(); }

}  // namespace sluice::compose
