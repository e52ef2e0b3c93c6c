// SPDX-License-Identifier: Apache-2.0
// Composition: a gateway with one route, /page/{id}, that composes what three upstreams say, for the flows of
// compositions.
#pragma once
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test {

class Composition : public ::testing::Test {
 protected:
  // The settings of the handler.
  void with(std::string_view settings) {
    gw = std::make_unique<Gateway>(
        "upstreams: {users: {url: <users>}, orders: {url: <orders>}, ads: {url: <ads>}}\n"
        "routes: [{name: page, match: {path: '/page/{id}'}, compose: " +
        std::string(settings) + "}]\n");
  }
  Upstream& users() { return gw->upstream("users"); }
  Upstream& orders() { return gw->upstream("orders"); }
  Upstream& ads() { return gw->upstream("ads"); }
  std::unique_ptr<Gateway> gw;
};

}  // namespace sluice::test
