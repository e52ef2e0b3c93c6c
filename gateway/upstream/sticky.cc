// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/sticky.h"

#include "gateway/base/base64.h"
#include "gateway/jose/digest.h"

namespace sluice::upstream {
namespace {

constexpr std::size_t kNameSize = 16;

std::string name_under(const std::string& secret, std::string_view upstream, std::string_view url) {
  // Texts of a configuration have no NUL in them, so no two pairs make one text.
  std::string text("sluice sticky");
  text.append(1, '\0').append(upstream).append(1, '\0').append(url);
  auto digest = jose::keyed_digest(secret, text);
  return base::encode_base64url(jose::view(digest).substr(0, kNameSize));
}

}  // namespace

Sticky::Sticky(const StickyConfig& config, std::string_view upstream,
               std::span<const std::shared_ptr<Target>> targets)
    : cookie_(config.cookie) {
  std::string attributes = http::text(config.attributes());
  for (const auto& target : targets) {
    for (const auto& secret : config.secret) {
      std::string value = name_under(secret.value, upstream, target->identity());
      lines_.try_emplace(target.get(), cookie_ + "=" + value + attributes);
      by_value_.try_emplace(std::move(value), target.get());
    }
  }
}

Target* Sticky::find(std::string_view value) const {
  auto at = by_value_.find(value);
  return at == by_value_.end() ? nullptr : at->second;
}

std::string_view Sticky::set_cookie(const Target& target) const {
  auto at = lines_.find(&target);
  return at == lines_.end() ? std::string_view{} : std::string_view(at->second);
}

}  // namespace sluice::upstream
