// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_link.h"

#include <algorithm>
#include <system_error>

#include "gateway/net/sleep.h"
#include "gateway/net/write.h"
#include "gateway/upstream/dial.h"

namespace sluice::stores {
namespace {

using base::Outcome;
using base::Task;

constexpr base::Duration kShortestPause = std::chrono::milliseconds(100);
constexpr base::Duration kLongestPause = std::chrono::seconds(2);
constexpr std::size_t kBuffer = 16 * 1024;

// The reply to ROLE.
bool is_master(const redisReply& reply) noexcept {
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements == 0) return false;
  const redisReply& role = *reply.element[0];
  return role.type == REDIS_REPLY_STRING && std::string_view(role.str, role.len) == "master";
}

}  // namespace

// --- who asks

bool RedisLink::Reply::admitted() {
  RedisLink& link = *link_;
  if (!link.living_.started()) link.living_.start(link.live());
  if (link.down_) {
    why_ = link.why_down_;
  } else if (link.pending_.size() >= kMostPending) {
    why_ = "too many questions wait for an answer";
  }
  return why_.empty();
}

void RedisLink::Reply::enqueue() {
  RedisLink& link = *link_;
  for (unsigned i = 1; i < replies_; ++i) link.pending_.push_back(nullptr);
  number_ = link.first_ + link.pending_.size();
  link.pending_.push_back(this);
  link.out_.append(command_);
  link.to_write_.notify();
  link.loop_.wheel().set(alarm_, link.loop_.wheel().due_in(link.options_.timeout));
}

void RedisLink::Reply::forget() noexcept {
  link_->loop_.wheel().unset(alarm_);
  if (number_ >= link_->first_ && number_ - link_->first_ < link_->pending_.size())
    link_->pending_[number_ - link_->first_] = nullptr;
}

void RedisLink::Reply::answered(RedisReply reply) noexcept {
  link_->loop_.wheel().unset(alarm_);
  reply_ = std::move(reply);
  finish_later(Outcome::ready);
}

void RedisLink::Reply::failed(const std::string& why) noexcept {
  link_->loop_.wheel().unset(alarm_);
  why_ = why;
  finish_later(Outcome::ready);
}

void RedisLink::Reply::too_late() noexcept {
  RedisLink& link = *link_;
  forget();
  why_ = "no answer in time";
  finish_later(Outcome::timeout);
  link.late();
}

base::Result<RedisReply> RedisLink::Reply::await_resume() {
  if (reply_) return std::move(reply_);
  if (outcome() == Outcome::cancelled) return base::fail(why());
  return base::fail(base::Reason::internal, why_);
}

// --- the connection

RedisLink::RedisLink(net::Loop& loop, upstream::Target& target, RedisOptions options,
                     std::shared_ptr<RedisObserver> observer, std::shared_ptr<RedisLocator> locator)
    : loop_(loop),
      target_(target),
      options_(std::move(options)),
      observer_(std::move(observer)),
      locator_(std::move(locator)),
      to_write_(loop.wheel()),
      living_(&scope_) {}

RedisLink::~RedisLink() = default;

// Nobody is kept waiting by a server that is silent.
void RedisLink::late() noexcept {
  broken_ = "no answer in time";
  if (transport_) return transport_->interrupt_read();
  down_ = true;  // not connected yet: nothing has been sent
  why_down_ = broken_;
  fail_all(broken_);
}

// No question is sent to it any more, also not before the connection has ended.
void RedisLink::give_up(std::string why) noexcept {
  if (!transport_ || !broken_.empty()) return;
  given_up_ = true;
  down_ = true;
  why_down_ = why;
  broken_ = std::move(why);
  transport_->interrupt_read();
}

void RedisLink::fail_all(const std::string& why) noexcept {
  auto pending = std::exchange(pending_, {});
  first_ += pending.size();
  out_.clear();
  for (Reply* reply : pending)
    if (reply) reply->failed(why);
}

Task<void> RedisLink::live() {
  base::Duration pause{};
  for (;;) {
    bool was_of_use = false;
    Task<std::string> serving = serve(was_of_use);
    std::string why = co_await serving;
    base::Scope* scope = co_await base::this_scope();
    if (scope->cancelled()) co_return;
    up_ = false;
    down_ = true;
    why_down_ = why;
    observer_->redis_failed(why);
    fail_all(why);
    pause = was_of_use ? kShortestPause : std::clamp(2 * pause, kShortestPause, kLongestPause);
    co_await net::sleep(loop_, pause);
  }
}

