// SPDX-License-Identifier: Apache-2.0
// VerdictCache: what was found out about credentials, by the whole credential, bounded in number and in time.
// The text is looked up by a hash of its end and then compared as a whole, so no two credentials are ever taken for one
// another. It must end in what differs and what nobody chooses: a signature, a tag, a digest.
// One worker's; no locks. When a bucket is full, what is over goes first, then what was not used for longest.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/key_hash.h"

namespace sluice::chain {

template <class T, class Time>
class VerdictCache {
 public:
  static constexpr std::size_t kWays = 4;

  // For at least so many credentials.
  explicit VerdictCache(std::size_t most) {
    std::size_t buckets = 1;
    while (buckets * kWays < most) buckets *= 2;
    buckets_.resize(buckets);
  }

  // Null if it is not known, or not any more.
  const std::shared_ptr<const T>* find(std::string_view text, Time now) noexcept {
    std::size_t hash = hash_of(text);
    for (Entry& e : bucket(hash).entries) {
      if (e.hash != hash || !e.value || e.text != text) continue;
      if (now >= e.until) {
        e = {};
        return nullptr;
      }
      e.used = ++clock_;
      return &e.value;
    }
    return nullptr;
  }
  void put(std::string_view text, std::shared_ptr<const T> value, Time until, Time now) {
    std::size_t hash = hash_of(text);
    Entry* place = nullptr;
    for (Entry& e : bucket(hash).entries) {
      if (e.value && e.hash == hash && e.text == text) {
        place = &e;
        break;
      }
      if (!place || rank(e, now) < rank(*place, now)) place = &e;
    }
    *place = {hash, std::string(text), std::move(value), until, ++clock_};
  }
  void clear() noexcept {
    for (Bucket& b : buckets_) b = {};
  }

 private:
  struct Entry {
    std::size_t hash = 0;
    std::string text;
    std::shared_ptr<const T> value;  // null: free
    Time until{};
    std::uint64_t used = 0;
  };
  struct Bucket {
    std::array<Entry, kWays> entries;
  };
  // Those that end alike share a bucket, which is no list: they take each other's places, and nobody waits for them.
  static std::size_t hash_of(std::string_view text) noexcept {
    constexpr std::size_t kEnd = 64;
    return base::TextHash()(text.size() > kEnd ? text.substr(text.size() - kEnd) : text);
  }
  Bucket& bucket(std::size_t hash) noexcept { return buckets_[hash & (buckets_.size() - 1)]; }
  // The lowest one is given up.
  static std::uint64_t rank(const Entry& e, Time now) noexcept {
    return !e.value || now >= e.until ? 0 : e.used;
  }

  std::vector<Bucket> buckets_;
  std::uint64_t clock_ = 0;
};

}  // namespace sluice::chain
