// SPDX-License-Identifier: Apache-2.0
// The filter `forward_auth`: asks a service of the operator's whether a request may pass. The service is sent
// method, host and URI and the fields that are listed, never the body. An answer 2xx lets the request pass,
// with fields of the answer copied to it; any other one is what the client gets, but for 5xx, by which the
// service says that it cannot tell: like no answer in time, 503. The same may be asked by the gRPC call that
// Envoy makes (http/check_call.h).
#include <fmt/format.h>

#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/call.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/request_id.h"
#include "gateway/chain/template.h"
#include "gateway/chain/verdict_cache.h"
#include "gateway/http/check_call.h"
#include "gateway/http/grpc.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/jose/digest.h"

namespace sluice::filters {

using namespace std::chrono_literals;

struct ForwardAuthCacheConfig {
  std::vector<chain::Template> by;
  config::Duration ttl = 10s;
  std::uint32_t size = 1000;
  bool operator==(const ForwardAuthCacheConfig&) const = default;
};

// How the service is asked.
enum class AskBy : unsigned char { http, envoy_grpc };
void describe(config::Enumeration<AskBy>& e) {
  e.about("forward_auth_protocol");
  e.value("http", AskBy::http, "A request of HTTP.");
  e.value("envoy_grpc", AskBy::envoy_grpc, "The call Check of envoy.service.auth.v3.Authorization.");
}

struct ForwardAuthConfig {
  std::string to;
  AskBy protocol = AskBy::http;
  std::string path = "/";
  std::vector<std::string> send = {"Authorization", "Cookie"};
  std::vector<std::string> copy;
  std::string consumer, groups, scopes;
  config::Duration timeout = 1s;
  std::optional<ForwardAuthCacheConfig> cache;
  bool operator==(const ForwardAuthConfig&) const = default;
};

namespace {

std::string refuse_named_field(const std::string& name) {
  return http::valid_field_name(name) && !http::connection_level(http::field_id(name))
             ? ""
             : fmt::format("`{}` is no field that can be sent along", name);
}

}  // namespace

void describe(config::Description<ForwardAuthCacheConfig>& d) {
  using namespace config;
  d.about("forward_auth_cache", "Remembers answers 2xx of the service for a while.");
  d.field(
      "by", &ForwardAuthCacheConfig::by,
      "What an answer depends on: requests for which all of these texts are the same share it. What is left "
      "out, the service must not decide by.",
      required, non_empty, one_or_many,
      example("[\"${header.authorization}\", \"${request.method}\", \"${request.path}\"]"));
  d.field("ttl", &ForwardAuthCacheConfig::ttl, "How long.", between(1ms, 1h));
  d.field("size", &ForwardAuthCacheConfig::size, "How many answers each worker remembers.",
          between(1u, 1'000'000u));
}

void describe(config::Description<ForwardAuthConfig>& d) {
  using namespace config;
  d.about("forward_auth",
          "Asks a service whether the request may pass. It is sent a GET with X-Forwarded-Method, "
          "X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Uri and X-Forwarded-For, and without a body. An "
          "answer 2xx lets the request pass; any other one, redirects too, is returned to the client; 5xx, "
          "and none in time, are answered with 503.");
  d.field("to", &ForwardAuthConfig::to, "Upstream of the service.", required, reference("upstream"));
  d.field("protocol", &ForwardAuthConfig::protocol,
          "How it is asked. `envoy_grpc` is for services that are written for Envoy; its upstream needs "
          "`protocol: h2`. They are told method, path, host, scheme and address of the client and the fields "
          "of `send`; they may name fields that the upstream is not to see, and the upstream gets those of "
          "`copy`.");
  d.field("path", &ForwardAuthConfig::path, "Path, and query, that the service is asked under.",
          check([](const std::string& path) { return chain::refuse_call_uri(path, "/verify"); }),
          example("/verify"));
  d.field("send", &ForwardAuthConfig::send, "Fields of the request that the service is shown.", one_or_many,
          each(check(refuse_named_field)));
  d.field(
      "copy", &ForwardAuthConfig::copy,
      "Fields of the service's answer that the upstream gets with the request. What clients send under these "
      "names is always removed.",
      one_or_many, each(check(chain::refuse_field)), example("[X-User, X-Groups]"));
  d.field("consumer", &ForwardAuthConfig::consumer,
          "Field of the answer that names the caller: a consumer, if it is one of those listed.",
          check(refuse_named_field), example("X-User"));
  d.field("groups", &ForwardAuthConfig::groups,
          "Field of the answer that lists the caller's groups, with commas; an empty one: none. Without the "
          "field the caller has those of its consumer.",
          check(refuse_named_field), example("X-Groups"));
  d.field("scopes", &ForwardAuthConfig::scopes,
          "Field of the answer that lists the caller's scopes, with commas; an empty one: none. Without the "
          "field the caller has those of its consumer.",
          check(refuse_named_field));
  d.field("timeout", &ForwardAuthConfig::timeout, "How long the service may take, retries included.",
          at_least(1ms));
  d.field("cache", &ForwardAuthConfig::cache,
          "Remembers who may pass; without it the service is asked each time.");
  d.check([](const ForwardAuthConfig& c, const Site& at) {
    if (c.protocol == AskBy::envoy_grpc && c.path != "/")
      at.error("path", "is given by the protocol envoy_grpc");
  });
}

namespace {

using base::Result;
using base::SteadyTime;
using base::Task;
using chain::Exchange;
using chain::Verdict;
using http::FieldId;

// Larger answers than this are not worth passing on.
constexpr std::size_t kLargestAuthAnswer = 256 * 1024;

// What an answer 2xx said. Immutable.
struct Passed {
  struct Line {
    std::string name, value;
  };
  std::vector<Line> copied;
  std::vector<std::string> removed;  // fields that the upstream is not to see
  std::string consumer, groups_text, scopes_text;
  std::vector<std::string_view> groups, scopes;
  bool names_groups = false, names_scopes = false;  // if only with an empty field

