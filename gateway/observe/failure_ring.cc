// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/failure_ring.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::observe {
namespace {

constexpr std::size_t kAttempts = 10;

// The texts of a slot, in the order in which they lie in it, with the most that is kept of each.
enum Text : std::size_t {
  kRequestId,
  kListener,
  kClientIp,
  kMethod,
  kHost,
  kProtocol,
  kPath,
  kDetail,
  kRoute,
  kPolicyDenied,
  kConsumer,
  kUpstream,
  kConfigHash,
  kTarget,  // of the first attempt
  kTexts = kTarget + kAttempts
};
constexpr std::array<std::size_t, kTarget> kLimits = {128, 64, 46, 16, 128, 12, 384, 256, 64, 64, 64, 64, 16};
constexpr std::size_t kTargetLimit = 72;

constexpr std::size_t room_for_texts() {
  std::size_t n = kAttempts * kTargetLimit;
  for (auto limit : kLimits) n += limit;
  return n;
}

// Of UTF-8 no part of a character is left at the end.
std::string_view cut(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

// Trivial, so that memory which was never used is never touched.
struct FailureRing::Slot {
  static constexpr std::int64_t kNone = -1;
  struct Attempt {
    std::int64_t duration;
    std::uint16_t status;
    base::Reason reason;
  };
  base::WallTime::rep time;
  std::int64_t duration, queue, auth, filters, connect, first_byte, upstream_time, client_write;
  std::uint64_t bytes_in, bytes_out;
  std::uint16_t status;
  base::Reason reason;
  Source source;
  std::uint8_t attempts;
  std::array<Attempt, kAttempts> attempt;
  std::array<std::uint16_t, kTexts> ends;
  std::array<char, room_for_texts()> texts;

  void put(std::size_t which, std::string_view text, std::size_t limit) noexcept {
    std::size_t begin = which == 0 ? 0 : ends[which - 1];
    text = cut(text, limit);
    if (!text.empty()) std::memcpy(texts.data() + begin, text.data(), text.size());
    ends[which] = static_cast<std::uint16_t>(begin + text.size());
  }
  std::string_view text(std::size_t which) const noexcept {
    std::size_t begin = which == 0 ? 0 : ends[which - 1];
    return {texts.data() + begin, ends[which] - begin};
  }
  bool fits(const FailureQuery& q) const noexcept {
    return (q.request_id.empty() || text(kRequestId) == q.request_id) &&
           (q.route.empty() || text(kRoute) == q.route) &&
           (q.reason.empty() || base::row(reason).name == q.reason);
  }
};

namespace {

std::int64_t number(std::optional<base::Duration> d) noexcept { return d ? d->count() : -1; }
std::optional<base::Duration> duration(std::int64_t n) noexcept {
  return n < 0 ? std::nullopt : std::optional(base::Duration(n));
}

}  // namespace

FailureRing::FailureRing(std::size_t entries, unsigned worker) : worker_(worker) {
  entries = std::max<std::size_t>(entries, 4);
  callers_ = part(entries / 4);
  ours_ = part(entries - entries / 4);
}

FailureRing::~FailureRing() = default;

FailureRing::Part FailureRing::part(std::size_t size) {
  return {std::make_unique_for_overwrite<Slot[]>(size), size, 0};
}

std::size_t FailureRing::entry_size() noexcept { return sizeof(Slot); }

const FailureRing::Slot* FailureRing::Part::at(std::uint64_t age) const noexcept {
  if (age >= std::min<std::uint64_t>(written, size)) return nullptr;
  return &slots[(written - 1 - age) % size];
}

void FailureRing::write(const AccessRecord& r) noexcept {
  Part& part = r.status < 500 ? callers_ : ours_;
  Slot& s = part.slots[part.written++ % part.size];
  s.time = r.time.time_since_epoch().count();
  s.duration = r.duration.count();
  s.queue = number(r.queue);
  s.auth = number(r.auth);
  s.filters = number(r.filters);
  s.connect = number(r.connect);
  s.first_byte = number(r.first_byte);
  s.upstream_time = number(r.upstream_time);
  s.client_write = number(r.client_write);
  s.bytes_in = r.bytes_in;
  s.bytes_out = r.bytes_out;
  s.status = static_cast<std::uint16_t>(r.status);
  s.reason = r.reason;
  s.source = r.source;
  const std::array<std::string_view, kTarget> texts = {r.request_id,
                                                       r.listener,
                                                       r.client_ip,
                                                       r.method,
                                                       r.host,
                                                       r.protocol,
                                                       r.path.substr(0, r.path.find('?')),
                                                       r.detail,
                                                       r.route,
                                                       r.policy_denied,
                                                       r.consumer,
                                                       r.upstream,
                                                       r.config_hash};
  for (std::size_t i = 0; i < texts.size(); ++i) s.put(i, texts[i], kLimits[i]);
  auto attempts = r.attempts.size() > kAttempts ? r.attempts.last(kAttempts) : r.attempts;
  s.attempts = static_cast<std::uint8_t>(attempts.size());
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const AttemptRecord& a = attempts[i];
    s.attempt[i] = {a.duration.count(), static_cast<std::uint16_t>(a.status), a.reason};
    s.put(kTarget + i, a.target, kTargetLimit);
  }
}

namespace {

template <class Slot>
Failure read_slot(const Slot& s, unsigned worker) {
  Failure f;
  f.time = base::WallTime(base::Duration(s.time));
  f.worker = worker;
  std::string* texts[] = {&f.request_id, &f.listener, &f.client_ip,  &f.method, &f.host,
                          &f.protocol,   &f.path,     &f.detail,     &f.route,  &f.policy_denied,
                          &f.consumer,   &f.upstream, &f.config_hash};
  for (std::size_t i = 0; i < std::size(texts); ++i) *texts[i] = s.text(i);
  f.status = s.status;
  f.reason = s.reason;
  f.source = s.source;
  f.bytes_in = s.bytes_in;
  f.bytes_out = s.bytes_out;
  f.duration = base::Duration(s.duration);
  f.queue = duration(s.queue);
  f.auth = duration(s.auth);
  f.filters = duration(s.filters);
  f.connect = duration(s.connect);
  f.first_byte = duration(s.first_byte);
  f.upstream_time = duration(s.upstream_time);
  f.client_write = duration(s.client_write);
  for (std::size_t i = 0; i < s.attempts; ++i)
    f.attempts.push_back({std::string(s.text(kTarget + i)), s.attempt[i].status, s.attempt[i].reason,
                          base::Duration(s.attempt[i].duration)});
  return f;
}

}  // namespace

// Merges the two parts by time; each is in the order in which exchanges ended.
std::vector<Failure> FailureRing::read(const FailureQuery& query) const {
  std::vector<Failure> out;
  std::uint64_t a = 0, b = 0;
  while (out.size() < query.limit) {
    const Slot *x = callers_.at(a), *y = ours_.at(b);
    if (!x && !y) break;
    bool first = x && (!y || x->time >= y->time);
    const Slot& next = first ? *x : *y;
    ++(first ? a : b);
    if (next.fits(query)) out.push_back(read_slot(next, worker_));
  }
  return out;
}

}  // namespace sluice::observe
