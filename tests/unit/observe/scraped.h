// SPDX-License-Identifier: Apache-2.0
// What a scrape says about one series, for the tests of this layer.
#pragma once
#include <prometheus/metric_family.h>

#include <map>
#include <optional>
#include <string>

#include "gateway/observe/series.h"

namespace sluice::observe {

using Labels = std::map<std::string, std::string>;

inline Labels labels_of(const prometheus::ClientMetric& metric) {
  Labels labels;
  for (const auto& label : metric.label) labels[label.name] = label.value;
  return labels;
}

// The series with exactly these labels.
inline std::optional<prometheus::ClientMetric> scraped(SeriesStore& store, Family family,
                                                       const Labels& labels) {
  for (const auto& metric : store.gather(family).metric)
    if (labels_of(metric) == labels) return metric;
  return std::nullopt;
}

inline std::optional<double> counter(SeriesStore& store, Family family, const Labels& labels) {
  auto metric = scraped(store, family, labels);
  return metric ? std::optional(metric->counter.value) : std::nullopt;
}

inline std::optional<double> gauge(SeriesStore& store, Family family, const Labels& labels) {
  auto metric = scraped(store, family, labels);
  return metric ? std::optional(metric->gauge.value) : std::nullopt;
}

// Observations, if the series is there.
inline std::optional<std::uint64_t> observations(SeriesStore& store, Family family, const Labels& labels) {
  auto metric = scraped(store, family, labels);
  return metric ? std::optional(metric->histogram.sample_count) : std::nullopt;
}

inline std::size_t series_count(SeriesStore& store, Family family) {
  return store.gather(family).metric.size();
}

}  // namespace sluice::observe
