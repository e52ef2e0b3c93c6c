// SPDX-License-Identifier: Apache-2.0
// Plans from YAML, for the tests of this layer.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/compose/plan.h"
#include "gateway/config/bind.h"
#include "gateway/config/load.h"

#include "tests/support/fake_builder.h"

namespace sluice::compose {

inline const chain::CallsGoThrough kNoForwarder{
    [](const chain::CallSettings&, chain::Builder&) -> std::shared_ptr<const chain::Handler> {
      return nullptr;
    }};

struct Made {
  std::shared_ptr<test::FakeLiving> living;  // outlives the plan
  std::unique_ptr<Plan> plan;
  std::string problems;
  std::string told;  // fields that tell who calls
};

// The settings of a composition on a route that captures `id`.
inline Made made(std::string_view yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(std::string(yaml), diagnostics);
  auto config = config::bind<ComposeConfig>(document, diagnostics);
  Made out;
  out.problems = diagnostics.text();
  if (!out.problems.empty()) return out;
  test::FakeBuilder builder;
  builder.facts.captures = {"id"};
  out.living = builder.living;
  out.plan = std::make_unique<Plan>(config, builder);
  out.problems = builder.problems;
  out.told = builder.told;
  return out;
}
inline std::string problems(std::string_view calls) {
  return made("calls: {" + std::string(calls) + "}").problems;
}

}  // namespace sluice::compose
