// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/revocations.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "gateway/base/key_hash.h"
#include "gateway/base/strings.h"

namespace sluice::chain {
namespace {

// Texts of tokens come from outside and may hold anything, so the lengths tell where one ends.
std::string key(char kind, std::string_view issuer, std::string_view name) {
  std::string out(1, kind);
  out.append(std::to_string(issuer.size())).append(":").append(issuer).append(name);
  return out;
}

constexpr char kToken = 't', kSubject = 's', kIssuer = 'i';

std::string key_of(const Revocation& r) {
  if (!r.jti.empty()) return key(kToken, r.issuer, r.jti);
  return r.sub.empty() ? key(kIssuer, r.issuer, {}) : key(kSubject, r.issuer, r.sub);
}

// The other way round.
Revocation of_key(std::string_view key) {
  auto colon = key.find(':');
  auto size = base::parse_decimal(key.substr(1, colon - 1)).value_or(0);
  std::string_view issuer = key.substr(colon + 1, size), name = key.substr(colon + 1 + size);
  Revocation out;
  out.issuer = issuer;
  (key.front() == kToken ? out.jti : out.sub) = name;
  return out;
}

}  // namespace

class Revocations::List {
 public:
  void add(const Revocation& r, base::WallTime now) {
    if (entries_.size() >= forget_at_) forget(now);
    Entry& entry = entries_[key_of(r)];
    entry.before = std::max(entry.before, r.before);
    entry.until = std::max(entry.until, r.until);
  }
  bool full(const Revocation& r, base::WallTime now) {
    if (entries_.size() < kMost) return false;
    forget(now);
    return entries_.size() >= kMost && !entries_.contains(key_of(r));
  }
  std::size_t size() const noexcept { return entries_.size(); }
  std::vector<Revocation> all(base::WallTime now) const {
    std::vector<Revocation> out;
    for (const auto& [key, entry] : entries_) {
      if (entry.until <= now - kLonger) continue;
      Revocation& r = out.emplace_back(of_key(key));
      r.before = entry.before;
      r.until = entry.until;
    }
    return out;
  }
  bool covers(const TokenFacts& t) const {
    if (entries_.empty()) return false;
    if (!t.jti.empty() && entries_.contains(key(kToken, t.issuer, t.jti))) return true;
    return issued_before(key(kIssuer, t.issuer, {}), t) ||
           (!t.sub.empty() && issued_before(key(kSubject, t.issuer, t.sub), t));
  }

 private:
  struct Entry {
    base::WallTime before{}, until{};
  };
  bool issued_before(const std::string& key, const TokenFacts& t) const {
    auto found = entries_.find(key);
    return found != entries_.end() && t.issued < found->second.before;
  }
  // Drops those that are over, now and then, so that a push costs little.
  void forget(base::WallTime now) {
    const base::WallTime over = entries_.size() <= kFew ? now - kLonger : now;
    std::erase_if(entries_, [over](const auto& item) { return item.second.until <= over; });
    forget_at_ = std::max<std::size_t>(1024, 2 * entries_.size());
  }
  std::unordered_map<std::string, Entry, base::TextHash> entries_;
  std::size_t forget_at_ = 1024;
};

Revocations::Revocations(std::vector<net::Loop*> loops)
    : loops_(std::move(loops)), all_(std::make_unique<List>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, loops_.size()); ++i)
    own_.push_back(std::make_shared<List>());
}

Revocations::~Revocations() = default;

bool Revocations::revoke(const Revocation& revocation, base::WallTime now) {
  if (all_->full(revocation, now)) return false;
  all_->add(revocation, now);
  if (loops_.empty()) own_.front()->add(revocation, now);
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loops_[i]->post([list = own_[i], revocation, now] { list->add(revocation, now); });
  return true;
}

bool Revocations::restore(std::vector<Revocation> revocations, base::WallTime now) {
  std::erase_if(revocations, [now](const auto& r) { return r.until <= now - kLonger; });
  auto some = std::make_shared<std::vector<Revocation>>();
  bool all = true;
  for (auto& r : revocations) {
    if (all_->full(r, now)) {
      all = false;
      continue;
    }
    all_->add(r, now);
    some->push_back(std::move(r));
  }
  auto add = [some, now](List& list) {
    for (const auto& r : *some) list.add(r, now);
  };
  if (loops_.empty()) add(*own_.front());
  for (std::size_t i = 0; i < loops_.size(); ++i) loops_[i]->post([list = own_[i], add] { add(*list); });
  return all;
}

std::vector<Revocation> Revocations::all(base::WallTime now) const { return all_->all(now); }

std::size_t Revocations::size() const noexcept { return all_->size(); }

bool Revocations::revoked(unsigned worker, const TokenFacts& token) const {
  return own_[worker]->covers(token);
}

}  // namespace sluice::chain