// One connection, from its begin to its end; why it ended.
Task<std::string> RedisLink::serve(bool& was_of_use) {
  if (locator_) {
    Task<std::string> locating = locator_->locate(loop_, target_);
    std::string unknown = co_await locating;
    if (!unknown.empty()) co_return unknown;
  }
  auto dialled = co_await upstream::dial(loop_, target_, options_.connect_timeout);
  if (!dialled) co_return dialled.error().detail;
  net::TransportPtr transport = std::move(dialled->transport);
  ReplyReader reader(options_.most);
  Task<std::string> greeting = greet(*transport, reader);
  std::string refused = co_await greeting;
  if (!refused.empty()) co_return refused;

  up_ = true;
  down_ = false;
  broken_.clear();
  // One that was given up said PONG all the time: its next answer tells whether it is of use.
  if (!std::exchange(given_up_, false)) observer_->redis_answers();
  transport_ = transport.get();
  base::Scope* scope = co_await base::this_scope();
  base::Job<void> writer(scope);
  writer.start(write(*transport));
  Task<std::string> reading = read(*transport, reader);
  std::string why = co_await reading;
  transport_ = nullptr;
  was_of_use = !given_up_;  // one that says PONG and takes nothing is asked less and less often
  co_return why;
}

// Says who we are, and waits until the server has agreed to everything and answers questions.
Task<std::string> RedisLink::greet(net::Transport& transport, ReplyReader& reader) {
  RedisCommands commands = hello(options_);
  bool master = locator_ && locator_->wants_master();
  if (master) commands.add({"ROLE"});
  commands.add({"PING"});
  Task<base::Result<std::vector<RedisReply>>> greeting =
      converse(transport, reader, std::move(commands), options_.connect_timeout);
  auto replies = co_await greeting;
  if (!replies) co_return replies.error().detail;
  if (master && !is_master(*(*replies)[replies->size() - 2]))
    co_return "it is no master, though a sentinel says so";
  co_return std::string();
}

Task<std::string> RedisLink::read(net::Transport& transport, ReplyReader& reader) {
  auto buffer = std::make_unique<char[]>(kBuffer);
  for (;;) {
    net::Io io = transport.try_read({buffer.get(), kBuffer});
    if (io.kind == net::Io::Kind::again) {
      Outcome outcome = co_await transport.readable(base::Duration::zero());
      if (outcome == Outcome::cancelled) co_return std::string();
      if (!broken_.empty()) co_return broken_;
      continue;
    }
    if (io.kind == net::Io::Kind::closed) co_return "it closed the connection";
    if (io.kind == net::Io::Kind::failed) co_return std::generic_category().message(io.error);
    if (!reader.feed({buffer.get(), io.bytes})) co_return std::string(reader.fault());
    while (RedisReply reply = reader.next())
      if (!deliver(std::move(reply))) co_return "it answered what nobody had asked";
    if (!reader.fault().empty()) co_return std::string(reader.fault());
    if (!broken_.empty()) co_return broken_;
  }
}

bool RedisLink::deliver(RedisReply reply) {
  if (pending_.empty()) return false;
  Reply* asker = pending_.front();
  pending_.pop_front();
  ++first_;
  if (asker) asker->answered(std::move(reply));
  return true;
}

// What one round has asked leaves at once.
Task<void> RedisLink::write(net::Transport& transport) {
  std::string sending;
  for (;;) {
    if (out_.empty()) {
      Outcome outcome = co_await to_write_.wait(base::Duration::zero());
      if (outcome == Outcome::cancelled) co_return;
      continue;
    }
    sending.clear();
    std::swap(sending, out_);
    iovec bytes[] = {net::piece(sending)};
    std::uint64_t sent = 0;
    auto written = co_await net::write_all(transport, bytes, base::Duration::zero(), sent);
    if (written.kind == net::Written::Kind::cancelled) co_return;
    if (!written) {
      broken_ = "the connection broke";
      transport.interrupt_read();
      co_return;
    }
  }
}

}  // namespace sluice::stores
