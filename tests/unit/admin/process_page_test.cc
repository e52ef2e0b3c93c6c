// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/process_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::admin::process_page_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(ProcessPage, TellsHowWorkersFeel) {
  auto page = workers_page({{0, false, 0.25, 1500us, 40ms, 7, 2}});

  for (auto part : {"\"worker\": 0", "\"busy_ratio\": 0.250", "\"silent\": false", "\"lag_ms\": 1.500",
                    "\"worst_lag_ms\": 40.000", "\"connections\": 7", "\"exchanges\": 2"})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(ProcessPage, TellsNothingOfAWorkerThatDoesNotAnswer) {
  auto page = workers_page({{3, true, 1, {}, {}, 0, 0}});

  EXPECT_THAT(page, HasSubstr("\"silent\": true"));
  EXPECT_THAT(page, Not(HasSubstr("connections")));
}

TEST(ProcessPage, ListsListeners) {
  auto page = listeners_page({{"web", ":8443", 8443, true, {"h1", "h2"}, 12, true},
                              {"local", "unix:/run/a.sock", 0, false, {"h1"}, 0, false}});

  for (auto part : {"\"listener\": \"web\"", "\"port\": 8443", "\"tls\": true", "\"h2\"",
                    "\"connections\": 12", "\"bind\": \"unix:/run/a.sock\"", "\"complete\": false"})
    EXPECT_THAT(page, HasSubstr(part));
}

}  // namespace
}  // namespace sluice::admin::process_page_test
