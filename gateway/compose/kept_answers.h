// SPDX-License-Identifier: Apache-2.0
// KeptAnswers: answers to calls that a composition may give once more: read and decoded, bounded in time and
// in memory. Found by a digest of all that the request said, so that nobody gets what was meant for somebody
// else. One worker's; no locks. What was not used for longest gives way.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/key_hash.h"
#include "gateway/http/fields.h"

namespace sluice::compose {

struct KeptAnswer {
  int status = 0;
  // JSON, with what may be read behind it.
  std::string bytes;
  std::string_view value() const noexcept;
  // Lines of the head, but for Age.
  std::vector<std::pair<std::string, std::string>> fields;
  std::int64_t age = 0;  // in seconds, when it came
  base::SteadyTime came{}, until{};

  std::size_t size() const noexcept;
};

class KeptAnswers {
 public:
  // Of all keys and answers together, about.
  explicit KeptAnswers(std::size_t most_bytes) noexcept : most_(most_bytes) {}
  KeptAnswers(const KeptAnswers&) = delete;

  // Null if there is none, or none any more. It stays as long as somebody holds it.
  std::shared_ptr<const KeptAnswer> find(std::string_view key, base::SteadyTime now);
  // One that is larger than a quarter of all is not kept.
  void put(std::string key, std::shared_ptr<const KeptAnswer> answer);

  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const KeptAnswer> answer;
  };
  using Entries = std::list<Entry>;
  static std::size_t size(const Entry& e) noexcept;
  void drop(Entries::iterator at) noexcept;

  std::size_t most_;
  std::size_t bytes_ = 0;
  Entries entries_;  // used last comes first
  std::unordered_map<std::string_view, Entries::iterator, base::TextHash> by_key_;
};

// How long an answer may be kept, up to `most`: not at all if it is for one alone or says so, if it sets a
// cookie, or if it depends on what is not in the request that the composition made.
base::Duration may_be_kept(int status, const http::Fields& answer, base::WallTime now, base::Duration most);

}  // namespace sluice::compose
