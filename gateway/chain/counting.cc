// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/counting.h"

#include <algorithm>
#include <utility>

#include "gateway/base/strings.h"
#include "gateway/chain/builder.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/local_reply.h"
#include "gateway/http/media_type.h"
#include "gateway/json/number_finder.h"
#include "gateway/net/sleep.h"

namespace sluice::chain {
namespace {

using base::Task;
using observe::Decision;
using Piece = base::Result<http::Piece>;
using stores::Decider;
using stores::Taken;
using View = std::string_view;

constexpr View kMetadata = "metadata.";
constexpr View kJsonLines = "application/x-ndjson";

enum class LimitResult : std::uint8_t { allowed, limited, dry_run, degraded };
constexpr View kResults[] = {"allowed", "limited", "dry_run", "degraded"};
constexpr std::size_t index(LimitResult r) noexcept { return static_cast<std::size_t>(r); }

std::string refuse_field_name(const std::string& name) {
  return http::valid_field_name(name) ? "" : "is no name of a header";
}

std::vector<std::string> names_of(View way) {
  std::vector<std::string> out;
  for (std::size_t dot = 0; dot != View::npos; way.remove_prefix(dot == View::npos ? 0 : dot + 1))
    out.emplace_back(way.substr(0, dot = way.find('.')));
  return out;
}

std::string refuse_names(const std::string& way) {
  bool good = way.find_first_of("[]\"\\") == std::string::npos;
  for (const std::string& name : names_of(way)) good &= !name.empty();
  return good ? "" : "must be names with dots between them, such as usage.total_tokens";
}

// A client that leaves meanwhile has used up its turn.
Task<Step> pause(Exchange& ex, std::uint64_t nanoseconds) {
  co_await net::sleep(ex.worker.loop, base::Duration(nanoseconds));
  co_return Step::next;
}

std::optional<std::uint64_t> number_in(const http::Fields& fields, View name) noexcept {
  const http::Field* line = name.empty() ? nullptr : fields.find(name);
  return line ? base::parse_decimal(base::trim(line->value)) : std::nullopt;
}

}  // namespace

std::uint64_t CostConfig::most() const {
  std::uint64_t out = usual;
  for (const auto& [route, cost] : routes) out = std::max(out, cost);
  return out;
}

void describe(config::Description<CostConfig>& d) {
  using namespace config;
  using namespace config::literals;
  constexpr std::uint64_t kOne = 1;
  d.about("request_cost", "What a request is counted as: no more than a whole limit.");
  d.field("default", &CostConfig::usual, "Where nothing else says it.", between(kOne, kMostCost));
  d.field("routes", &CostConfig::routes, "The same for these routes, by their names.", keys_refer_to("route"),
          each(between(kOne, kMostCost)), example("{search: 5}"));
  d.field(
      "body", &CostConfig::body,
      "One more for each piece of this size that the request's body has, the last one counting in full. A "
      "body whose length is not announced is charged as it passes: what is then missing is made up for by "
      "later requests.",
      between(1_B, 1_GiB), example("64KiB"));
  d.field("request_header", &CostConfig::request_header,
          "The number in this request header, if it is one, and at least 1. For headers that only those can "
          "set whom you trust.",
          check(refuse_field_name), example("X-Cost"));
  d.field("response_header", &CostConfig::response_header,
          "The number in this response header, if it is one: the request is charged as by the others and "
          "corrected when it has been answered. What is then missing is made up for by later requests.",
          check(refuse_field_name), example("X-Cost"));
  d.field("response_json", &CostConfig::response_json,
          "The number in the response's body, if that is JSON, lines of JSON (application/x-ndjson) or a "
          "stream of server-sent events whose data are, each in one line: names that lead to it, with dots "
          "between them; the last one, if it stands there several times. The request is charged as by the "
          "others and corrected when the number has passed, then at most once a second, and at the end. The "
          "body is not held back but for as long as a store takes to answer to that. A compressed body is "
          "not looked into: the service is not told which codings the client accepts.",
          check(refuse_names), example("usage.total_tokens"));
  d.shorthand(&CostConfig::usual);
  d.at_most_one({"request_header", "response_header", "response_json"});
}

void describe(config::Text<TierBy>& t) {
  t.about("kind of tiers", "group, consumer or metadata.NAME");
  t.pattern("(group|consumer|metadata\\..+)");
  t.example("metadata.plan");
  t.read([](View text, TierBy& out) -> config::Refusal {
    if (text == "group" || text == "consumer") {
      out = {text == "group" ? TierBy::Kind::group : TierBy::Kind::consumer, {}};
      return {};
    }
    if (!text.starts_with(kMetadata)) return config::Complaint{};
    if (text.size() == kMetadata.size())
      return config::Complaint{"add a name, as in metadata.plan", {}, kMetadata.size()};
    out = {TierBy::Kind::metadata, std::string(text.substr(kMetadata.size()))};
    return {};
  });
  t.write([](const TierBy& by) {
    if (by.kind == TierBy::Kind::metadata) return std::string(kMetadata) + by.name;
    return std::string(by.kind == TierBy::Kind::group ? "group" : "consumer");
  });
}

void CountingFilter::Tier::add(RateFieldTexts text) {
  policy_field += (policy_field.empty() ? "" : ", ") + text.policy;
  texts.push_back(std::move(text));
}

CountingFilter::CountingFilter(const CountingConfig& c, Builder& builder, base::Reason reason,
                               observe::Family family)
    : owner_(builder.owner()),
      apart_(builder.told_apart_by()),
      key_(c.by, c.missing),
      cost_(c.cost),
      usual_(c.cost.usual),
      tier_by_(c.tier_by),
      headers_(c.headers),
      dry_run_(c.dry_run),
      reason_(reason),
      metrics_(builder.series(), family, owner_, kResults),
      decisions_(builder.decisions()) {
  if (const auto* here = c.cost.routes.find(builder.route().name)) usual_ = *here;
  if (!c.cost.response_json.empty()) cost_at_ = names_of(c.cost.response_json);
}

std::string CountingFilter::told_as(View limit) const {
  if (limit.empty()) return apart_.empty() ? "default" : apart_;
  return (apart_.empty() ? "" : apart_ + ":") + std::string(limit);
}

std::size_t CountingFilter::tier_of(const Exchange& ex) const noexcept {
  const Identity& who = ex.identity;
  auto of = [&](View name) {
    return static_cast<std::size_t>(std::ranges::find(tiers_, name, &Tier::name) - tiers_.begin());
  };
  if (tier_by_.kind == TierBy::Kind::group) {
    for (std::size_t i = 1; i < tiers_.size(); ++i)
      for (View group : who.groups)
        if (group == tiers_[i].name) return i;
    return 0;
  }
  View name = tier_by_.kind == TierBy::Kind::consumer ? who.consumer
              : who.entry                             ? who.entry->metadatum(tier_by_.name)
                                                      : View();
  std::size_t found = name.empty() ? 0 : of(name);
  return found < tiers_.size() ? found : 0;
}

std::uint64_t CountingFilter::cost_of(const Exchange& ex, const Tier& tier) const noexcept {
  std::uint64_t cost = number_in(ex.request.fields, cost_.request_header).value_or(usual_);
  if (cost_.body && ex.request_body && cost < tier.most)
    cost += cost_of_body(ex.request_body->length().value_or(0));
  return std::clamp<std::uint64_t>(cost, 1, tier.most);
}

std::uint64_t CountingFilter::cost_of_body(std::uint64_t bytes) const noexcept {
  return bytes / cost_.body->bytes + (bytes % cost_.body->bytes != 0);
}

// A body that is charged for as it passes.
class CountingFilter::ChargingBody : public http::Body {
 public:
  Task<Piece> read(std::size_t at_most) final {
    auto reading = source_->read(at_most);
    if (!reading.await_ready()) return read_later(std::move(reading));
    auto piece = reading.await_resume();
    if (!due(piece)) return piece;
    auto charging = charge();
    if (!charging.await_ready()) return charge_later(std::move(piece), std::move(charging));
    told(charging.await_resume());
    return piece;
  }
  std::optional<std::uint64_t> length() const noexcept final { return source_->length(); }
  void abandon() noexcept final { source_->abandon(); }