  Passed() = default;
  Passed(const Passed&) = delete;
};

// Any other answer, in the exchange's arena.
struct Refused {
  int status;
  std::span<http::Field> fields;
  std::string_view body;
};

struct Local {
  const Refused* refused;
  const Passed* passed;  // kept alive by the identity of this filter's verdict; for tell_upstream() alone
};

std::vector<std::string_view> words(std::string_view list) {
  std::vector<std::string_view> out;
  std::string_view word;
  while (base::next_token(list, word)) out.push_back(word);
  return out;
}

class ForwardAuth final : public chain::Authenticator {
 public:
  ForwardAuth(const ForwardAuthConfig& c, chain::Builder& builder)
      : Authenticator("forward_auth", builder),
        config_(c),
        caller_(settings(c), builder),
        own_(builder.workers()) {
    for (const std::string& name : c.copy) builder.tells_identity(name);
    if (c.cache)
      for (std::size_t i = 0; i < c.cache->by.size(); ++i)
        chain::check_captures(c.cache->by[i], config::path("cache.by", i), builder);
  }

  Task<Verdict> authenticate(Exchange& ex) const override {
    if (!config_.cache || shows_a_field_twice(ex)) return ask(ex, {});
    auto key = key_of(ex);
    auto& cache = own_.of(ex.worker.index, [&] { return std::make_unique<Cache>(config_.cache->size); });
    if (const auto* known = cache.find(key, ex.worker.loop.now())) return pass(ex, *known);
    return ask(ex, key);
  }
  // What clients say under these names is never believed, not even if another one of `any` was enough.
  void hide(Exchange& ex) const override {
    if (edits_read_later_) chain::keep_fields(ex);
    for (const std::string& name : config_.copy) ex.request.fields.remove(name);
  }
  void tell_upstream(Exchange& ex) const override {
    const Passed* passed = ex.local<Local>(*this).passed;
    if (edits_read_later_ || read_later(passed->removed)) chain::keep_fields(ex);
    for (const std::string& name : config_.copy) ex.request.fields.remove(name);  // of another one of `all`
    for (const std::string& name : passed->removed) ex.request.fields.remove(name);
    for (const auto& line : passed->copied)
      ex.request.fields.add(ex.arena.copy(line.name), ex.arena.copy(line.value));
  }
  // The service's own answer, if it gave one.
  void refuse(Exchange& ex, const Verdict& verdict) const override {
    Authenticator::refuse(ex, verdict);
    const Refused* refused = ex.local<Local>(*this).refused;
    if (!refused) return;
    ex.error_pages = nullptr;  // this is what the operator's service wants to be seen
    ex.response.status = refused->status;
    ex.response.fields.clear();
    for (const http::Field& f : refused->fields) ex.response.fields.add(f.name, f.value);
    ex.response_body.reset();
    bool empty = refused->body.empty() || http::bodiless(ex.request.method, refused->status);
    if (!empty) ex.response_body = http::make_body<http::TextBody>(ex.arena, refused->body);
  }

 private:
  using Cache = chain::VerdictCache<Passed, SteadyTime>;

  static chain::CallSettings settings(const ForwardAuthConfig& c) {
    chain::CallSettings out;
    out.upstream = c.to;
    out.timeout = c.timeout;
    return out;
  }

  static bool read_later(const std::vector<std::string>& names) noexcept {
    return std::ranges::any_of(names, [](const std::string& name) {
      return (http::field_set(http::field_id(name)) & chain::kReadLater) != 0;
    });
  }

