// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/base/assert.h"
#include "gateway/base/log.h"
#include "gateway/base/utf8.h"
#include "gateway/observe/family_state.h"

namespace sluice::observe {
namespace {

// One malformed byte in a label value would make the scraper refuse the whole scrape.
void append_value(std::string& key, std::string_view value) {
  while (!value.empty()) {
    auto n = base::utf8_sequence(value);
    if (n == 0 || value.front() == kSeparator) {
      key += '?';
      n = 1;
    } else {
      key.append(value.substr(0, n));
    }
    value.remove_prefix(n);
  }
}

}  // namespace

FamilyState::FamilyState(const FamilyRow& of, FamilyOptions with, std::size_t series_budget)
    : row(of), options(std::move(with)), budget(series_budget) {
  for (std::size_t i = 0; i < row.labels.size(); ++i) {
    std::string label(row.labels[i]);
    if (std::find(options.drop.begin(), options.drop.end(), label) != options.drop.end()) continue;
    if (label == "code_class" && options.full_codes) label = "code";
    auto renamed = options.rename.find(label);
    kept.push_back(i);
    label_names.push_back(renamed == options.rename.end() ? label : renamed->second);
  }
}

std::string FamilyState::key(LabelValues label_values) const {
  SLUICE_ASSERT(label_values.size() == row.labels.size());
  std::string out;
  for (std::size_t i : kept) {
    if (i != kept.front()) out += kSeparator;
    append_value(out, label_values.begin()[i]);
  }
  return out;
}

std::string FamilyState::overflow_key() const {
  std::string out;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i) out += kSeparator;
    out += kOverflow;
  }
  return out;
}

void FamilyState::refuse() noexcept {
  ++refused;
  if (std::exchange(warned, true)) return;
  base::log(
      base::Level::warning,
      fmt::format("metric {} has reached its budget of {} series; further label values are counted in one "
                  "series labelled \"{}\"",
                  row.name, budget, kOverflow));
}

SeriesStore::SeriesStore(MetricsOptions options)
    : options_(std::move(options)), arenas_(std::make_unique<Arenas>(options_.workers)) {
  for (const auto& r : family_rows()) {
    auto own = options_.families.find(std::string(r.name));
    families_.push_back(std::make_unique<FamilyState>(
        r, own == options_.families.end() ? FamilyOptions{.off = r.on_request} : own->second,
        options_.series_budget));
  }
}

SeriesStore::~SeriesStore() = default;

FamilyState& SeriesStore::state(Family family) noexcept {
  return *families_[static_cast<std::size_t>(family)];
}

bool SeriesStore::full_codes(Family family) const noexcept {
  return families_[static_cast<std::size_t>(family)]->options.full_codes;
}

bool SeriesStore::off(Family family) const noexcept {
  return families_[static_cast<std::size_t>(family)]->options.off;
}

SeriesRef SeriesStore::series(Family family, LabelValues values) {
  auto& f = state(family);
  auto key = f.key(values);
  std::lock_guard lock(f.mutex);
  auto found = f.series.find(std::string_view(key));
  if (found == f.series.end()) {
    // A metric that is switched off counts into its overflow series, which is not shown.
    if (f.options.off || f.series.size() >= f.budget) {
      if (!f.options.off) f.refuse();
      if (!f.overflow) f.overflow = std::make_shared<Series>(f.overflow_key(), f.row.cells(), arenas_->of);
      return {*this, family, f.overflow};
    }
    found = f.series.insert(std::make_shared<Series>(std::move(key), f.row.cells(), arenas_->of)).first;
  }
  ++(*found)->users;
  return {*this, family, *found};
}

void SeriesStore::release(Family family, const std::shared_ptr<Series>& series) noexcept {
  auto& f = state(family);
  std::lock_guard lock(f.mutex);
  if (series == f.overflow || --series->users != 0) return;
  f.series.erase(series);
}

void SeriesStore::set(Family family, LabelValues values, double value) {
  auto& f = state(family);
  std::lock_guard lock(f.mutex);
  f.values[f.key(values)] = value;
}

void SeriesStore::add(Family family, LabelValues values, double value) {
  auto& f = state(family);
  std::lock_guard lock(f.mutex);
  f.values[f.key(values)] += value;
}

void SeriesStore::replace(Family family, LabelValues values, double value) {
  auto& f = state(family);
  std::lock_guard lock(f.mutex);
  f.values = {{f.key(values), value}};
}

ScrapeRegistration SeriesStore::at_scrape(Family family, std::function<void(const Emit&)> source) {
  auto& f = state(family);
  std::lock_guard lock(f.sources_mutex);
  auto id = f.next_source++;
  f.sources.emplace(id, std::move(source));
  return {*this, family, id};
}

SeriesRef::SeriesRef(SeriesStore& store, Family family, std::shared_ptr<Series> series) noexcept
    : store_(&store), family_(family), series_(std::move(series)) {}

SeriesRef::SeriesRef(SeriesRef&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)),
      family_(other.family_),
      series_(std::move(other.series_)) {}

SeriesRef& SeriesRef::operator=(SeriesRef&& other) noexcept {
  SeriesRef old(std::move(*this));
  store_ = std::exchange(other.store_, nullptr);
  family_ = other.family_;
  series_ = std::move(other.series_);
  return *this;
}

SeriesRef::~SeriesRef() {
  if (store_) store_->release(family_, series_);
}

Cell* SeriesRef::cells(unsigned worker) const { return series_->cells(worker); }

ScrapeRegistration::ScrapeRegistration(SeriesStore& store, Family family, std::uint64_t id) noexcept
    : store_(&store), family_(family), id_(id) {}

ScrapeRegistration::ScrapeRegistration(ScrapeRegistration&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)), family_(other.family_), id_(other.id_) {}

ScrapeRegistration& ScrapeRegistration::operator=(ScrapeRegistration&& other) noexcept {
  ScrapeRegistration old(std::move(*this));
  store_ = std::exchange(other.store_, nullptr);
  family_ = other.family_;
  id_ = other.id_;
  return *this;
}

ScrapeRegistration::~ScrapeRegistration() {
  if (!store_) return;
  auto& f = store_->state(family_);
  std::lock_guard lock(f.sources_mutex);
  f.sources.erase(id_);
}

}  // namespace sluice::observe
