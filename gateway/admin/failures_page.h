// SPDX-License-Identifier: Apache-2.0
// The pages /failures and /failures/{request-id}: the last requests that failed or were refused, and the
// story of one of them: as JSON, or as text for people, which is what `sluice why` prints.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/routes_page.h"
#include "gateway/observe/failure_ring.h"

namespace sluice::admin {

// Of all workers, the newest first.
struct FailureReport {
  std::vector<observe::Failure> failures;
  std::size_t silent = 0;  // workers that did not answer in time: what they know is missing
};

// ?limit=20&route=orders&reason=timeout_total
struct FailureAsked {
  observe::FailureQuery query;
  std::string fault;     // "" if all is well; for people
  bool as_text = false;  // ?as=text
};
// `query` with its question mark.
FailureAsked failures_asked(std::string_view query);

std::string failures_page(const FailureReport& report);

// What is in force now, for the story of one failure.
struct FailureSurroundings {
  std::optional<RouteReport> route;  // of its name; none: there is none any more
  std::string config_hash;

  // What is said there of the upstream that had this request, or was to have it; null if nothing is.
  const ForwardReport* forward(const observe::Failure& failure) const noexcept;
};
// Which of those timeouts passed, by name: "first_byte"; "" if none did, or nothing is known of them.
std::string_view passed_timeout(const observe::Failure& failure, const FailureSurroundings& now) noexcept;
// The setting that decides about such a failure: "timeouts.attempt"; "" for none.
std::string setting_of(const observe::Failure& failure, const FailureSurroundings& now);
std::string failure_page(const observe::Failure& failure, const FailureSurroundings& now);
std::string failure_story(const observe::Failure& failure, const FailureSurroundings& now);

}  // namespace sluice::admin
