// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/otlp_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/base/strings.h"
#include "gateway/base/version.h"
#include "gateway/config/json.h"
#include "gateway/http/fields.h"
#include "gateway/jose/json.h"

namespace sluice::observe {
namespace {

using base::Level;

// OTLP 1.0, section "Failures": these may be tried again, all other answers must not.
bool asks_for_patience(unsigned status) noexcept {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

// A 64-bit number is a string in the JSON of OTLP.
std::uint64_t number_of(const jose::JsonValue* value) noexcept {
  return value ? base::parse_decimal(value->text).value_or(0) : 0;
}

// How many of the records that it took the collector did not want, and why.
std::pair<std::uint64_t, std::string> rejected(const std::string& body) {
  auto json = jose::Json::parse(body);
  const auto* partial = json ? json->find("partialSuccess") : nullptr;
  if (!partial) return {};
  const auto* why = json->find(*partial, "errorMessage");
  bool readable = why && why->is(jose::JsonKind::string) && !http::has_control_but_tab(why->text);
  return {number_of(json->find(*partial, "rejectedLogRecords")),
          readable ? std::string(why->text.substr(0, 200)) : ""};
}

std::string describe(const OtlpAnswer& answer) {
  return answer.status == 0 ? answer.error : fmt::format("answers with status {}", answer.status);
}

void attribute(config::JsonWriter& json, std::string_view key, std::string_view value) {
  json.object().member("key", key);
  json.key("value").object().member("stringValue", value).end_object().end_object();
}

}  // namespace

std::string otlp_opening(const OtlpConfig& config) {
  config::JsonWriter resource;
  resource.array();
  attribute(resource, "service.name", config.service_name);
  if (!config.resource.find("service.version")) attribute(resource, "service.version", base::kVersion);
  for (const auto& [key, value] : config.resource) attribute(resource, key, value);
  resource.end_array();
  return fmt::format(
      R"({{"resourceLogs":[{{"resource":{{"attributes":{}}},"scopeLogs":[{{"scope":{{"name":"sluice.access_log",)"
      R"("version":{}}},"logRecords":[)",
      resource.str(), config::json_quoted(base::kVersion));
}

OtlpQueue::OtlpQueue(const OtlpConfig& config, std::unique_ptr<OtlpWire> wire)
    : config_(config),
      opening_(otlp_opening(config)),
      wire_(std::move(wire)),
      random_(std::random_device{}()) {}

bool OtlpQueue::take(std::string_view record, base::SteadyTime now) {
  while (record.ends_with('\n')) record.remove_suffix(1);
  if (filling_.count >= config_.batch || filling_.text.size() + record.size() > kMostBytes) {
    if (flight_.count > 0) return false;
    begin_flight(now);
  }
  if (filling_.count == 0) {
    filling_.text = opening_;
    filling_.since = now;
  } else {
    filling_.text += ',';
  }
  filling_.text += record;
  ++filling_.count;
  return true;
}

void OtlpQueue::step(base::SteadyTime now) {
  if (answer_) heard(*std::exchange(answer_, nullptr), now);
  bool due = filling_.count >= config_.batch || closing_ || now - filling_.since >= config_.interval;
  if (flight_.count == 0 && filling_.count > 0 && due) begin_flight(now);
  if (flight_.count > 0 && !sending_ && now >= again_at_) send();
}

void OtlpQueue::begin_flight(base::SteadyTime now) {
  std::swap(flight_, filling_);  // which keeps the memory of the other
  filling_.text.clear();
  filling_.count = 0;
  flight_.text += kOtlpClosing;
  flight_.since = now;
  tries_ = 0;
  again_at_ = now;
}

void OtlpQueue::send() {
  sending_ = true;
  ++tries_;
  wire_->post(flight_.text, [this](OtlpAnswer answer) {
    sending_ = false;
    answer_ = std::make_unique<OtlpAnswer>(std::move(answer));
  });
}

void OtlpQueue::heard(const OtlpAnswer& answer, base::SteadyTime now) {
  if (answer.status >= 200 && answer.status < 300) return delivered(answer, now);
  if (asks_for_patience(answer.status)) return wait(answer, now);
  refuse(answer, now);
}

void OtlpQueue::delivered(const OtlpAnswer& answer, base::SteadyTime now) {
  auto [count, why] = rejected(answer.body);
  count = std::min(count, flight_.count);
  refused_.store(refused() + count, std::memory_order_relaxed);
  land();
  if (count > 0)
    return trouble(Trouble::some_refused,
                   fmt::format("does not take some records{}{}", why.empty() ? "" : ": ", why), now);
  if (std::exchange(trouble_, Trouble::none) == Trouble::none) return;
  base::log(Level::info, fmt::format("access log: {} takes records again", wire_->where()));
}

void OtlpQueue::refuse(const OtlpAnswer& answer, base::SteadyTime now) {
  refused_.store(refused() + flight_.count, std::memory_order_relaxed);
  land();
  trouble(Trouble::refused, describe(answer) + "; what it does not take is dropped", now);
}

void OtlpQueue::wait(const OtlpAnswer& answer, base::SteadyTime now) {
  if (now - flight_.since < config_.retry_for) {
    again_at_ = now + pause(answer);
    return trouble(Trouble::waits, describe(answer) + "; records wait for it as long as there is room", now);
  }
  unreachable_.store(unreachable() + flight_.count, std::memory_order_relaxed);
  land();
  trouble(Trouble::gives_up, describe(answer) + "; records that have waited too long are dropped", now);
}

void OtlpQueue::land() noexcept {
  flight_.text.clear();
  flight_.count = 0;
}

// Once for each kind of trouble, and of each kind not often: what a collector says may be another thing each
// time, and it may be well in between.
void OtlpQueue::trouble(Trouble kind, const std::string& why, base::SteadyTime now) {
  auto spoke = spoke_at_.find(kind);
  if (kind == trouble_ || (spoke != spoke_at_.end() && now - spoke->second < kSpeaksAtMostEvery)) return;
  base::log(Level::warning, fmt::format("access log: {} {}", wire_->where(), why));
  trouble_ = kind;
  spoke_at_[kind] = now;
}

// What the collector asks for, or else longer each time; never in step with other gateways.
base::Duration OtlpQueue::pause(const OtlpAnswer& answer) {
  if (auto seconds = base::parse_decimal(answer.retry_after); seconds && *seconds > 0)
    return std::min<base::Duration>(std::chrono::seconds(std::min<std::uint64_t>(*seconds, 3600)),
                                    kLongestPause);
  auto longest = std::min<base::Duration>(kFirstPause * (1 << std::min(tries_ - 1, 6u)), kLongestPause);
  return longest / 2 + longest / 2 * static_cast<std::int64_t>(random_() % 1024) / 1024;
}

std::uint64_t OtlpQueue::abandon() noexcept {
  auto count = filling_.count + flight_.count;
  filling_.count = flight_.count = 0;
  return count;
}

}  // namespace sluice::observe
