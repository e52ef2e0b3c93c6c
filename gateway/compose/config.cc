// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/config.h"

#include <charconv>

namespace sluice::json {

void describe(config::Enumeration<OnConflict>& e) {
  e.about("conflict rule");
  e.value("error", OnConflict::error, "No answer: 502.");
  e.value("first", OnConflict::first, "The value of the call that is written first stays.");
  e.value("last", OnConflict::last, "The value of the call that is written last stays.");
  e.value("deep", OnConflict::deep, "Objects are merged member by member; of other values the last stays.");
  e.value("concat", OnConflict::concat, "As deep, and lists are joined.");
}

}  // namespace sluice::json

namespace sluice::compose {

using namespace config;

void describe(Text<CallTarget>& t) {
  t.about("call", "an upstream and a path such as users:/users/${path.id}");
  t.pattern("^[^:/]+:/");
  t.example("users:/users/${path.id}");
  t.read([](std::string_view text, CallTarget& out) -> Refusal {
    std::size_t colon = text.find(":/");
    if (colon == 0 || colon == std::string_view::npos ||
        text.substr(0, colon).find('/') != std::string_view::npos)
      return Complaint{};
    if (text.substr(colon).starts_with("://"))
      return Complaint{"a call names an upstream, not a URL",
                       "write the URL into `upstreams` and its name here"};
    out = {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
    return {};
  });
  t.write([](const CallTarget& c) { return c.upstream + ":" + c.uri; });
}

void describe(Description<PassConfig>& d) {
  d.about("forward_to_call", "What a call gets of the client's request. Nothing goes along by itself.");
  d.field("headers", &PassConfig::headers, "Header fields by name.", unique,
          example("[Authorization, Accept-Language]"));
  d.field("query", &PassConfig::query, "Query parameters by name.", unique, example("[page, sort]"));
  d.field("body", &PassConfig::body,
          "The body, with its Content-Type and Content-Encoding. A request with more than 1 MiB is refused.");
  d.field("all", &PassConfig::all,
          "All header fields and the whole query; for the body too, `body: true`. Only a `raw` call gets "
          "Accept-Encoding, Range, If-None-Match and If-Modified-Since, where no other call refers to it.");
  d.word("all", "All header fields and the whole query.", [](PassConfig& c) { c.all = true; });
}

namespace {

constexpr std::pair<std::string_view, FallbackCase::Kind> kWords[] = {
    {"error", FallbackCase::Kind::error},
    {"timeout", FallbackCase::Kind::timeout},
    {"skipped", FallbackCase::Kind::skipped},
};

}  // namespace

void describe(Text<FallbackCase>& t) {
  t.about("fallback case", "error, timeout, skipped, or a status such as 404 or 5xx");
  t.pattern("^(error|timeout|skipped|[1-5]xx|[1-5][0-9][0-9])$");
  t.example("404");
  t.read([](std::string_view text, FallbackCase& out) -> Refusal {
    using Kind = FallbackCase::Kind;
    for (auto [word, kind] : kWords)
      if (text == word) {
        out = {kind, 0, 0};
        return {};
      }
    if (text.size() != 3 || text[0] < '1' || text[0] > '5') return Complaint{};
    int status = (text[0] - '0') * 100;
    if (text.substr(1) == "xx") {
      out = {Kind::status, status, status + 99};
      return {};
    }
    if (std::from_chars(text.data(), text.data() + 3, status).ptr != text.data() + 3) return Complaint{};
    out = {Kind::status, status, status};
    return {};
  });
  t.write([](const FallbackCase& c) -> std::string {
    for (auto [word, kind] : kWords)
      if (c.kind == kind) return std::string(word);
    return c.from == c.to ? std::to_string(c.from) : std::to_string(c.from / 100) + "xx";
  });
}

void describe(Description<JoinConfig>& d) {
  d.about("join", "Puts into each item of the list the item of another call's list that it refers to.");
  d.field(
      "on", &JoinConfig::on,
      "Where the reference stands: a path inside the items of this call's list, or with `[]` from the top of "
      "its value.",
      required, example("owner_id"));
  d.field("with", &JoinConfig::with, "The other call and the path of the key inside the items of its list.",
          required, example("users.id"));
  d.field("as", &JoinConfig::as, "Name of the member that gets the other item; null where there is none.",
          default_is("the other call's name"), example("owner"));
}

void describe(Description<KeepConfig>& d) {
  d.about("kept_answers",
          "Answers that are given once more. A request that says the same, with all that goes along of the "
          "client's, gets the same answer, unless the service forbids it or wants it sooner.");
  d.field("for", &KeepConfig::for_, "How long.", required, at_least(std::chrono::milliseconds(1)),
          example("30s"));
  d.field("size", &KeepConfig::size, "Memory for the answers to this call, of all workers together.",
          at_least(Size{64U << 10}), at_most(Size{std::uint64_t{4} << 30}));
  d.shorthand(&KeepConfig::for_);
}

void describe(Enumeration<Format>& e) {
  e.about("format");
  e.value("json", Format::json, "JSON.");
  e.value("xml", Format::xml,
          "XML, RSS and Atom too: an element becomes an object with its attributes as \"-name\", its text as "
          "\"#text\" and its children by name, several of one name as a list; an element with text alone "
          "becomes a text.");
  e.value("text", Format::text,
          "The body as it is, which becomes one text; what is not UTF-8 in it becomes U+FFFD.");
}

void describe(Enumeration<Expect>& e) {
  e.about("type");
  e.value("any", Expect::any, "Whatever the service says.");
  e.value("object", Expect::object, "An object; anything else is a failure.");
  e.value("array", Expect::array, "A list; anything else is a failure.");
}

namespace {

void describe_request(Description<CallConfig>& d) {
  using C = CallConfig;
  constexpr const char* kCall =
      "The upstream and the path that are called. `${...}` stands for a value of the "
      "request or of another call: `${user.address.city}`, `${orders[0].id}`.";
  d.field("get", &C::get, kCall, example("\"users:/users/${path.id}\""));
  d.field("post", &C::post, kCall);
  d.field("put", &C::put, kCall);
  d.field("patch", &C::patch, kCall);
  d.field("delete", &C::delete_, kCall);
  d.field("route", &C::route,
          "In place of an upstream: the composition of the route of this name is made, as if it were a "
          "service. Its filters are not asked.",
          example("shelf"));
  d.exactly_one({"get", "post", "put", "patch", "delete", "route"});
  d.field("path", &C::path, "With `route`: what its path would capture, by name; texts may use variables.",
          example("{id: \"${user.id}\"}"));
  d.field("headers", &C::headers, "Header fields of the call; texts may use variables.",
          example("{Accept: application/json, X-User: \"${user.id}\"}"));
  d.field("query", &C::query, "Parameters that are added to the query; texts may use variables.",
          example("{user: \"${user.id}\"}"));
  d.field("body", &C::body, "The body as a text, which may use variables.");
  d.field("json", &C::json,
          "The body as a value that is sent as JSON. A text that is one reference, \"${user}\", becomes that "
          "value.",
          example("{id: \"${user.id}\"}"));
  d.field("forward", &C::forward, "What goes along of the client's request.",
          example("{headers: [Authorization]}"));
  d.at_most_one({"body", "json"});
  d.field("timeout", &C::timeout, "Time for the call, all attempts included.",
          default_is("`timeouts.total` of the route, or else of the upstream"),
          at_least(std::chrono::milliseconds(1)), example("300ms"));
  d.field("retry", &C::retry, "Repetition of failed attempts, in place of the upstream's.");
  d.field("hedge", &C::hedge, "A second attempt beside one that is late. For `get`.",
          default_is("that of the upstream"), example("300ms"));
  d.field("max_body", &C::max_body, "The longest body that is taken, before and after it was decoded.",
          at_least(Size{1}), at_most(Size{256U << 20}));
  d.field("cache", &C::cache, "Answers to this call are kept and given again. For `get`.", example("30s"));
}

void describe_conditions(Description<CallConfig>& d) {
  using C = CallConfig;
  d.field("when", &C::when,
          "The call is made only if this condition is true. It can look at the request and at other calls.",
          example("user.tier == \"gold\" && !has(query.brief)"));
  d.field("required", &C::required,
          "Without this call there is no answer: its status of 4xx becomes that of the answer, anything else "
          "that goes wrong 502, 503 or 504.");
  d.field("success", &C::success,
          "The statuses of an answer that counts. Any other one is a failure, unless `fallback_on` names it.",
          non_empty, one_or_many, example("[200, 201]"));
  d.field("fallback", &C::fallback, "The value in place of the answer if the call fails.", example("[]"));
  d.field("fallback_on", &C::fallback_on,
          "When the fallback is taken. `error` is any failure. A status that is named here counts as an "
          "answer, not as a failure; with `each` it leaves its item out. `skipped`: also if the call is not "
          "made, because its condition does not hold or another one was left out.",
          default_is("[error]"), unique, example("[timeout, \"404\"]"));
  d.field("each", &C::each,
          "Calls once for each value of a list: `${each}` is the value. Values that stand there twice are "
          "asked for once; the result is the list of the answers in the order of the values.",
          example("\"${orders[].user_id}\""));
  d.field("concurrency", &C::concurrency, "With `each`: calls at a time.", between(1u, 256u));
  d.field("batch", &C::batch,
          "With `each`: so many values in one call, joined by commas in `${each}`; the answers must be "
          "lists, which are joined.",
          between(1u, 1000u));
  d.field("at_most", &C::at_most, "With `each`: more different values than that are a failure.",
          between(1u, 100'000u));
}

void describe_shape(Description<CallConfig>& d) {
  using C = CallConfig;
  d.field("format", &C::format, "What the service answers; everything else here is about the JSON of it.");
  d.field("xml_lists", &C::xml_lists,
          "With `format: xml`: elements that are lists even if there is one of them.", one_or_many, unique,
          example("[item]"));
  d.field("expect", &C::expect, "The type that the value must have.");
  d.field(
      "pick", &C::pick,
      "The part of the answer that counts; null if it is not there. References from other calls begin here.",
      example("data.items"));
  d.field("only", &C::only, "Paths that are kept, all others are left out.", one_or_many, unique,
          example("[id, \"items[].price\"]"));
  d.field("drop", &C::drop, "Paths that are left out.", one_or_many, unique, example("[user.password]"));
  d.field("rename", &C::rename, "New names for members, where they are.", example("{user.mail: email}"));
  d.field("move", &C::move, "New places for members.", example("{user.address.city: city}"));
  d.field("append", &C::append,
          "Lists whose items are put behind those of another list; what is no list counts as one item.",
          example("{data.old: data.items}"));
  d.field("join", &C::join, "Enriches the items of the list with those of another call.");
  d.field("zip", &C::zip,
          "Merges the items of the list with those of another call's list that stand in the same place.",
          example("prices"));
  d.field("as", &C::as,
          "Where the value stands in the answer: a name, or several with dots. Without it the members of the "
          "value become members of the answer.",
          example("orders"));
  d.field("hide", &C::hide, "Is not part of the answer: only others refer to it.");
  d.field(
      "shadow", &C::shadow,
      "The call is made, and nobody waits for it or asks what came of it, not even when the client leaves.");
  d.field("on_conflict", &C::on_conflict, "For this call, in place of the composition's.");
  d.field("response_headers", &C::response_headers, "Header fields of the answer that the client gets.",
          one_or_many, unique, example("[Set-Cookie, ETag]"));
}

}  // namespace

void describe(Description<CallConfig>& d) {
  d.about("call", "One call of a composition, and what becomes of its answer.");
  describe_request(d);
  describe_conditions(d);
  describe_shape(d);
}

const CallTarget& CallConfig::target() const {
  for (const auto* target : {&get, &post, &put, &patch, &delete_})
    if (*target) return **target;
  static const CallTarget none;
  return none;
}

http::Method CallConfig::method() const {
  if (post) return http::Method::post;
  if (put) return http::Method::put;
  if (patch) return http::Method::patch;
  return delete_ ? http::Method::delete_ : http::Method::get;
}

std::string_view CallConfig::method_key() const {
  if (post) return "post";
  if (put) return "put";
  if (patch) return "patch";
  if (route) return "route";
  return delete_ ? "delete" : "get";
}

std::optional<json::Type> CallConfig::known_type() const {
  std::optional<json::Type> out;
  if (format == Format::text) out = json::Type::string;
  if (expect != Expect::any) out = expect == Expect::array ? json::Type::array : json::Type::object;
  if (pick) {
    auto parsed = json::Path::parse(*pick);
    if (auto* p = std::get_if<json::Path>(&parsed); p && p->many()) out = json::Type::array;
  }
  if (each) out = json::Type::array;
  if (out && fallback && json::type_of(json::trimmed(fallback->text)) != *out) return std::nullopt;
  return out;
}

void describe(Description<StaticConfig>& d) {
  d.about("static_data", "Values that are merged into the answer last, as if a call had given them.");
  d.field("always", &StaticConfig::always, "Into every answer.", example("{version: 2}"));
  d.field("complete", &StaticConfig::complete, "If every call succeeded.");
  d.field("partial", &StaticConfig::partial, "If some call failed.",
          example("{notice: \"some data is missing\"}"));
}

void describe(Description<ComposeConfig>& d) {
  using C = ComposeConfig;
  d.about("compose",
          "Makes one JSON answer of several calls. Calls that refer to others wait for them, all others run "
          "at the same time. The answer is made in the order in which the calls are written.");
  d.field("calls", &C::calls, "The calls by name.", required, non_empty, max_items(64),
          example("{user: {get: \"users:/users/${path.id}\", required: true}, orders: {get: "
                  "\"orders:/orders?user=${user.id}\", as: orders, fallback: []}}"));
  d.field("timeout", &C::timeout, "Time for all calls together; those that are late are given up.",
          default_is("`timeouts.total` of the route, or else the longest time that a call has"),
          at_least(std::chrono::milliseconds(1)), example("2s"));
  d.field(
      "on_conflict", &C::on_conflict,
      "What becomes of two values for one place. Of lists without `as` one list is made, whatever this says.",
      default_is("last"));
  d.field("data", &C::data, "Static values.");
  d.field("json", &C::json,
          "The whole answer as a template, in place of merging. A text that is one reference, \"${user}\", "
          "becomes that value, or null if it is not there.",
          example("{name: \"${user.name}\", orders: \"${orders}\"}"));
  d.field("raw", &C::raw, "The answer of this call is passed through untouched, in place of merging.",
          example("report"));
  d.at_most_one({"json", "raw"});
  d.field("only", &C::only, "Of the whole answer: paths that are kept, all others are left out.", one_or_many,
          unique, example("[user, \"orders[].id\"]"));
  d.field("drop", &C::drop, "Of the whole answer: paths that are left out.", one_or_many, unique,
          example("[user.token]"));
  d.field("rename", &C::rename, "Of the whole answer: new names for members, where they are.",
          example("{user.mail: email}"));
  d.field("move", &C::move, "Of the whole answer: new places for members.", example("{user.orders: orders}"));
  d.field("append", &C::append,
          "Of the whole answer: lists whose items are put behind those of another list.",
          example("{archived: orders}"));
  d.field("errors", &C::errors,
          "Name of a member that tells of each failed call its status and reason, if any failed.",
          example("errors"));
  d.field("error_bodies", &C::error_bodies,
          "With `errors` or `stream`: tells too what each service answered, up to 4 KiB of it.");
  d.field(
      "stream", &C::stream,
      "Answers with a line of JSON for each call as soon as it has ended (application/x-ndjson), and a last "
      "one that says whether all are there. The first line waits for all required calls.");
  d.field("completed_header", &C::completed_header,
          "A header field that says true or false: did every call succeed?", example("X-Completed"));
  d.field("server_timing", &C::server_timing,
          "Tells in Server-Timing when each call began and how long it took.");
}

}  // namespace sluice::compose
