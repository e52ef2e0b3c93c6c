// SPDX-License-Identifier: Apache-2.0
// Fixed responses, of a gateway that has read its configuration from files.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::respond_test {
namespace {

TEST(Respond, FindsFilesRelativeToTheFileThatNamesThem) {
  TemporaryDirectory files;
  files.write("page.html", "<h1>closed</h1>");
  files.write("hello.txt", "hello ${query.name}");
  auto part = files.write("routes.yaml",
                          "routes:\n"
                          "  - {name: file, match: {path: /file}, respond: {file: page.html}}\n"
                          "  - {name: template, match: {path: /template}, respond: {template: hello.txt}}\n");

  Gateway gw("include: " + part + "\n");

  EXPECT_EQ(gw.get("/file").body, "<h1>closed</h1>");
  EXPECT_EQ(gw.get("/template?name=ann").body, "hello ann");
}

}  // namespace
}  // namespace sluice::test::respond_test
