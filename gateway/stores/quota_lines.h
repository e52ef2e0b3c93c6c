// SPDX-License-Identifier: Apache-2.0
// The file of quotas: lines of text, each the whole state of one caller, of which the last one counts. A line
// begins with a checksum of the rest, so that damage is noticed. Pure.
//
//   sluice quotas 1
//   <checksum> <policy> TAB <key> TAB <days> TAB <months>
//
// where days and months are each the number of the last period, what was used in it, and the same of the
// other one that is known.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/stores/quota_book.h"

namespace sluice::stores {

inline constexpr std::string_view kQuotaHeader = "sluice quotas 1\n";

// Appends a line.
void write_quota(std::string& to, const QuotaBook::Entry& entry);

struct QuotaLines {
  std::vector<QuotaBook::Entry> entries;
  std::vector<std::size_t> damaged;  // numbers of lines, from 1
};
// A last line that was not written to its end is no damage: whoever wrote it was interrupted.
QuotaLines read_quotas(std::string_view text);

}  // namespace sluice::stores