 protected:
  ChargingBody(http::BodyPtr source, const CountingFilter& filter, Exchange& ex) noexcept
      : source_(std::move(source)), filter_(filter), ex_(ex) {}

  // Is there anything to charge, and is it time?
  virtual bool due(const Piece& piece) = 0;
  virtual Task<Taken> charge() = 0;
  Local& local() const { return ex_.local<Local>(filter_); }
  // `charged` costs that much in all.
  Task<Taken> charge_up_to(Charge& charged, std::int64_t cost) {
    Charge more = charged;
    more.cost = cost - charged.cost;
    charged.cost = cost;
    return filter_.correct(ex_, more);
  }

  http::BodyPtr source_;
  const CountingFilter& filter_;
  Exchange& ex_;

 private:
  Task<Piece> read_later(Task<Piece> reading) {
    auto piece = co_await reading;
    if (!due(piece)) co_return piece;
    auto charging = charge();
    told(co_await charging);
    co_return piece;
  }
  Task<Piece> charge_later(Piece piece, Task<Taken> charging) {
    told(co_await charging);
    co_return piece;
  }
  void told(const Taken& now) { local().correct(now); }
};

// A request body whose length nobody knows yet. It is charged now and then, so that whoever never ends it has
// been charged for all but the last stretch.
class CountingFilter::ChargedBody final : public ChargingBody {
 public:
  ChargedBody(http::BodyPtr source, const CountingFilter& filter, Exchange& ex) noexcept
      : ChargingBody(std::move(source), filter, ex),
        before_(static_cast<std::uint64_t>(local().charged.cost)) {}

