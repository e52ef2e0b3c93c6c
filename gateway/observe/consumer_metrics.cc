// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/consumer_metrics.h"

#include <algorithm>
#include <numeric>

namespace sluice::observe {
namespace {

constexpr double kKept = 0.8;   // of the weight, from one scrape to the next
constexpr double kStaying = 2;  // how much busier another one must be to take a place
constexpr std::string_view kOther = "other";

}  // namespace

ConsumerMetrics::ConsumerMetrics(SeriesStore& store, std::size_t top) : top_(top), workers_(store.workers()) {
  crowd_.cells.resize(workers_.size());
  scraped_ = store.at_scrape(Family::sluice_consumer_requests_total, [this](const Emit& e) { emit(e); });
}

ConsumerMetrics::Cells& ConsumerMetrics::meet(unsigned worker, std::string_view id) {
  std::lock_guard lock(mutex_);
  auto found = consumers_.find(id);
  bool known = found != consumers_.end() || consumers_.size() < kMost;
  if (found == consumers_.end() && known) {
    found = consumers_.emplace(std::string(id), Consumer{}).first;
    found->second.cells.resize(workers_.size());
  }
  auto& cells = (known ? found->second : crowd_).cells[worker];
  if (!cells) cells = std::make_unique<Cells>();
  // The crowd is looked up each time, so that no worker's table grows with it.
  if (known) workers_[worker].met.emplace(found->first, cells.get());
  return *cells;
}

// The busiest of late are shown.
void ConsumerMetrics::choose(std::vector<ById::value_type*>& all) const {
  auto rank = [](const ById::value_type* c) { return c->second.weight * (c->second.shown ? kStaying : 1); };
  auto places = std::min(top_, all.size());
  auto middle = all.begin() + static_cast<std::ptrdiff_t>(places);
  std::partial_sort(all.begin(), middle, all.end(), [&](const auto* a, const auto* b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a->first < b->first;
  });
  for (auto at = all.begin(); at != all.end(); ++at)
    (*at)->second.shown = at < middle && (*at)->first != kOther;
}

void ConsumerMetrics::emit(const Emit& tell) {
  std::lock_guard lock(mutex_);
  // What came since the last scrape.
  auto growth = [](Consumer& c) {
    Counts now{};
    for (const auto& cells : c.cells)
      for (std::size_t i = 0; cells && i < kClasses; ++i) now[i] += cells->by_class[i].value();
    Counts grown{};
    for (std::size_t i = 0; i < kClasses; ++i) grown[i] = now[i] - c.seen[i];
    c.seen = now;
    return grown;
  };
  auto add = [](Counts& to, const Counts& more) {
    for (std::size_t i = 0; i < kClasses; ++i) to[i] += more[i];
  };
  std::vector<ById::value_type*> all;
  std::vector<Counts> grown;
  for (auto& consumer : consumers_) {
    all.push_back(&consumer);
    grown.push_back(growth(consumer.second));
    auto requests = std::accumulate(grown.back().begin(), grown.back().end(), std::uint64_t{0});
    consumer.second.weight = consumer.second.weight * kKept + static_cast<double>(requests);
  }
  choose(all);
  std::size_t at = 0;
  for (auto& [id, c] : consumers_) {
    add(c.shown ? c.own : other_, grown[at++]);
    for (std::size_t i = 0; c.shown && i < kClasses; ++i)
      if (c.own[i]) tell({id, class_label(i)}, static_cast<double>(c.own[i]));
  }
  add(other_, growth(crowd_));
  for (std::size_t i = 0; i < kClasses; ++i)
    if (other_[i]) tell({kOther, class_label(i)}, static_cast<double>(other_[i]));
}

}  // namespace sluice::observe
