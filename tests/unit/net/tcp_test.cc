// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/listen.h"

namespace sluice::net::tcp_test {
namespace {

using namespace std::chrono_literals;
using base::Outcome;
using base::Reason;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kRounds = 5000;  // of 20 ms: for ever, as far as a test is concerned

iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

class TcpTest : public testing::Test {
 protected:
  using Connecting = base::Job<base::Result<TransportPtr>>;

  TcpTest() {
    listener_ = *listen(*Address::parse("127.0.0.1", 0), 16);
    address_ = bound_to(listener_);
  }
  ~TcpTest() override { ::close(listener_); }

  template <class P>
  bool until(P happened) {
    for (int i = 0; i < kRounds; ++i) {
      if (happened()) return true;
      loop_.run_once(20ms);
    }
    return false;
  }
  std::unique_ptr<TcpTransport> accept() {
    int fd = -1;
    until([&] { return (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; });
    return std::make_unique<TcpTransport>(loop_, fd, true);
  }
  TransportPtr connected() {
    Connecting job(&scope_);
    job.start(connect(loop_, address_, 5s));
    until([&] { return !job.running(); });
    return std::move(job.join().await_resume()).value();
  }
  // Tries until something other than `again` comes of it.
  Io read(Transport& from, std::span<char> into) {
    Io io{};
    until([&] { return (io = from.try_read(into)).kind != Io::Kind::again; });
    return io;
  }
  std::string text(Transport& from, std::size_t n) {
    std::string all;
    char buffer[256];
    while (all.size() < n) {
      Io io = read(from, buffer);
      if (io.kind != Io::Kind::moved) break;
      all.append(buffer, io.bytes);
    }
    return all;
  }
  static Io write(Transport& to, std::string_view bytes) {
    iovec v = piece(bytes);
    return to.try_write({&v, 1});
  }

  base::RealClock clock_;
  Loop loop_{clock_};
  base::Scope scope_;
  int listener_;
  Address address_;
};

TEST_F(TcpTest, MovesBytesBothWays) {
  auto client = connected();
  auto server = accept();

  EXPECT_EQ(write(*client, "question").bytes, 8u);
  EXPECT_EQ(text(*server, 8), "question");
  EXPECT_EQ(write(*server, "answer").bytes, 6u);

  EXPECT_EQ(text(*client, 6), "answer");
}

TEST_F(TcpTest, ReadsNothingMoreAfterAShortReadUntilTheNextEvent) {
  auto client = connected();
  auto server = accept();
  char buffer[64];
  write(*server, "one");
  ASSERT_EQ(read(*client, buffer).bytes, 3u);

  write(*server, "two");  // there already, but the loop has not said so
  EXPECT_EQ(client->try_read(buffer).kind, Io::Kind::again);

  EXPECT_EQ(text(*client, 3), "two");
}

TEST_F(TcpTest, ReadsOnAfterAReadThatFilledTheBuffer) {
  auto client = connected();
  auto server = accept();
  write(*server, "abcdefghij");
  char buffer[4];
  ASSERT_EQ(read(*client, buffer).bytes, 4u);

  EXPECT_EQ(client->try_read(buffer).bytes, 4u);
  EXPECT_EQ(client->try_read(buffer).bytes, 2u);
  EXPECT_EQ(client->try_read(buffer).kind, Io::Kind::again);
}

TEST_F(TcpTest, ReadsTheEndThatCameTogetherWithTheLastBytes) {
  auto client = connected();
  auto server = accept();
  write(*server, "bye");
  server.reset();
  ASSERT_TRUE(until([&] { return client->hung_up(); }));
  char buffer[64];

  EXPECT_EQ(client->try_read(buffer).bytes, 3u);
  EXPECT_EQ(client->try_read(buffer).kind, Io::Kind::closed);
}

TEST_F(TcpTest, ReportsAReset) {
  auto client = connected();
  auto server = accept();
  char buffer[64];

  server->reset_on_close();
  server.reset();
  Io io = read(*client, buffer);

  EXPECT_EQ(io.kind, Io::Kind::failed);
  EXPECT_EQ(io.error, ECONNRESET);
  EXPECT_TRUE(client->hung_up());
}

TEST_F(TcpTest, ClosesOneDirectionAndKeepsTheOther) {
  auto client = connected();
  auto server = accept();
  char buffer[64];

  client->shutdown_write();
  EXPECT_EQ(read(*server, buffer).kind, Io::Kind::closed);
  write(*server, "late");

  EXPECT_EQ(text(*client, 4), "late");
}

TEST_F(TcpTest, FailsToWriteToAClosedConnectionWithoutASignal) {
  auto client = connected();
  auto server = accept();
  server->reset_on_close();
  server.reset();
  until([&] { return client->hung_up(); });

  Io io = write(*client, "x");

  EXPECT_EQ(io.kind, Io::Kind::failed);
  EXPECT_THAT(io.error, testing::AnyOf(EPIPE, ECONNRESET));
}

TEST_F(TcpTest, WritesUntilTheOtherSideMustReadAndGoesOnWhenItHas) {
  auto client = connected();
  auto server = accept();
  std::string block(256 * 1024, 'x');
  std::size_t sent = 0;
  Io io{};
  while ((io = write(*client, block)).kind == Io::Kind::moved) sent += io.bytes;
  ASSERT_EQ(io.kind, Io::Kind::again);

  base::Job<Outcome> writable(&scope_);
  writable.start([](Transport& t) -> base::Task<Outcome> { co_return co_await t.writable(0s); }(*client));
  EXPECT_TRUE(writable.running());
  std::vector<char> buffer(64 * 1024);
  std::size_t got = 0;
  until([&] {
    Io in = server->try_read(buffer);
    got += in.bytes;
    return in.kind == Io::Kind::again && !writable.running();
  });

  EXPECT_FALSE(writable.running());
  EXPECT_LE(got, sent);
  EXPECT_EQ(write(*client, "more").kind, Io::Kind::moved);
}

TEST_F(TcpTest, GathersPiecesInOrder) {
  auto client = connected();
  auto server = accept();
  iovec pieces[] = {piece("GET "), piece(""), piece("/ "), piece("HTTP/1.1")};

  EXPECT_EQ(client->try_write(pieces).bytes, 14u);

  EXPECT_EQ(text(*server, 14), "GET / HTTP/1.1");
}

TEST_F(TcpTest, GathersMorePiecesThanTheSystemTakesInSeveralTries) {
  auto client = connected();
  auto server = accept();
  std::vector<iovec> pieces(IOV_MAX + 10, piece("x"));

  Io io = client->try_write(pieces);
  EXPECT_EQ(io.bytes, static_cast<std::size_t>(IOV_MAX));
  EXPECT_EQ(client->try_write(std::span(pieces).subspan(io.bytes)).bytes, 10u);

  EXPECT_EQ(text(*server, pieces.size()).size(), pieces.size());
}

TEST_F(TcpTest, TellsTheWatcherOfAnIdleConnectionWhatTheOtherSideDoes) {
  struct : Watcher {
    int bytes = 0, hangups = 0;
    void on_activity(bool hangup) noexcept override { ++(hangup ? hangups : bytes); }
  } watcher;
  auto client = connected();
  auto server = accept();
  client->watch(&watcher);

  write(*server, "unasked");
  EXPECT_TRUE(until([&] { return watcher.bytes > 0; }));
  EXPECT_EQ(watcher.hangups, 0);
  server.reset();

  EXPECT_TRUE(until([&] { return watcher.hangups > 0; }));
}

TEST_F(TcpTest, IsDrainedWhenEverythingWasRead) {
  auto client = connected();
  auto server = accept();
  char four[4];
  write(*server, "1234");
  ASSERT_EQ(read(*client, four).bytes, 4u);

  EXPECT_TRUE(client->drained());
  EXPECT_EQ(client->try_read(four).kind, Io::Kind::again);
}

// An event that came while nobody was there to be told must not be forgotten.
TEST_F(TcpTest, IsNotDrainedWhileBytesAreLeft) {
  auto client = connected();
  auto server = accept();
  char four[4];
  write(*server, "1234 and more");
  ASSERT_EQ(read(*client, four).bytes, 4u);
  EXPECT_FALSE(client->drained());

  text(*client, 8);
  EXPECT_TRUE(client->drained());
  write(*server, "late");
  loop_.post([] {});
  until([&] { return !client->drained(); });

  EXPECT_EQ(text(*client, 3), "ate");
}

TEST_F(TcpTest, SplicesFromOneConnectionToAnother) {
  auto client = connected();
  auto server = accept();
  auto onward = connected();
  auto end = accept();
  Pipe pipe = loop_.buffers().pipe();
  std::string body(300'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 26);
  std::size_t sent = 0, in = 0, out = 0;
  std::string got;
  char buffer[32 * 1024];

  until([&] {
    sent += write(*client, std::string_view(body).substr(sent, 50'000)).bytes;
    if (in == out) in += server->try_splice_in(pipe, 100'000).bytes;
    if (in > out) out += onward->try_splice_out(pipe, in - out, out < body.size()).bytes;
    Io io = end->try_read(buffer);
    got.append(buffer, io.bytes);
    return got.size() == body.size();
  });

  EXPECT_TRUE(client->can_splice());
  EXPECT_EQ(got, body);
  loop_.buffers().give_back(pipe);
}

TEST_F(TcpTest, SplicesNoMoreThanAskedFor) {
  auto client = connected();
  auto server = accept();
  Pipe pipe = loop_.buffers().pipe();
  write(*client, "0123456789");
  Io io{};

  until([&] { return (io = server->try_splice_in(pipe, 4)).kind != Io::Kind::again; });

  EXPECT_EQ(io.bytes, 4u);
  EXPECT_EQ(text(*server, 6), "456789");
  BufferPool::close(pipe);
}

TEST_F(TcpTest, SeesTheEndWhileItSplices) {
  auto client = connected();
  auto server = accept();
  Pipe pipe = loop_.buffers().pipe();
  client.reset();
  Io io{};

  until([&] { return (io = server->try_splice_in(pipe, 4096)).kind != Io::Kind::again; });

  EXPECT_EQ(io.kind, Io::Kind::closed);
  loop_.buffers().give_back(pipe);
}

TEST_F(TcpTest, ConnectsWithoutNaglesDelayOnBothSides) {
  auto client = connected();
  int fd = -1;
  until([&] { return (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0; });

  int accepted = 0;
  socklen_t size = sizeof accepted;
  ::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &accepted, &size);
  ::close(fd);

  EXPECT_EQ(accepted, 1);
}

TEST_F(TcpTest, SaysWhoRefusedAConnection) {
  int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // holds a port without listening
  Address any = *Address::parse("127.0.0.1", 0);
  ASSERT_EQ(::bind(bound, any.data(), any.size()), 0);
  Address nobody = bound_to(bound);
  Connecting job(&scope_);

  job.start(connect(loop_, nobody, 5s));
  until([&] { return !job.running(); });
  auto result = job.join().await_resume();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::upstream_connect_failed);
  EXPECT_EQ(result.error().detail, "connect to " + nobody.text() + ": Connection refused");
  ::close(bound);
}

TEST_F(TcpTest, SaysSoWhenDescriptorsAreUsedUp) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  Connecting job(&scope_);

  ::setrlimit(RLIMIT_NOFILE, &none);
  job.start(connect(loop_, address_, 5s));
  ::setrlimit(RLIMIT_NOFILE, &before);
  auto result = job.join().await_resume();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::overload);
  EXPECT_THAT(result.error().detail, HasSubstr("Too many open files"));
}

// A listener whose queue is full drops what else comes, as a firewall or a dead machine does.
class SilentPeer : public testing::Test {
 protected:
  using Connecting = base::Job<base::Result<TransportPtr>>;
  SilentPeer() {
    listener_ = *listen(*Address::parse("127.0.0.1", 0), 0);
    address_ = bound_to(listener_);
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(fillers_.back(), address_.data(), address_.size());
    }
  }
  ~SilentPeer() override {
    for (int fd : fillers_) ::close(fd);
    ::close(listener_);
  }
  base::VirtualClock clock_;
  Loop loop_{clock_};
  base::Scope scope_;
  int listener_;
  Address address_;
  std::vector<int> fillers_;
};

TEST_F(SilentPeer, IsGivenUpWhenTheTimeoutHasPassed) {
  Connecting job(&scope_);
  job.start(connect(loop_, address_, 2s));
  clock_.advance(1900ms);
  loop_.run_once(0s);
  ASSERT_TRUE(job.running());

  clock_.advance(300ms);
  loop_.run_once(0s);
  auto result = job.join().await_resume();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::timeout_connect);
  EXPECT_THAT(result.error().detail, StartsWith("connect to 127.0.0.1:"));
}

TEST_F(SilentPeer, IsGivenUpWhenTheScopeIsCancelled) {
  Connecting job(&scope_);
  job.start(connect(loop_, address_, 2s));

  job.cancel(Reason::client_closed);
  base::run_ready();
  auto result = job.join().await_resume();

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::client_closed);
}

}  // namespace
}  // namespace sluice::net::tcp_test
