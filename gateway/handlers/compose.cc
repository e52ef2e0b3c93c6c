// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/compose.h"

#include "gateway/chain/registry.h"
#include "gateway/compose/run.h"
#include "gateway/compose/streamed.h"

namespace sluice::handlers {

namespace {

const chain::HandlerKind<Compose, compose::ComposeConfig> kCompose{
    "compose", "Makes one JSON answer of several calls.",
    "{calls: {user: {get: \"users:/users/${path.id}\"}, orders: {get: \"orders:/orders?user=${user.id}\", "
    "as: orders}}}"};

}  // namespace

base::Task<base::Result<void>> Compose::answer(chain::Exchange& ex) const {
  if (plan_.stream) {
    auto streaming = compose::stream(plan_, ex);
    co_return co_await streaming;
  }
  compose::Run run(plan_, ex);
  auto answering = run.answer();
  co_return co_await answering;
}

}  // namespace sluice::handlers
