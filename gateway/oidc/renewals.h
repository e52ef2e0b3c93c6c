// SPDX-License-Identifier: Apache-2.0
// Renewals: of all requests that find the same session about to expire, one renews it and the others wait for
// what comes of it, on whichever worker they are. What came of it is kept for a while, for the requests that
// a browser had sent with the old cookie before it got the new one: providers take a refresh token that is
// used twice for a stolen one. One for the whole process, so that routes and reloads share it; locked, which
// costs nothing beside a call to a provider.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/base/task.h"
#include "gateway/net/loop.h"
#include "gateway/net/signal.h"
#include "gateway/oidc/session.h"

namespace sluice::oidc {

struct Renewed {
  enum class Outcome : unsigned char {
    good,
    over,   // the provider does not want it to go on
    failed  // it could not be asked
  };
  Outcome outcome = Outcome::failed;
  Session session;  // if it is good; with all tokens, whoever renewed it
  std::string why;  // otherwise
};
using RenewedPtr = std::shared_ptr<const Renewed>;

class Renewals {
 public:
  // How long the outcome is kept: good or over, and failed.
  static constexpr std::chrono::seconds kKeep{60}, kRest{5};

  // The one of the process, for as long as anybody holds it.
  static std::shared_ptr<Renewals> of_process();

  Renewals() = default;
  Renewals(const Renewals&) = delete;

  // `key` names the session and its present tokens. Null: nobody is at it, and the caller is the one who
  // renews, with a Turn. Otherwise what came of it; failed if that takes longer than `patience`.
  base::Task<RenewedPtr> others(net::Loop& loop, std::string key, base::Duration patience);

  // Of the one who renews: tells the others, in its destructor at the latest.
  class Turn {
   public:
    Turn(std::shared_ptr<Renewals> renewals, net::Loop& loop, std::string key)
        : renewals_(std::move(renewals)), loop_(loop), key_(std::move(key)) {}
    Turn(const Turn&) = delete;
    ~Turn();
    void tell(RenewedPtr renewed);

   private:
    std::shared_ptr<Renewals> renewals_;
    net::Loop& loop_;
    std::string key_;
  };

 private:
  // Lives in a waiting coroutine of some worker, which alone touches the signal.
  struct Waiter {
    explicit Waiter(net::Loop& l) : loop(l), signal(l.wheel()) {}
    net::Loop& loop;
    net::Signal signal;
    RenewedPtr renewed;  // under the lock
  };
  struct Entry {
    RenewedPtr renewed;  // null while somebody is at it
    base::SteadyTime until{};
    std::vector<std::shared_ptr<Waiter>> waiting;
  };
  // Takes a waiter off the list again, however its coroutine ends.
  struct Leave {
    Renewals& renewals;
    const std::string& key;
    const std::shared_ptr<Waiter>& waiter;
    ~Leave();
  };

  // Null if the caller is the first; a waiter, on the list, if somebody is at it.
  std::shared_ptr<Waiter> join(net::Loop& loop, const std::string& key, RenewedPtr& known);
  void finish(const std::string& key, RenewedPtr renewed, base::SteadyTime now, base::Duration keep);
  void forget_old(base::SteadyTime now);

  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::deque<std::pair<base::SteadyTime, std::string>>
      old_;  // when to look at which; in order, but for kRest
};

}  // namespace sluice::oidc
