// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/base/strings.h"
#include "gateway/chain/registry.h"

namespace sluice::handlers {
namespace {

const chain::HandlerKind<Split, SplitConfig> kSplit{
    "split", "Forwards to one of several upstreams, drawn by weight.", "{to: {orders: 90, orders-next: 10}}"};

constexpr std::uint64_t kMostParts = 1'000'000;
constexpr std::uint64_t kThousandths = 1000;
constexpr std::uint64_t kWhole = 100 * kThousandths;

// "12.5" as 12500; nullopt for what is no such number.
std::optional<std::uint64_t> thousandths(std::string_view text) {
  std::size_t dot = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, dot), rest = text.substr(std::min(dot + 1, text.size()));
  if (dot < text.size() && (rest.empty() || rest.size() > 3)) return std::nullopt;
  std::string digits = std::string(whole) + std::string(rest) + std::string(3 - rest.size(), '0');
  if (whole.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return base::parse_decimal(digits);
}

config::Refusal read_weight(std::string_view text, Weight& out) {
  bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  auto parts = percent ? thousandths(text) : base::parse_decimal(text);
  if (!parts) return config::Complaint{};
  if (percent && *parts > kWhole) return config::Complaint{"must be at most 100%", {}};
  if (*parts > kMostParts) return config::Complaint{"must be at most 1000000", {}};
  out = {*parts, percent};
  return {};
}

void check_split(const SplitConfig& c, const config::Site& at) {
  std::uint64_t sum = 0, percentages = 0;
  for (const auto& [name, weight] : c.to) {
    sum += weight.parts;
    percentages += weight.percent;
  }
  if (percentages != 0 && percentages != c.to.size()) {
    at.error("to", "weights are either all numbers or all percentages");
  } else if (percentages != 0 && sum != kWhole) {
    at.error("to", fmt::format("the percentages come to {}, not to 100%", Weight{sum, true}.text()));
  } else if (sum == 0) {
    at.error("to", "all weights are 0: no request could be answered");
  }
}

std::vector<std::uint64_t> weights_of(const SplitConfig& config) {
  std::vector<std::uint64_t> out;
  for (const auto& [name, weight] : config.to) out.push_back(weight.parts);
  return out;
}

std::string joined(const std::vector<chain::KeyPart>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part.text();
  return out;
}

}  // namespace

std::string Weight::text() const {
  if (!percent) return std::to_string(parts);
  std::string out = fmt::format("{}.{:03}", parts / kThousandths, parts % kThousandths);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out + "%";
}

void describe(config::Text<Weight>& t) {
  t.about("weight", "a weight such as 90 or 12.5%").example("90");
  t.pattern("^[0-9]+(\\.[0-9]{1,3})?%?$");
  t.read(read_weight);
  t.write([](const Weight& w) { return w.text(); });
}

void describe(config::Description<SplitConfig>& d) {
  using namespace config;
  d.about(
      "split",
      "Forwards each request to one of several upstreams, drawn by their weights. The share of an upstream "
      "that cannot serve fails; it is not given to the others.");
  d.field(
      "to", &SplitConfig::to,
      "Upstreams and their weights: numbers in proportion to each other, or percentages that come to 100%. "
      "One whose weight is 0 gets no requests.",
      required, keys_refer_to("upstream"), min_items(1), max_items(64),
      example("{orders: 90, orders-next: 10}"), example("{orders: 99.5%, orders-next: 0.5%}"));
  d.field(
      "sticky_by", &SplitConfig::sticky_by,
      "By what callers are told apart of whom each stays with one upstream, on every gateway, as long as "
      "the weights are the same; when a weight grows, those whom it had stay. Whoever lacks a part is told "
      "by the client's address in its place.",
      one_or_many, unique, max_items(8), default_is("none: each request is drawn by itself"),
      example("consumer"), example("[cookie.session]"));
  d.check(check_split);
}

Split::Split(const SplitConfig& config, chain::Builder& builder)
    : draw_(weights_of(config)), sticky_text_(joined(config.sticky_by)), workers_(builder.workers()) {
  for (const auto& [name, weight] : config.to)
    arms_.push_back({name, weight.text(), std::make_unique<const Forward>(ForwardConfig{name}, builder),
                     builder.series().series(observe::Family::sluice_split_requests_total,
                                             {builder.route().name, name})});
  if (!config.sticky_by.empty()) sticky_.emplace(config.sticky_by, chain::MissingKey::by_ip);
  for (OfWorker& worker : workers_) worker.cells.resize(arms_.size());
}

std::vector<chain::Holding> Split::holds() const {
  std::vector<chain::Holding> out;
  for (const Arm& arm : arms_) std::ranges::move(arm.forward->holds(), std::back_inserter(out));
  return out;
}

base::Task<base::Result<void>> Split::answer(chain::Exchange& ex) const {
  std::size_t arm = draw_.at(number(ex));
  observe::Cell*& cell = workers_[ex.worker.index].cells[arm];
  if (!cell) cell = arms_[arm].requests.cells(ex.worker.index);
  cell->add(1);
  return arms_[arm].forward->answer(ex);
}

std::uint64_t Split::number(chain::Exchange& ex) const {
  if (sticky_) return number_of(sticky_->of(ex).text);
  return workers_[ex.worker.index].random.next();
}

}  // namespace sluice::handlers