 private:
  static constexpr std::uint64_t kStretch = 64 << 10;

  std::int64_t cost() const noexcept {
    std::uint64_t most = filter_.tiers_[local().charged.tier].most;
    return static_cast<std::int64_t>(std::min(before_ + filter_.cost_of_body(passed_), most));
  }
  bool due(const Piece& piece) override {
    if (piece) passed_ += piece->bytes.size();
    bool over = !piece || piece->last;
    if (!over && passed_ - charged_ < kStretch) return false;
    const Charge& charged = local().charged;  // of no key: the response has said what it costs
    return !charged.key.empty() && cost() > charged.cost;
  }
  Task<Taken> charge() override {
    charged_ = passed_;
    return charge_up_to(local().charged, cost());
  }

  std::uint64_t before_, passed_ = 0, charged_ = 0;  // the cost without the body; bytes
};

// A response body that says what it costs. With a store each correction is a call that a piece waits for, and
// language models say it with every word: so they are made now and then.
class CountingFilter::PricedBody final : public ChargingBody {
 public:
  PricedBody(http::BodyPtr source, const CountingFilter& filter, Exchange& ex, bool by_line) noexcept
      : ChargingBody(std::move(source), filter, ex), finder_(filter.cost_at_, by_line) {}

 private:
  std::int64_t cost() const noexcept {
    return static_cast<std::int64_t>(std::min(finder_.number(), filter_.tiers_[charged_.tier].most));
  }
  bool due(const Piece& piece) override {
    bool found = piece && finder_.feed({piece->bytes.data(), piece->bytes.size()});
    // From now on it alone says it, and what is left of the request's body costs nothing.
    if (found && charged_.key.empty()) charged_ = std::exchange(local().charged, {});
    if (charged_.key.empty() || cost() == charged_.cost) return false;
    bool over = !piece || piece->last;
    return over || !corrected_ || ex_.worker.loop.now() - *corrected_ >= kPause;
  }
  Task<Taken> charge() override {
    corrected_ = ex_.worker.loop.now();
    return charge_up_to(charged_, cost());
  }

