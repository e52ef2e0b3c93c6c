// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/affinity.h"

#include <algorithm>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/cookies.h"
#include "gateway/upstream/maglev.h"

namespace sluice::handlers {

Affinity::Affinity(const upstream::Upstream& upstream, chain::Builder& builder, bool cookies)
    : sticky_(cookies && upstream.sticky() ? &upstream : nullptr) {
  if (upstream.hash_by().empty()) return;
  hash_by_.emplace(upstream.hash_by(), chain::MissingKey::skip);
  if (!cookies) return;  // calls have a path of their own, without captures
  const auto& captures = builder.route().captures;
  for (const auto& part : upstream.hash_by())
    if (part.kind == config::KeyPart::Kind::path && std::ranges::find(captures, part.name) == captures.end())
      builder.warning("",
                      "the upstream `" + upstream.name() + "` is balanced by `" + part.text() +
                          "`, and this route's path has no part of that name",
                      "such requests are balanced as by `least_request`");
}

upstream::PickKey Affinity::key(chain::Exchange& ex) const {
  upstream::PickKey key;
  if (sticky_) {
    auto found = chain::find_cookie(chain::client_fields(ex), sticky_->sticky()->cookie);
    if (found.count > 0) key.wanted = sticky_->cookies(ex.worker.index).find(found.value);
  }
  if (hash_by_) {
    auto found = hash_by_->of(ex);
    if (!found.missing) key.hash = upstream::affinity_hash(found.text);
  }
  return key;
}

void Affinity::tell(chain::Exchange& ex, const upstream::PickKey& key, const upstream::Target& target) const {
  if (!sticky_ || key.wanted == &target) return;
  // "" while another upstream serves in place of this one: the client comes back when that is over.
  auto cookie = sticky_->cookies(ex.worker.index).set_cookie(target);
  if (!cookie.empty()) ex.response.fields.add(http::FieldId::set_cookie, ex.arena.copy(cookie));
}

}  // namespace sluice::handlers
