// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/affinity.h"

#include <algorithm>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/cookies.h"
#include "gateway/upstream/maglev.h"

namespace sluice::handlers {

namespace {

void check_captured(const upstream::Upstream& upstream, chain::Builder& builder) {
  const auto& captures = builder.route().captures;
  for (const auto& part : upstream.hash_by())
    if (part.kind == config::KeyPart::Kind::path && std::ranges::find(captures, part.name) == captures.end())
      builder.warning("",
                      "the upstream `" + upstream.name() + "` is balanced by `" + part.text() +
                          "`, and this route's path has no part of that name",
                      "such requests are balanced as by `least_request`");
}

}  // namespace

// Of one exchange, in its arena.
class Affinity::Elsewhere final : public upstream::HashesElsewhere {
 public:
  Elsewhere(const Affinity& affinity, chain::Exchange& ex) noexcept : affinity_(&affinity), ex_(&ex) {}
  std::optional<std::uint64_t> of(std::size_t other) const override {
    return hash(*ex_, affinity_->elsewhere_[other]);
  }

 private:
  const Affinity* affinity_;
  chain::Exchange* ex_;
};

Affinity::Affinity(const upstream::Upstream& upstream, chain::Builder& builder, bool cookies)
    : sticky_(cookies && upstream.sticky() ? &upstream : nullptr), asked_for_(sticky_) {
  auto key_of = [&](const upstream::Upstream& at) -> Key {
    if (at.hash_by().empty()) return std::nullopt;
    asked_for_ = true;
    if (cookies) check_captured(at, builder);  // calls have a path of their own, without captures
    return chain::CallerKey(at.hash_by(), chain::MissingKey::skip);
  };
  hash_by_ = key_of(upstream);
  if (!upstream.failover()) return;
  for (const auto& other : upstream.failover()->others()) elsewhere_.push_back(key_of(*other));
  if (std::ranges::none_of(elsewhere_, &Key::has_value)) elsewhere_.clear();
}

std::optional<std::uint64_t> Affinity::hash(chain::Exchange& ex, const Key& by) {
  if (!by) return std::nullopt;
  auto found = by->of(ex);
  return found.missing ? std::nullopt : std::optional(upstream::affinity_hash(found.text));
}

upstream::PickKey Affinity::key(chain::Exchange& ex) const {
  upstream::PickKey key;
  if (sticky_) {
    auto found = chain::find_cookie(chain::client_fields(ex), sticky_->sticky()->cookie);
    if (found.count > 0) key.wanted = sticky_->cookies(ex.worker.index).find(found.value);
  }
  key.hash = hash(ex, hash_by_);
  if (!elsewhere_.empty()) [[unlikely]]
    key.elsewhere = ex.arena.make<Elsewhere>(*this, ex);
  return key;
}

void Affinity::tell(chain::Exchange& ex, const upstream::PickKey& key, const upstream::Target& target) const {
  if (!sticky_ || key.wanted == &target) return;
  // "" while another upstream serves in place of this one: the client comes back when that is over.
  auto cookie = sticky_->cookies(ex.worker.index).set_cookie(target);
  if (!cookie.empty()) ex.response.fields.add(http::FieldId::set_cookie, ex.arena.copy(cookie));
}

}  // namespace sluice::handlers