  static constexpr base::Duration kPause = std::chrono::seconds(1);
  json::NumberFinder finder_;
  Charge charged_;
  std::optional<base::SteadyTime> corrected_;
};

void CountingFilter::charge_as_it_passes(Exchange& ex) const {
  if (!ex.request_body || ex.request_body->length() || !ex.request.upgrade.empty()) return;
  ex.request_body = http::make_body<ChargedBody>(ex.arena, std::move(ex.request_body), *this, ex);
}

void CountingFilter::read_cost_as_it_passes(Exchange& ex) const {
  View type = ex.response.fields.value(http::FieldId::content_type);
  View coding = ex.response.fields.value(http::FieldId::content_encoding);
  bool by_line = http::is_of_type(type, http::kEventStream) || http::is_of_type(type, kJsonLines);
  if (!ex.response_body || !(by_line || http::is_json(type))) return;
  if (!coding.empty() && !base::equal_ignoring_case(coding, "identity")) return;
  ex.response_body = http::make_body<PricedBody>(ex.arena, std::move(ex.response_body), *this, ex, by_line);
}

Task<Step> CountingFilter::on_request(Exchange& ex) const {
  std::size_t which = tier_of(ex);
  if (tiers_[which].unlimited) {
    decisions_->count(ex.worker.index, Decision::allow);
    return Step::next;
  }
  auto key = key_.of(ex);
  if (key.missing) return without_key(ex, *key.missing);
  Charge charge{which, key.text, static_cast<std::int64_t>(cost_of(ex, tiers_[which]))};
  auto taking = take(ex, charge);
  if (!taking.await_ready()) return decide_later(ex, charge, std::move(taking));
  auto taken = taking.await_resume();
  Step step = decide(ex, charge, taken);
  if (taken.allowed && taken.wait && !dry_run_) return pause(ex, taken.wait);
  return step;
}

Step CountingFilter::without_key(Exchange& ex, const KeyPart& missing) const {
  if (key_.missing() == MissingKey::skip) {
    decisions_->count(ex.worker.index, Decision::allow);
    return Step::next;
  }
  if (dry_run_) {
    would_have_refused(ex);
    return Step::next;
  }
  metrics_.count(ex.worker.index, index(LimitResult::limited));
  decisions_->count(ex.worker.index, Decision::deny);
  return refuse_without(ex, missing);
}

void CountingFilter::would_have_refused(Exchange& ex) const {
  metrics_.count(ex.worker.index, index(LimitResult::dry_run));
  decisions_->count(ex.worker.index, Decision::dry_run);
  note_dry_run(ex, owner_);
}

void CountingFilter::count(const Exchange& ex, const Taken& taken) const {
  bool degraded = taken.decider != Decider::store;
  metrics_.count(ex.worker.index, index(!taken.allowed ? LimitResult::limited
                                        : degraded     ? LimitResult::degraded
                                                       : LimitResult::allowed));
  decisions_->count(ex.worker.index, taken.allowed                      ? Decision::allow
                                     : taken.decider == Decider::nobody ? Decision::error
                                                                        : Decision::deny);
}

Step CountingFilter::decide(Exchange& ex, const Charge& charge, const Taken& taken) const {
  const Tier& tier = tiers_[charge.tier];
  if (!taken.allowed && dry_run_) {
    would_have_refused(ex);
    return Step::next;
  }
  count(ex, taken);
  auto& local = ex.local<Local>(*this);
  if ((taken.decider != Decider::nobody || !taken.allowed) && !dry_run_) local = {&tier, taken, {}};
  if (taken.allowed && taken.decider != Decider::nobody) {
    local.charged = charge;
    local.charged.at = stores::instant(ex.worker.loop.now());
    local.charged.local = taken.decider == Decider::local;
    if (cost_.body) charge_as_it_passes(ex);
    // Clients must not choose an answer that cannot be read.
    if (!cost_at_.empty()) ex.request.fields.remove(http::FieldId::accept_encoding);
  }
  if (taken.allowed) return Step::next;
  ex.refused_by_limit = true;
  if (taken.decider == Decider::nobody) return reply(ex, reason_, "the store of the limit does not answer");
  const RateFieldTexts& texts = tier.texts[taken.tightest];
  make_limit_reply(ex, reason_, texts.at_most, texts.item);
  return Step::replied;
}

Task<Step> CountingFilter::decide_later(Exchange& ex, Charge charge, Task<Taken> taking) const {
  auto taken = co_await taking;
  // The client left or the time is up: no limit has refused anything, whatever the store would have said.
  if (ex.scope.cancelled()) co_return reply(ex, ex.scope.why());
  Step step = decide(ex, charge, taken);
  if (taken.allowed && taken.wait && !dry_run_) {
    Task<Step> pausing = pause(ex, taken.wait);
    step = co_await pausing;
  }
  co_return step;
}

Task<void> CountingFilter::on_response(Exchange& ex) const {
  auto& local = ex.local<Local>(*this);
  if (Charge more = settle(ex, local.charged); more.cost != 0) {
    auto correcting = correct(ex, more);
    if (!correcting.await_ready()) return tell_later(ex, std::move(correcting));
    local.correct(correcting.await_resume());
  }
  tell(ex);
  return {};
}

// Limits that stand in one chain charge a request as the limits of one policy do: all of them, or none.
CountingFilter::Charge CountingFilter::settle(Exchange& ex, Charge& charged) const {
  Charge more = charged;
  more.cost = 0;
  if (charged.key.empty()) return more;
  if (ex.refused_by_limit) {
    more.cost = -std::exchange(charged, {}).cost;
  } else if (!ex.answered_locally) {
    if (!cost_at_.empty()) read_cost_as_it_passes(ex);
    if (auto cost = number_in(ex.response.fields, cost_.response_header)) {
      std::uint64_t most = tiers_[charged.tier].most;
      more.cost = static_cast<std::int64_t>(std::min(*cost, most)) - std::exchange(charged, {}).cost;
    }
  }
  return more;
}

Task<void> CountingFilter::tell_later(Exchange& ex, Task<Taken> correcting) const {
  auto taken = co_await correcting;
  ex.local<Local>(*this).correct(taken);
  tell(ex);
}

void CountingFilter::tell(Exchange& ex) const {
  auto& local = ex.local<Local>(*this);
  if (!local.tier) return;
  const Taken& taken = local.taken;
  if (!taken.allowed && ex.reason == reason_)
    ex.response.fields.set(http::FieldId::retry_after, seconds_text(ex.arena, taken.wait));
  if (taken.decider == Decider::nobody) return;
  ex.rate_remaining = std::min(ex.rate_remaining.value_or(taken.remaining), taken.remaining);
  add_rate_fields(ex, headers_, local.tier->texts[taken.tightest], local.tier->policy_field, taken.remaining,
                  taken.until_reset);
}

}  // namespace sluice::chain
