// SPDX-License-Identifier: Apache-2.0
// The filter `forward_auth`: asks a service of the operator's whether a request may pass. The service is sent
// method, host and URI and the fields that are listed, never the body. An answer 2xx lets the request pass,
// with fields of the answer copied to it; any other one is what the client gets. No answer in time is none:
// 503.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/call.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/template.h"
#include "gateway/chain/verdict_cache.h"
#include "gateway/http/hop_by_hop.h"

namespace sluice::filters {

using namespace std::chrono_literals;

struct ForwardAuthCacheConfig {
  std::vector<chain::Template> by;
  config::Duration ttl = 10s;
  std::uint32_t size = 1000;
  bool operator==(const ForwardAuthCacheConfig&) const = default;
};

struct ForwardAuthConfig {
  std::string to;
  std::string path = "/";
  std::vector<std::string> send = {"Authorization", "Cookie"};
  std::vector<std::string> copy;
  std::string consumer, groups, scopes;
  config::Duration timeout = 1s;
  std::optional<ForwardAuthCacheConfig> cache;
  bool operator==(const ForwardAuthConfig&) const = default;
};

namespace {

std::string refuse_name(const std::string& name) {
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
          "answer "
          "2xx lets the request pass; any other one, redirects too, is returned to the client; none in time "
          "is 503.");
  d.field("to", &ForwardAuthConfig::to, "Upstream of the service.", required, reference("upstream"));
  d.field("path", &ForwardAuthConfig::path, "Path, and query, that the service is asked under.",
          check([](const std::string& path) { return chain::refuse_call_uri(path, "/verify"); }),
          example("/verify"));
  d.field("send", &ForwardAuthConfig::send, "Fields of the request that the service is shown.", one_or_many,
          each(check(refuse_name)));
  d.field(
      "copy", &ForwardAuthConfig::copy,
      "Fields of the service's answer that the upstream gets with the request. What clients send under these "
      "names is always removed.",
      one_or_many, each(check(chain::refuse_field)), example("[X-User, X-Groups]"));
  d.field("consumer", &ForwardAuthConfig::consumer,
          "Field of the answer that names the caller: a consumer, if it is one of those listed.",
          check(refuse_name), example("X-User"));
  d.field("groups", &ForwardAuthConfig::groups,
          "Field of the answer that lists the caller's groups, with commas.", check(refuse_name),
          example("X-Groups"));
  d.field("scopes", &ForwardAuthConfig::scopes,
          "Field of the answer that lists the caller's scopes, with commas.", check(refuse_name));
  d.field("timeout", &ForwardAuthConfig::timeout, "How long the service may take, retries included.",
          at_least(1ms));
  d.field("cache", &ForwardAuthConfig::cache,
          "Remembers who may pass; without it the service is asked each time.");
}

namespace {

using base::SteadyTime;
using base::Task;
using chain::Exchange;
using chain::Verdict;
using http::FieldId;

// Larger answers than this are not worth passing on.
constexpr std::size_t kLargestAnswer = 256 * 1024;

// What an answer 2xx said. Immutable.
struct Passed {
  struct Line {
    std::string name, value;
  };
  std::vector<Line> copied;
  std::string consumer, groups_text, scopes_text;
  std::vector<std::string_view> groups, scopes;

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
  const Passed* passed;  // kept alive by the exchange's identity
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
    if (!config_.cache) return ask(ex, {});
    auto key = key_of(ex);
    auto& cache = own_.of(ex.worker.index, [&] { return std::make_unique<Cache>(config_.cache->size); });
    if (const auto* known = cache.find(key, ex.worker.loop.now())) return pass(ex, *known);
    return ask(ex, key);
  }
  void hide(Exchange& ex) const override {
    const Passed* passed = ex.local<Local>(*this).passed;
    if (!passed) return;  // another one of `any` was enough
    for (const std::string& name : config_.copy) ex.request.fields.remove(name);
    for (const auto& line : passed->copied) ex.request.fields.add(line.name, line.value);
  }
  // The service's own answer, whatever it is.
  void refuse(Exchange& ex, const Verdict& verdict) const override {
    Authenticator::refuse(ex, verdict);
    const Refused* refused = ex.local<Local>(*this).refused;
    if (!refused) return;
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

  // The texts with their lengths before them, so that no two lists of texts make the same key.
  std::string_view key_of(Exchange& ex) const {
    std::string_view key;
    for (const auto& text : config_.cache->by) {
      auto part = text.render(ex, chain::Purpose::text);
      auto size = std::to_string(part.size());
      key = ex.arena.join(key, size, ":", part);
    }
    return key;
  }

  std::vector<http::Field> fields_to_send(Exchange& ex) const {
    std::vector<http::Field> out;
    auto add = [&](std::string_view name, std::string_view value) {
      out.push_back({name, value, http::field_id(name), false, false});
    };
    for (const http::Field& line : ex.request.fields.lines()) {
      if (line.dropped) continue;
      for (const std::string& name : config_.send)
        if (base::equal_ignoring_case(name, line.name)) add(line.name, line.value);
    }
    add("X-Forwarded-Method", ex.request.method_text);
    add("X-Forwarded-Uri",
        ex.request.has_query ? ex.arena.join(ex.request.path, "?", ex.request.query) : ex.request.path);
    return out;
  }

  Task<Verdict> ask(Exchange& ex, std::string_view key) const {
    auto fields = fields_to_send(ex);
    chain::CallRequest request;
    request.set_uri(config_.path);
    request.fields = fields;
    request.most = kLargestAnswer;
    auto calling = caller_.call(ex, request);
    auto answer = co_await calling;
    if (!answer)
      co_return Verdict::unavailable(
          ex.arena.join("the service that authenticates: ", base::row(answer.error().reason).name, " ",
                        answer.error().detail));
    if (answer->status / 100 != 2) co_return with_answer(keep_refusal(ex, *answer));
    auto passed = passed_by(*answer);
    if (config_.cache && !base::has_token(answer->fields.value(FieldId::cache_control), "no-store")) {
      auto& cache = own_.of(ex.worker.index, [&] { return std::make_unique<Cache>(config_.cache->size); });
      SteadyTime now = ex.worker.loop.now();
      cache.put(key, passed, now + config_.cache->ttl, now);
    }
    co_return pass(ex, passed);
  }

  std::shared_ptr<const Passed> passed_by(const chain::CallAnswer& answer) const {
    auto out = std::make_shared<Passed>();
    for (const http::Field& line : answer.fields.lines())
      for (const std::string& name : config_.copy)
        if (base::equal_ignoring_case(name, line.name))
          out->copied.push_back({name, std::string(line.value)});
    auto value = [&](const std::string& name) -> std::string {
      const http::Field* f = name.empty() ? nullptr : answer.fields.find(name);
      return f ? std::string(f->value) : std::string();
    };
    out->consumer = value(config_.consumer);
    out->groups_text = value(config_.groups);
    out->scopes_text = value(config_.scopes);
    out->groups = words(out->groups_text);
    out->scopes = words(out->scopes_text);
    return out;
  }

  Verdict pass(Exchange& ex, const std::shared_ptr<const Passed>& passed) const {
    chain::Identity identity;
    const chain::Consumer* known = ex.consumers ? ex.consumers->find(passed->consumer) : nullptr;
    if (known) identity = chain::identity_of(*known, method(), passed->consumer);
    identity.method = method();
    identity.credential = passed->consumer;
    if (!passed->groups.empty()) identity.groups = passed->groups;
    if (!passed->scopes.empty()) identity.scopes = passed->scopes;
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
    ex.local<Local>(*this).refused =
        ex.arena.make<Refused>(answer.status, fields.first(count), ex.arena.copy(answer.body));
    if (answer.status == 401) return Verdict::refused({}, "the service that authenticates refused it");
    if (answer.status >= 500)
      return Verdict::unavailable(ex.arena.join("the service that authenticates answers with status ",
                                                std::to_string(answer.status)));
    return Verdict::forbidden("the service that authenticates refused it");
  }
  // The client is to see what the service says.
  static Verdict with_answer(Verdict verdict) noexcept {
    verdict.own_answer = true;
    return verdict;
  }

  ForwardAuthConfig config_;
  chain::Caller caller_;
  chain::PerWorker<Cache> own_;
};

const chain::FilterKind<ForwardAuth, ForwardAuthConfig> kKind{"forward_auth", chain::Stage::identify,
                                                              "Asks a service whether the request may pass.",
                                                              "{to: auth, path: /verify, copy: [X-User]}"};

}  // namespace
}  // namespace sluice::filters
