// SPDX-License-Identifier: Apache-2.0
// RedisLink: one worker's connection to a Redis server. Commands are pipelined: all that a round of the loop
// asks leaves in one write, and the replies come in the same order. It connects by itself, at the first
// question and again whenever the connection is lost, and presents user, password and database first.
//
// A server that does not answer is left alone: when a reply is not there in time, or the connection fails,
// every question fails at once until a new connection has said PONG. So an outage costs a request one timeout
// at most. Precision of timeouts is the wheel's (a tenth of a second).
#pragma once
#include <deque>
#include <memory>
#include <string>

#include "gateway/base/job.h"
#include "gateway/base/result.h"
#include "gateway/net/signal.h"
#include "gateway/stores/redis_greeting.h"
#include "gateway/upstream/target.h"

namespace sluice::stores {

// Told about the state of the server, from any worker.
class RedisObserver {
 public:
  virtual ~RedisObserver() = default;
  virtual void redis_failed(const std::string& why) noexcept = 0;
  virtual void redis_answers() noexcept = 0;
};

// Finds out where a server is at present, before each connection to it.
class RedisLocator {
 public:
  virtual ~RedisLocator() = default;
  // Publishes its address at the target; why not, "" if it did. Both outlive the task.
  virtual base::Task<std::string> locate(net::Loop& loop, upstream::Target& target) = 0;
  // For its own questions. Control thread.
  virtual void use_tls(const std::shared_ptr<const upstream::TargetTls>& /*tls*/) {}
  // Is it to be one that takes writes?
  virtual bool wants_master() const noexcept { return false; }
};

class RedisLink final : public upstream::PoolSlot {
 public:
  // The target keeps it as its slot.
  RedisLink(net::Loop& loop, upstream::Target& target, RedisOptions options,
            std::shared_ptr<RedisObserver> observer, std::shared_ptr<RedisLocator> locator = nullptr);
  ~RedisLink() override;

  class Reply;
  // `co_await link.ask(bytes)`: the reply to one whole command, which may be an error reply, or why there is
  // none (Reason::internal, never told to clients). Of several commands, `replies` of them, that are to be
  // next to each other: the reply to the last one.
  Reply ask(std::string_view command, unsigned replies = 1) noexcept;
  bool up() const noexcept { return up_; }
  bool down() const noexcept { return down_; }
  // The server is of no use any more: leaves it alone as one that does not answer, and begins anew.
  void give_up(std::string why) noexcept;

 private:
  static constexpr std::size_t kMostPending = 10'000;

  base::Task<void> live();
  base::Task<std::string> serve(bool& was_of_use);
  base::Task<std::string> greet(net::Transport& transport, ReplyReader& reader);
  base::Task<std::string> read(net::Transport& transport, ReplyReader& reader);
  base::Task<void> write(net::Transport& transport);
  bool deliver(RedisReply reply);
  void fail_all(const std::string& why) noexcept;
  void late() noexcept;

  net::Loop& loop_;
  upstream::Target& target_;
  const RedisOptions options_;
  const std::shared_ptr<RedisObserver> observer_;
  const std::shared_ptr<RedisLocator> locator_;

  net::Transport* transport_ = nullptr;  // while it is up
  std::string out_;                      // commands that have not left
  net::Signal to_write_;
  std::deque<Reply*> pending_;  // in the order of the commands; null: nobody waits any more
  std::uint64_t first_ = 0;     // number of the first of them
  bool up_ = false;
  bool down_ = false;  // questions fail at once
  std::string why_down_;
  std::string broken_;  // why the connection is of no use any more
  bool given_up_ = false;

  base::Scope scope_;
  base::Job<void> living_;
};

class RedisLink::Reply final : public base::Wait {
 public:
  Reply(RedisLink& link, std::string_view command, unsigned replies) noexcept
      : alarm_(*this), link_(&link), command_(command), replies_(replies) {}
  Reply(Reply&&) = delete;
  ~Reply() { end(); }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    if (!admitted()) return false;
    if (!begin(h)) return false;
    enqueue();
    return true;
  }
  base::Result<RedisReply> await_resume();

 private:
  friend class RedisLink;
  struct Alarm final : net::Timer {
    explicit Alarm(Reply& r) noexcept : reply(&r) {}
    void expired() noexcept override { reply->too_late(); }
    Reply* reply;
  };
  bool admitted();
  void enqueue();
  void too_late() noexcept;
  void answered(RedisReply reply) noexcept;
  void failed(const std::string& why) noexcept;
  void forget() noexcept override;

  Alarm alarm_;
  RedisLink* link_;
  std::string_view command_;
  unsigned replies_;
  std::uint64_t number_ = 0;
  RedisReply reply_;
  std::string why_;
};

inline RedisLink::Reply RedisLink::ask(std::string_view command, unsigned replies) noexcept {
  return {*this, command, replies};
}

}  // namespace sluice::stores
