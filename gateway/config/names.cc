// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/names.h"

#include <vector>

#include "gateway/base/strings.h"

namespace sluice::config {

bool Names::define(std::string_view kind, std::string_view name, Place place) {
  auto at = kinds_.find(kind);
  if (at == kinds_.end()) at = kinds_.emplace(std::string(kind), Places()).first;
  return at->second.try_emplace(std::string(name), place).second;
}

bool Names::known(std::string_view kind, std::string_view name) const noexcept {
  auto at = kinds_.find(kind);
  return at != kinds_.end() && at->second.contains(name);
}

Place Names::place(std::string_view kind, std::string_view name) const noexcept {
  auto at = kinds_.find(kind);
  if (at == kinds_.end()) return {};
  auto found = at->second.find(name);
  return found == at->second.end() ? Place{} : found->second;
}

std::string Names::nearest(std::string_view kind, std::string_view word) const {
  auto at = kinds_.find(kind);
  if (at == kinds_.end()) return {};
  std::vector<std::string_view> known;
  for (const auto& [name, place] : at->second) known.push_back(name);
  return std::string(base::nearest(word, known));
}

std::size_t Names::count(std::string_view kind) const noexcept {
  auto at = kinds_.find(kind);
  return at == kinds_.end() ? 0 : at->second.size();
}

}  // namespace sluice::config
