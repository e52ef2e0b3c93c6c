// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/advice.h"

namespace sluice::admin {
namespace {

constexpr Advice kAdvice[] = {
#define ADVICE(reason, setting, text) {#reason, setting, text},
#include "gateway/admin/advice.def"
#undef ADVICE
};

}  // namespace

Advice advice(base::Reason reason) noexcept {
  for (const Advice& a : kAdvice)
    if (a.reason == base::row(reason).name) return a;
  return {};
}

}  // namespace sluice::admin
