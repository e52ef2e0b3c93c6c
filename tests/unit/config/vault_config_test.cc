// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/vault_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/load.h"

namespace sluice::config::vault_config_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Root {
  VaultConfig vault;
  bool operator==(const Root&) const = default;
};
void describe(Description<Root>& d) {
  d.about("root", "A file that has nothing but a Vault.");
  d.field("vault", &Root::vault, "The Vault.");
}

VaultConfig bound(const std::string& yaml, std::string* said = nullptr) {
  Diagnostics diagnostics;
  auto document = parse("vault: " + yaml + "\n", diagnostics);
  auto root = bind<Root>(document, diagnostics);
  if (said) *said = diagnostics.text();
  return root.vault;
}

std::string wrong(const std::string& yaml) {
  std::string said;
  bound(yaml, &said);
  return said;
}

bool is_reference(std::string_view text) {
  VaultReference reference;
  return !parse(text, reference);
}

TEST(VaultConfig, ReadsEverySetting) {
  auto c = bound(
      "{address: 'https://v:8200', token: t, namespace: a/b, ca: pem, timeout: 2s, refresh: 1m, allow_http: "
      "true}");

  EXPECT_EQ(c.address, "https://v:8200");
  EXPECT_EQ(c.token.value, "t");
  EXPECT_EQ(c.name_space, "a/b");
  EXPECT_EQ(c.ca, "pem");
  EXPECT_EQ(c.timeout, 2s);
  EXPECT_EQ(c.refresh, 1min);
  EXPECT_TRUE(c.allow_http);
  EXPECT_EQ(bound("{token_file: /run/t}").token_file, "/run/t");
  EXPECT_EQ(bound("{refresh: 0s}").refresh, 0s);
}

TEST(VaultConfig, RefusesWhatCannotWork) {
  EXPECT_THAT(wrong("{address: 'vault:8200'}"), HasSubstr("a URL such as https://vault.example:8200"));
  EXPECT_THAT(wrong("{token: a, token_file: b}"), HasSubstr("token_file"));
  EXPECT_THAT(wrong("{refresh: 10ms}"), HasSubstr("must be 0s or at least 1s"));
  EXPECT_THAT(wrong("{timeout: 1h}"), HasSubstr("timeout"));
}

TEST(VaultReference, IsAPathAndAField) {
  VaultReference reference;

  EXPECT_FALSE(parse("secret/data/orders#db.password", reference));

  EXPECT_EQ(reference, (VaultReference{"secret/data/orders", "db.password"}));
}

TEST(VaultReference, LeadsNowhereElse) {
  EXPECT_TRUE(is_reference("kv-2/data/a_b/c.d~e@f#x"));
  EXPECT_FALSE(is_reference("secret/data/orders"));
  EXPECT_FALSE(is_reference("secret/data/orders#"));
  EXPECT_FALSE(is_reference("#x"));
  EXPECT_FALSE(is_reference("/secret#x"));
  EXPECT_FALSE(is_reference("secret/#x"));
  EXPECT_FALSE(is_reference("secret//data#x"));
  EXPECT_FALSE(is_reference("secret/../sys/x#x"));
  EXPECT_FALSE(is_reference("secret/data?version=1#x"));
  EXPECT_FALSE(is_reference("secret/%2e#x"));
  EXPECT_FALSE(is_reference("secret data#x"));
}

}  // namespace
}  // namespace sluice::config::vault_config_test
