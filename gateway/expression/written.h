// SPDX-License-Identifier: Apache-2.0
// How conditions are written in a configuration: as a text, with faults that tell where in it they are.
#pragma once
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/config/types.h"
#include "gateway/expression/expression.h"

namespace sluice::expression {

config::Complaint complaint(const Fault& fault);

// `C` has compile() and text(); its about() and example() are the caller's.
template <class C>
void describe_written(config::Text<C>& t) {
  t.read([](std::string_view text, C& out) -> config::Refusal {
    auto compiled = C::compile(text);
    if (auto* fault = std::get_if<Fault>(&compiled)) return complaint(*fault);
    out = std::get<C>(std::move(compiled));
    return {};
  });
  t.write([](const C& c) { return c.text(); });
}

}  // namespace sluice::expression
