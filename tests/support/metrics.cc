// SPDX-License-Identifier: Apache-2.0
#include "tests/support/metrics.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace sluice::test {
namespace {

// One line `name{a="b",c="d"} value`; test labels hold no escapes.
bool fits(std::string_view line, std::string_view name, const Labels& labels) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  if (line.empty() || (line.front() != '{' && line.front() != ' ')) return false;
  auto braces = line.front() == '{' ? line.substr(1, line.rfind('}') - 1) : std::string_view{};
  std::string wrapped = "," + std::string(braces) + ",";
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    std::string key = "," + label.first + "=\"";
    if (label.second.empty()) return wrapped.find(key) == wrapped.npos;
    return wrapped.find(key + label.second + "\",") != wrapped.npos;
  });
}

}  // namespace

double sum(std::string_view exposition, std::string_view name, const Labels& labels) {
  double total = 0;
  while (!exposition.empty()) {
    auto line = exposition.substr(0, exposition.find('\n'));
    exposition.remove_prefix(std::min(exposition.size(), line.size() + 1));
    if (fits(line, name, labels)) total += std::atof(std::string(line.substr(line.rfind(' ') + 1)).c_str());
  }
  return total;
}

double Metrics::growth(std::string_view name, const Labels& labels) const {
  return sum(gateway_->metrics(), name, labels) - sum(before_, name, labels);
}

bool Metrics::grows_by(double wanted, std::string_view name, const Labels& labels) const {
  return becomes(sum(before_, name, labels) + wanted, name, labels);
}

// Each look waits for the workers; that they have nothing else to do is no reason to hurry.
bool Metrics::becomes(double wanted, std::string_view name, const Labels& labels) const {
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (sum(gateway_->metrics(), name, labels) != wanted) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace sluice::test
