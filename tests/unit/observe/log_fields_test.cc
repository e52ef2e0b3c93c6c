// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_fields.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::observe::log_fields_test {
namespace {

TEST(LogFields, AreFoundByTheirNames) {
  std::set<std::string_view> distinct;
  for (std::string_view name : log_field_names()) {
    ASSERT_TRUE(find_log_field(name)) << name;
    EXPECT_EQ(log_field_names()[static_cast<std::size_t>(*find_log_field(name))], name);
    EXPECT_TRUE(distinct.insert(name).second) << name;
  }
  EXPECT_EQ(find_log_field("status"), LogField::status);
  EXPECT_EQ(find_log_field("Status"), std::nullopt);
  EXPECT_EQ(find_log_field(""), std::nullopt);
}

TEST(LogFields, KnowTheirKinds) {
  EXPECT_EQ(kind(LogField::time), LogKind::time);
  EXPECT_EQ(kind(LogField::path), LogKind::url);
  EXPECT_EQ(kind(LogField::queue_ms), LogKind::optional_ms);
  EXPECT_EQ(kind(LogField::partial), LogKind::names);
  EXPECT_EQ(kind(LogField::groups), LogKind::names);
  EXPECT_EQ(kind(LogField::claims), LogKind::claims);
  EXPECT_EQ(kind(LogField::config_hash), LogKind::text);
}

}  // namespace
}  // namespace sluice::observe::log_fields_test
