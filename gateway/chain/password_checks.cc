// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/password_checks.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "gateway/base/list.h"
#include "gateway/chain/password.h"
#include "gateway/net/crypto_threads.h"

namespace sluice::chain {
namespace {

// Results by digest: each has one of four places, found by the digest itself.
template <std::size_t size>
class Remembered {
 public:
  bool holds(const jose::Digest& digest, base::SteadyTime now) const noexcept {
    if (entries_.empty()) return false;
    auto* set = &entries_[first_place(digest)];
    return std::any_of(set, set + kWays, [&](const Entry& e) { return e.until > now && e.digest == digest; });
  }
  void add(const jose::Digest& digest, base::SteadyTime until) {
    if (entries_.empty()) entries_.resize(size);
    auto* set = &entries_[first_place(digest)];
    *std::min_element(set, set + kWays, [](const Entry& a, const Entry& b) { return a.until < b.until; }) = {
        digest, until};
  }

 private:
  static constexpr std::size_t kWays = 4;
  static_assert(size % kWays == 0);
  struct Entry {
    jose::Digest digest{};
    base::SteadyTime until{};
  };
  static std::size_t first_place(const jose::Digest& digest) noexcept {
    std::uint64_t number;
    std::memcpy(&number, digest.data(), sizeof number);
    return number % (size / kWays) * kWays;
  }
  std::vector<Entry> entries_;  // empty until the first
};

}  // namespace

// A comparison, and who waits for it.
struct PasswordChecks::UnderWay {
  jose::Digest digest;
  std::string user;
  base::List<Waiting> waiting;
  bool good = false;
};

// Listed twice: in its scope, and, by its link, where its result will come from.
class PasswordChecks::Waiting final : public base::ListNode {
 public:
  class Wait final : public base::Wait {
   public:
    Wait(Waiting& link, UnderWay& asked) noexcept : link_(&link), asked_(&asked) {}
    Wait(Wait&&) = delete;
    ~Wait() { end(); }
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
      if (!begin(h)) return false;
      asked_->waiting.push_back(*link_);
      return true;
    }
    base::Outcome await_resume() const noexcept { return outcome(); }

   private:
    void forget() noexcept override { link_->unlink(); }
    Waiting* link_;
    UnderWay* asked_;
  };
  explicit Waiting(UnderWay& asked) noexcept : wait(*this, asked) {}
  Wait wait;
};

// What one worker remembers and waits for; that worker's thread only.
class PasswordChecks::Lane {
 public:
  bool known_good(const jose::Digest& digest, base::SteadyTime now) const noexcept {
    return good_.holds(digest, now);
  }
  bool known_bad(const jose::Digest& digest, base::SteadyTime now) const noexcept {
    return bad_.holds(digest, now);
  }
  std::shared_ptr<UnderWay> find(const jose::Digest& digest) const {
    for (const auto& u : under_way_)
      if (u->digest == digest) return u;
    return nullptr;
  }
  bool has_room_for(std::string_view user) const noexcept {
    auto of_user =
        std::count_if(under_way_.begin(), under_way_.end(), [&](const auto& u) { return u->user == user; });
    return under_way_.size() < kMostUnderWay && static_cast<std::size_t>(of_user) < kMostOfOneUser;
  }
  void begin(std::shared_ptr<UnderWay> asked) { under_way_.push_back(std::move(asked)); }
  void end(const std::shared_ptr<UnderWay>& asked, bool good, base::SteadyTime now) {
    std::erase(under_way_, asked);
    asked->good = good;
    if (good) good_.add(asked->digest, now + kKept);
    if (!good) bad_.add(asked->digest, now + kKept);
    while (Waiting* waiting = asked->waiting.pop_front()) waiting->wait.finish_later(base::Outcome::ready);
  }

 private:
  Remembered<kGoodKept> good_;
  Remembered<kBadKept> bad_;
  std::vector<std::shared_ptr<UnderWay>> under_way_;
};

PasswordChecks::PasswordChecks(unsigned workers, net::CryptoThreads* threads) : threads_(threads) {
  // A key that others know would let them look for passwords in a memory dump.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key_.data()), static_cast<int>(key_.size())) != 1)
    std::abort();
  for (unsigned i = 0; i < workers; ++i) lanes_.push_back(std::make_shared<Lane>());
}

PasswordChecks::~PasswordChecks() = default;

base::Task<PasswordChecks::Result> PasswordChecks::check(net::Loop& loop, unsigned worker,
                                                         std::string_view user, std::string_view password,
                                                         std::string_view hash) {
  Lane& lane = *lanes_[worker];
  // Neither users nor hashes hold a NUL. A password that was changed has another hash.
  std::string text;
  text.reserve(user.size() + password.size() + hash.size() + 2);
  text.append(user).append(1, '\0').append(hash).append(1, '\0').append(password);
  jose::Digest digest = jose::keyed_digest(jose::view(key_), text);
  OPENSSL_cleanse(text.data(), text.size());
  auto now = loop.now();
  if (lane.known_good(digest, now)) return Result::good;
  if (lane.known_bad(digest, now)) return Result::bad;
  if (auto same = lane.find(digest)) return wait(std::move(same));
  if (!threads_ || !lane.has_room_for(user)) return Result::busy;

  auto asked = std::make_shared<UnderWay>();
  asked->digest = digest;
  asked->user = user;
  // Everything that belongs to the worker goes back there before it is let go of.
  auto work = [asked, lane = lanes_[worker], &loop, password = std::string(password),
               hash = std::string(hash)]() mutable {
    bool good = password_matches(password, hash);
    OPENSSL_cleanse(password.data(), password.size());
    loop.post([asked = std::move(asked), lane = std::move(lane), &loop, good] {
      lane->end(asked, good, loop.now());
    });
  };
  if (!threads_->submit(std::move(work))) return Result::busy;
  lane.begin(asked);
  return wait(std::move(asked));
}

base::Task<PasswordChecks::Result> PasswordChecks::wait(std::shared_ptr<UnderWay> asked) {
  Waiting waiting(*asked);
  base::Outcome outcome = co_await waiting.wait;
  if (outcome != base::Outcome::ready) co_return Result::busy;
  co_return asked->good ? Result::good : Result::bad;
}

}  // namespace sluice::chain
