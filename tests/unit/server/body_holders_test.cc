// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/body_holders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/cli/dry_build.h"

namespace sluice::server::body_holders_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> holders(const std::string& yaml) {
  cli::DryBuild built(load_text("version: 1\n" + yaml, "gateway.yaml"));
  EXPECT_TRUE(built.snapshot()) << built.loaded().diagnostics.text();
  if (!built.snapshot()) return {};
  return body_holders({built.loaded().config, built.loaded().document, *built.snapshot()});
}

TEST(BodyHolders, AreNoneWhereAllBodiesPass) {
  EXPECT_THAT(holders("listeners: {web: {bind: \"127.0.0.1:80\", use: [{body_limit: 1MiB}]}}\n"
                      "use: [{json_limits: {}}]\n"
                      "upstreams: {users: {url: \"http://127.0.0.1:9\", retry: none}}\n"
                      "routes: [{name: a, match: {path: /**}, use: [{compress: {}}], to: users}]\n"),
              IsEmpty());
}

TEST(BodyHolders, AreListedWithTheirPlaceAndCap) {
  EXPECT_THAT(
      holders("listeners: {web: {bind: \"127.0.0.1:80\", use: [\n"
              "  {mirror: {to: next, max_body: 1KiB}}]}}\n"
              "use: [\n"
              "  {mirror: {to: next, max_body: 2KiB}}]\n"
              "upstreams: {users: {url: \"http://127.0.0.1:9\"}, next: {url: \"http://127.0.0.1:9\"}}\n"
              "policies:\n"
              "  copied: {mirror: {to: next, max_body: 3KiB}}\n"
              "routes:\n"
              "  - {name: a, match: {path: /a}, respond: 200, use: [\n"
              "      copied]}\n"
              "  - {name: b, match: {path: /b}, use: [copied],\n"
              "     to: users}\n"),
      ElementsAre(
          "gateway.yaml:3:3: listeners.web.use[0]: `mirror` holds request bodies of at most 1KiB, for the "
          "copy of the request",
          "gateway.yaml:5:3: use[0]: `mirror` holds request bodies of at most 2KiB, for the copy of the "
          "request",
          "gateway.yaml:8:11: routes[0].use[0]: `copied` (mirror) holds request bodies of at most 3KiB, "
          "for the copy of the request",
          "gateway.yaml:8:11: routes[1].use[0]: `copied` (mirror) holds request bodies of at most 3KiB, "
          "for the copy of the request",
          "gateway.yaml:13:10: routes[1].to: `to` holds request bodies of at most 64KiB, to send them "
          "once more to users"));
}

TEST(BodyHolders, AreFoundInsideOthers) {
  EXPECT_THAT(
      holders("listeners: {web: {bind: \"127.0.0.1:80\"}}\n"
              "upstreams: {users: {url: \"http://127.0.0.1:9\"}, next: {url: \"http://127.0.0.1:9\"}}\n"
              "routes:\n"
              "  - {name: a, match: {path: /a}, respond: 200, use: [\n"
              "      {any: [{http_signature: {body: 5KiB}}, {http_signature: {digest: false}}]}]}\n"
              "  - name: b\n"
              "    match: {path: /b}\n"
              "    split: {to: {users: 1, next: 1}}\n"),
      ElementsAre(
          "gateway.yaml:6:7: routes[0].use[0]: `any` holds request bodies of at most 5KiB, to compare them "
          "with their digest",
          "gateway.yaml:9:12: routes[1].split: `split` holds request bodies of at most 64KiB, to send them "
          "once more to users",
          "gateway.yaml:9:12: routes[1].split: `split` holds request bodies of at most 64KiB, to send them "
          "once more to next"));
}

}  // namespace
}  // namespace sluice::server::body_holders_test
