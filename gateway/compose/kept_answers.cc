// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/kept_answers.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/compose/caching.h"
#include "gateway/json/scan.h"

namespace sluice::compose {

using http::FieldId;

std::string_view KeptAnswer::value() const noexcept {
  return std::string_view(bytes).substr(0, bytes.size() - json::kPadding);
}

std::size_t KeptAnswer::size() const noexcept {
  std::size_t out = sizeof(*this) + bytes.capacity();
  for (const auto& [name, value] : fields) out += sizeof(fields[0]) + name.size() + value.size();
  return out;
}

std::size_t KeptAnswers::size(const Entry& e) noexcept {
  constexpr std::size_t kNodes = 128;  // of list and table
  return kNodes + e.key.size() + e.answer->size();
}

std::shared_ptr<const KeptAnswer> KeptAnswers::find(std::string_view key, base::SteadyTime now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (now >= found->second->answer->until) {
    drop(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->answer;
}

void KeptAnswers::put(std::string key, std::shared_ptr<const KeptAnswer> answer) {
  if (auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
  Entry entry{std::move(key), std::move(answer)};
  std::size_t added = size(entry);
  if (added > most_ / 4) return;
  while (bytes_ + added > most_) drop(std::prev(entries_.end()));
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += added;
}

void KeptAnswers::drop(Entries::iterator at) noexcept {
  bytes_ -= size(*at);
  by_key_.erase(at->key);
  entries_.erase(at);
}

namespace {

// What the gateway adds to a call by itself: it differs from one request to the next, and is in no key.
bool varies_by_itself(std::string_view name) {
  if (name == "*") return true;
  std::string lower = base::to_lower(name);
  return lower.starts_with("x-forwarded-") || lower == "x-request-id" || lower == "via" ||
         lower == "forwarded" || lower == "x-real-ip" || lower == "traceparent" || lower == "tracestate";
}

bool varies(std::string_view list) {
  for (std::string_view name; base::next_token(list, name);)
    if (varies_by_itself(name)) return true;
  return false;
}

}  // namespace

base::Duration may_be_kept(int status, const http::Fields& answer, base::WallTime now, base::Duration most) {
  if (status != 200 && status != 203 && status != 204) return {};
  for (const http::Field& f : answer.lines()) {
    if (f.dropped) continue;
    if (f.id == FieldId::set_cookie || (f.id == FieldId::vary && varies(f.value))) return {};
  }
  Freshness freshness;
  freshness.add(answer, now);
  if (!freshness.may_be_kept()) return {};
  auto said = freshness.seconds();
  return said ? std::min<base::Duration>(most, std::chrono::seconds(*said)) : most;
}

}  // namespace sluice::compose
