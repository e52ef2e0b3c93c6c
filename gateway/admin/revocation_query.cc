// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/revocation_query.h"

#include "gateway/admin/query.h"
#include "gateway/base/strings.h"
#include "gateway/config/instant.h"

namespace sluice::admin {
namespace {

constexpr auto kKept = std::chrono::hours(7 * 24);
constexpr std::uint64_t kLastSecond = 9'000'000'000;  // of a WallTime, or nearly

std::optional<base::WallTime> moment(const std::string& text) {
  if (auto seconds = base::parse_decimal(text)) {
    if (*seconds > kLastSecond) return std::nullopt;
    return base::WallTime(std::chrono::seconds(*seconds));
  }
  auto instant = config::parse_instant(text);
  if (!instant) return std::nullopt;
  return instant->when;
}

}  // namespace

RevocationQuery revocation_of(std::string_view query, base::WallTime now) {
  RevocationQuery out;
  chain::Revocation& r = out.revocation;
  r.before = now;
  r.until = now + kKept;
  bool has_before = false;
  each_decoded(query, [&](const std::string& name, std::string value) {
    if (!out.fault.empty()) return;
    std::string* text = name == "issuer" ? &r.issuer
                        : name == "jti"  ? &r.jti
                        : name == "sub"  ? &r.sub
                                         : nullptr;
    base::WallTime* time = name == "before" ? &r.before : name == "until" ? &r.until : nullptr;
    has_before |= time == &r.before;
    auto when = time ? moment(value) : std::nullopt;
    if (!text && !time) {
      out.fault = "There is no parameter `" + name + "`; those known are issuer, jti, sub, before and until.";
    } else if (value.empty()) {
      out.fault = "The parameter `" + name + "` is empty.";
    } else if (text && !text->empty()) {
      out.fault = "The parameter `" + name + "` is there twice.";
    } else if (time && !when) {
      out.fault = "`" + name + "` is no moment such as 2027-01-31T12:00:00Z or 1800000000.";
    } else if (text) {
      *text = std::move(value);
    } else {
      *time = *when;
    }
  });
  if (!out.fault.empty()) return out;
  if (r.issuer.empty()) out.fault = "The parameter `issuer` is missing: whose tokens?";
  if (!r.jti.empty() && (!r.sub.empty() || has_before))
    out.fault = "`jti` names one token; `sub` and `before` are for several.";
  if (r.until <= now) out.fault = "`until` is over already.";
  return out;
}

}  // namespace sluice::admin