  // The texts of a key say what the first line does; the service may go by another one.
  bool shows_a_field_twice(const Exchange& ex) const {
    for (const std::string& name : config_.send) {
      int lines = 0;
      for (const http::Field& line : ex.request.fields.lines())
        lines += !line.dropped && base::equal_ignoring_case(name, line.name);
      if (lines > 1) return true;
    }
    return false;
  }

  // Of the texts with their lengths before them, so that no two lists of texts make the same key: a digest,
  // as they are credentials more often than not.
  std::string_view key_of(Exchange& ex) const {
    std::string_view key;
    for (const auto& text : config_.cache->by) {
      auto part = text.render(ex, chain::Purpose::text);
      auto size = std::to_string(part.size());
      key = ex.arena.join(key, size, ":", part);
    }
    return ex.arena.copy(jose::view(jose::sha256(key)));
  }

  static http::Field field(std::string_view name, std::string_view value) {
    return {name, value, http::field_id(name), false, false};
  }
  std::vector<http::Field> fields_to_send(Exchange& ex) const {
    std::vector<http::Field> out;
    for (const http::Field& line : ex.request.fields.lines()) {
      if (line.dropped) continue;
      for (const std::string& name : config_.send)
        if (base::equal_ignoring_case(name, line.name)) out.push_back(field(line.name, line.value));
    }
    return out;
  }
  static std::string_view uri_of(Exchange& ex) {
    return ex.request.has_query ? ex.arena.join(ex.request.path, "?", ex.request.query) : ex.request.path;
  }

  Task<Verdict> ask(Exchange& ex, std::string_view key) const {
    bool by_grpc = config_.protocol == AskBy::envoy_grpc;
    auto asking = by_grpc ? ask_by_grpc(ex) : ask_by_http(ex);
    auto answer = co_await asking;
    if (!answer)
      co_return Verdict::unavailable(
          ex.arena.join("the service that authenticates: ", base::row(answer.error().reason).name, " ",
                        answer.error().detail));
    std::shared_ptr<const Passed> passed;
    if (by_grpc) {
      auto said = parse_grpc(*answer);
      if (!said)
        co_return Verdict::unavailable(
            ex.arena.join("the service that authenticates: ", ex.arena.copy(said.error().detail)));
      if (!said->allowed) co_return with_answer(keep_refusal(ex, *said));
      passed = passed_by(*said);
    } else {
      if (answer->status >= 500)
        co_return Verdict::unavailable(ex.arena.join("the service that authenticates answers with status ",
                                                     std::to_string(answer->status)));
      if (answer->status / 100 != 2) co_return with_answer(keep_refusal(ex, *answer));
      passed = passed_by(*answer);
    }
    if (!key.empty() && !base::has_token(answer->fields.value(FieldId::cache_control), "no-store")) {
      auto& cache = own_.of(ex.worker.index, [&] { return std::make_unique<Cache>(config_.cache->size); });
      SteadyTime now = ex.worker.loop.now();
      cache.put(key, passed, now + config_.cache->ttl, now);
    }
    co_return pass(ex, passed);
  }

  Task<Result<chain::CallAnswer>> ask_by_http(Exchange& ex) const {
    auto fields = fields_to_send(ex);
    fields.push_back(field("X-Forwarded-Method", ex.request.method_text));
    fields.push_back(field("X-Forwarded-Uri", uri_of(ex)));
    chain::CallRequest request;
    request.set_uri(config_.path);
    request.fields = fields;
    request.most = kLargestAuthAnswer;
    auto calling = caller_.call(ex, request);
    co_return co_await calling;
  }

  Task<Result<chain::CallAnswer>> ask_by_grpc(Exchange& ex) const {
    auto shown = fields_to_send(ex);
    const auto& client = ex.stream.connection();
    http::CheckRequest check;
    check.id = chain::request_id(ex);
    check.method = ex.request.method_text;
    check.path = uri_of(ex);
    check.host = ex.request.authority;
    check.scheme = client.scheme();
    check.protocol = http::name(ex.request.version);
    if (!client.peer.is_unix()) check.address = ex.stream.peer_ip(), check.port = client.peer.port();
    check.fields = shown;
    std::string body = http::write_check_request(check);
    // The deadline of a call is what ends it, here and at the service.
    const http::Field fields[] = {field("Content-Type", http::kGrpcType), field("TE", "trailers"),
                                  field(http::kGrpcTimeout, http::grpc_timeout(config_.timeout, ex.arena))};
    chain::CallRequest request;
    request.method = http::Method::post;
    request.path = http::kCheckCall;
    request.fields = fields;
    request.body = body;
    request.most = kLargestAuthAnswer;
    auto calling = caller_.call(ex, request);
    co_return co_await calling;
  }
  static Result<http::CheckResponse> parse_grpc(const chain::CallAnswer& answer) {
    if (answer.status != 200 || answer.grpc_status != "0")
      return base::fail(base::Reason::upstream_status,
                        fmt::format("HTTP status {}, grpc-status {}", answer.status,
                                    answer.grpc_status.empty() ? "missing" : answer.grpc_status));
    return http::parse_check_response(answer.body);
  }

