// SPDX-License-Identifier: Apache-2.0
// The page /quotas: what callers have used up. Without a parameter the policies that count, with `policy` the
// callers of one, with `key` as well that caller alone. From what the server layer reports to JSON.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::admin {

struct QuotaQuery {
  std::string policy, key;
  std::string fault;  // "" if all is well; for people
};
// `query` with its question mark.
QuotaQuery quota_query_of(std::string_view query);

struct QuotaUse {
  std::string key;
  std::string unit;        // "month"
  std::string period;      // "2026-11"
  std::string begin, end;  // "2026-11-01T00:00:00+01:00"
  std::uint64_t used = 0;
};

struct QuotaReport {
  std::string policy, store, time_zone;
  struct Tier {
    std::string name;  // "" for everybody
    std::string limits;
  };
  std::vector<Tier> tiers;
  std::vector<QuotaUse> uses;
  std::string note;  // why there is no more to tell, for people
};

std::string quotas_page(const std::vector<QuotaReport>& reports);

}  // namespace sluice::admin
