// SPDX-License-Identifier: Apache-2.0
// The scrape's side of SeriesStore: adds the workers' cells up and makes a MetricFamily of them.
#include <prometheus/metric_family.h>

#include <algorithm>
#include <limits>

#include "gateway/observe/family_state.h"
#include "gateway/observe/series.h"

namespace sluice::observe {
namespace {

// One line of the scrape, or the lines of one histogram.
struct Sample {
  std::string key;
  double value = 0;
  std::vector<std::uint64_t> histogram{};
};

double value_of(FamilyType type, std::uint64_t cell) {
  // A gauge may be below zero for a moment: one worker's cell is read before, another's after a change.
  return type == FamilyType::gauge ? static_cast<double>(static_cast<std::int64_t>(cell))
                                   : static_cast<double>(cell);
}

Sample read(const Series& series, FamilyType type) {
  Sample sample{series.key()};
  auto sums = series.sums();
  if (type == FamilyType::histogram) {
    sample.histogram = std::move(sums);
  } else {
    sample.value = value_of(type, sums.front());
  }
  return sample;
}

prometheus::MetricType type_of(FamilyType type) {
  switch (type) {
    case FamilyType::counter:
      return prometheus::MetricType::Counter;
    case FamilyType::gauge:
      return prometheus::MetricType::Gauge;
    case FamilyType::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram histogram_of(const std::vector<std::uint64_t>& cells,
                                                 const FamilyRow& row) {
  const auto& bounds = row.bounds;
  prometheus::ClientMetric::Histogram histogram;
  // The count is that of the buckets, so that both agree however the workers went on meanwhile.
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    histogram.sample_count += cells[i];
    double bound = i < bounds.size() ? static_cast<double>(bounds[i]) / row.scale
                                     : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = static_cast<double>(cells.back()) / row.scale;
  return histogram;
}

void add_labels(const FamilyState& family, std::string_view key, prometheus::ClientMetric& metric) {
  for (const auto& name : family.label_names) {
    auto end = key.find(kSeparator);
    auto value = key.substr(0, end);
    if (!value.empty()) metric.label.push_back({name, std::string(value)});
    key = end == std::string_view::npos ? std::string_view{} : key.substr(end + 1);
  }
}

prometheus::ClientMetric metric_of(const FamilyState& family, const Sample& sample) {
  prometheus::ClientMetric metric;
  add_labels(family, sample.key, metric);
  switch (family.row.type) {
    case FamilyType::counter:
      metric.counter.value = sample.value;
      break;
    case FamilyType::gauge:
      metric.gauge.value = sample.value;
      break;
    case FamilyType::histogram:
      metric.histogram = histogram_of(sample.histogram, family.row);
      break;
  }
  return metric;
}

// Cells first, then what the control thread counted.
std::vector<Sample> stored_samples(FamilyState& family) {
  std::vector<std::shared_ptr<Series>> living;
  std::vector<Sample> samples;
  {
    // Only pointers are copied under the lock: a worker that needs a new series waits for it.
    std::lock_guard lock(family.mutex);
    living.assign(family.series.begin(), family.series.end());
    if (family.overflow) living.push_back(family.overflow);
    for (const auto& [key, value] : family.values) samples.push_back({key, value});
  }
  for (const auto& series : living) samples.push_back(read(*series, family.row.type));
  return samples;
}

void add_computed(FamilyState& family, std::vector<Sample>& samples) {
  std::map<std::string, double> computed;
  std::size_t room = family.budget > samples.size() ? family.budget - samples.size() : 0;
  auto emit = [&](LabelValues values, double value) {
    auto key = family.key(values);
    if (computed.size() >= room && !computed.contains(key)) {
      std::lock_guard lock(family.mutex);
      family.refuse();
      key = family.overflow_key();
    }
    computed[key] += value;
  };
  std::lock_guard lock(family.sources_mutex);
  for (const auto& [id, source] : family.sources) source(emit);
  for (const auto& [key, value] : computed) samples.push_back({key, value});
  std::lock_guard count_lock(family.mutex);
  family.computed = computed.size();
}

// Series whose labels became equal are one series.
void sort_and_merge(std::vector<Sample>& samples) {
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.key < b.key; });
  auto last = samples.begin();
  for (auto it = samples.begin(); it != samples.end(); ++it) {
    if (it == last) continue;
    if (it->key == last->key) {
      last->value += it->value;
      for (std::size_t i = 0; i < it->histogram.size(); ++i) last->histogram[i] += it->histogram[i];
    } else if (++last != it) {
      *last = std::move(*it);
    }
  }
  if (!samples.empty()) samples.erase(last + 1, samples.end());
}

}  // namespace

SeriesStore::Usage SeriesStore::usage(Family family) {
  auto& f = state(family);
  std::lock_guard lock(f.mutex);
  return {f.series.size() + f.values.size() + f.computed + (f.overflow && !f.options.off ? 1 : 0), f.refused};
}

prometheus::MetricFamily SeriesStore::gather(Family family) {
  auto& f = state(family);
  prometheus::MetricFamily out;
  out.name = f.row.name;
  out.help = f.row.help;
  out.type = type_of(f.row.type);
  if (f.options.off) return out;
  auto samples = stored_samples(f);
  add_computed(f, samples);
  sort_and_merge(samples);
  out.metric.reserve(samples.size());
  for (const auto& sample : samples) out.metric.push_back(metric_of(f, sample));
  return out;
}

}  // namespace sluice::observe