  template <class Lines>
  std::shared_ptr<Passed> passed_with(const Lines& lines) const {
    auto out = std::make_shared<Passed>();
    for (const auto& line : lines) {
      auto is = [&](const std::string& name) { return base::equal_ignoring_case(name, line.name); };
      for (const std::string& name : config_.copy)
        if (is(name)) out->copied.push_back({name, std::string(line.value)});
      if (is(config_.consumer) && out->consumer.empty()) out->consumer = line.value;
      out->names_groups |= is(config_.groups);
      out->names_scopes |= is(config_.scopes);
      if (is(config_.groups) && out->groups_text.empty()) out->groups_text = line.value;
      if (is(config_.scopes) && out->scopes_text.empty()) out->scopes_text = line.value;
    }
    out->groups = words(out->groups_text);
    out->scopes = words(out->scopes_text);
    return out;
  }
  std::shared_ptr<const Passed> passed_by(const chain::CallAnswer& answer) const {
    return passed_with(answer.fields.lines());
  }
  std::shared_ptr<const Passed> passed_by(const http::CheckResponse& said) const {
    auto out = passed_with(said.fields);
    for (std::string_view name : said.remove) out->removed.emplace_back(name);
    return out;
  }

  Verdict pass(Exchange& ex, const std::shared_ptr<const Passed>& passed) const {
    chain::Identity identity;
    const chain::Consumer* known = ex.consumers ? ex.consumers->find(passed->consumer) : nullptr;
    if (known) identity = chain::identity_of(*known, method(), passed->consumer);
    identity.method = method();
    identity.credential = passed->consumer;
    if (passed->names_groups) identity.groups = passed->groups;
    if (passed->names_scopes) identity.scopes = passed->scopes;
    identity.owner = passed;
    ex.identity = std::move(identity);
    ex.local<Local>(*this).passed = passed.get();
    return Verdict::ok();
  }

  Verdict keep_refusal(Exchange& ex, const chain::CallAnswer& answer) const {
    std::size_t count = 0;
    auto fields = ex.arena.array<http::Field>(answer.fields.lines().size());
    for (const http::Field& f : answer.fields.lines())
      if (!f.dropped && !http::connection_level(f.id))
        fields[count++] = {ex.arena.copy(f.name), ex.arena.copy(f.value), f.id, false, false};
    return refused_with(ex, {answer.status, fields.first(count), ex.arena.copy(answer.body)});
  }
  Verdict keep_refusal(Exchange& ex, const http::CheckResponse& said) const {
    std::size_t count = 0;
    auto fields = ex.arena.array<http::Field>(said.fields.size());
    for (const auto& line : said.fields)
      fields[count++] = {ex.arena.copy(line.name), ex.arena.copy(line.value), http::field_id(line.name),
                         false, false};
    return refused_with(ex, {said.status, fields.first(count), ex.arena.copy(said.body)});
  }
  Verdict refused_with(Exchange& ex, const Refused& refused) const {
    ex.local<Local>(*this).refused = ex.arena.make<Refused>(refused);
    // Where the service was shown no field that could be a credential, none was wrong: a guest may come.
    if (refused.status == 401)
      return fields_to_send(ex).empty()
                 ? Verdict::absent({}, "the service that authenticates asks for a credential")
                 : Verdict::refused({}, "the service that authenticates refused it");
    if (refused.status >= 500)
      return Verdict::unavailable(ex.arena.join("the service that authenticates answers with status ",
                                                std::to_string(refused.status)));
    return Verdict::forbidden("the service that authenticates refused it");
  }
  // The client is to see what the service says.
  static Verdict with_answer(Verdict verdict) noexcept {
    verdict.own_answer = true;
    return verdict;
  }

  ForwardAuthConfig config_;
  bool edits_read_later_ = read_later(config_.copy);
  chain::Caller caller_;
  chain::PerWorker<Cache> own_;
};

const chain::FilterKind<ForwardAuth, ForwardAuthConfig> kForwardAuth{
    "forward_auth", chain::Stage::identify, "Asks a service whether the request may pass.",
    "{to: auth, path: /verify, copy: [X-User]}"};

}  // namespace
}  // namespace sluice::filters
