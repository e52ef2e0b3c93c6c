// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/error.h"

namespace sluice::base {
namespace {

constexpr ReasonRow kRows[] = {
    {Reason::none, "", 0, Where::gateway, Retry::never, "", 0, "", ""},
#define REASON(name, status, where, retry, proxy_status, grpc, title, explanation) \
  {Reason::name, #name, status, Where::where, Retry::retry, proxy_status, grpc, title, explanation},
#include "gateway/base/reasons.def"
#undef REASON
};

}  // namespace

const ReasonRow& row(Reason reason) noexcept { return kRows[static_cast<std::size_t>(reason)]; }

std::span<const ReasonRow> reason_rows() noexcept { return std::span(kRows).subspan(1); }

std::string_view name(Where where) noexcept {
  switch (where) {
    case Where::downstream:
      return "downstream";
    case Where::upstream:
      return "upstream";
    case Where::gateway:
      return "gateway";
  }
  return "";
}

}  // namespace sluice::base
