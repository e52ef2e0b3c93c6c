// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_transport.h"

#include <unistd.h>

#include <cerrno>

#include "tests/unit/net/tls_pair.h"

namespace sluice::net::tls_transport_test {
namespace {

using namespace std::chrono_literals;

std::string patterned(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 2654435761u) >> 13);
  return out;
}

class TlsTransportTest : public TlsPair {
 protected:
  TlsTransportTest() {
    shake(server(), client());
    EXPECT_TRUE(near_ && far_);
  }
};

TEST_F(TlsTransportTest, MovesBytesBothWays) {
  EXPECT_EQ(write(*far_, "question").bytes, 8u);
  EXPECT_EQ(text(*near_, 8), "question");
  EXPECT_EQ(write(*near_, "answer").bytes, 6u);

  EXPECT_EQ(text(*far_, 6), "answer");
}

TEST_F(TlsTransportTest, TellsWhatTheHandshakeSettled) {
  EXPECT_EQ(near_->facts().version, "TLSv1.3");
  EXPECT_EQ(near_->facts().cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(near_->facts().sni, "localhost");
  EXPECT_EQ(near_->facts().alpn, Alpn::http_1_1);
  EXPECT_FALSE(near_->facts().resumed);
}

TEST_F(TlsTransportTest, JoinsPiecesOfAnySize) {
  std::string all = patterned(100'000);
  std::vector<iovec> pieces;
  std::size_t at = 0;
  for (std::size_t size : {1, 2, 3, 16'384, 5, 40'000, 16'383, 16'385, 0, 7}) {
    pieces.push_back(piece(std::string_view(all).substr(at, size)));
    at += size;
  }
  pieces.push_back(piece(std::string_view(all).substr(at)));

  std::size_t sent = 0;
  std::string got;
  std::vector<char> buffer(BufferPool::kBody);
  ASSERT_TRUE(until([&] {
    std::vector<iovec> rest;
    std::size_t skip = sent;
    for (const iovec& p : pieces) {
      std::size_t off = std::min(skip, p.iov_len);
      skip -= off;
      if (p.iov_len > off) rest.push_back({static_cast<char*>(p.iov_base) + off, p.iov_len - off});
    }
    if (!rest.empty()) sent += far_->try_write(rest).bytes;
    Io io = near_->try_read(buffer);
    got.append(buffer.data(), io.bytes);
    return got.size() >= all.size();
  }));
  EXPECT_EQ(sent, all.size());
  EXPECT_TRUE(got == all);
}

TEST_F(TlsTransportTest, CarriesMegabytesThroughAFullSocket) {
  std::string all = patterned(5'000'000);
  std::size_t sent = 0;
  std::string got;
  std::vector<char> buffer(BufferPool::kBody);
  std::size_t partly = 0;
  ASSERT_TRUE(until([&] {
    // Until the socket is full, and again when nobody has read: the last byte waits for the others.
    for (int i = 0; i < 3 && sent < all.size(); ++i) {
      std::size_t n = write(*near_, std::string_view(all).substr(sent)).bytes;
      partly += n > 0 && n % 16'384 != 0;
      sent += n;
    }
    Io io = far_->try_read(buffer);
    got.append(buffer.data(), io.bytes);
    return got.size() == all.size();
  }));
  EXPECT_TRUE(got == all);
  EXPECT_GT(partly, 0u);
}

TEST_F(TlsTransportTest, CountsTheLastByteAsMovedWhenAllHasLeft) {
  std::string all = patterned(1'000'000);
  std::size_t sent = 0;
  for (Io io{}; (io = write(*near_, std::string_view(all).substr(sent))).kind == Io::Kind::moved;)
    sent += io.bytes;
  ASSERT_LT(sent, all.size());

  EXPECT_EQ(write(*near_, std::string_view(all).substr(sent, 1)).kind, Io::Kind::again);
  std::string got = text(*far_, sent);
  EXPECT_TRUE(got == all.substr(0, sent));
}

TEST_F(TlsTransportTest, KeepsReadingWhatWasDecryptedAlready) {
  ASSERT_EQ(write(*far_, "abcdefghij").bytes, 10u);
  char small[4];
  ASSERT_EQ(read(*near_, small).bytes, 4u);  // the socket is empty, and will make no further event

  base::Scope scope;
  EXPECT_FALSE(near_->drained());  // takes a byte
  EXPECT_EQ(near_->try_read(small).bytes, 4u);
  EXPECT_EQ(near_->try_read(small).bytes, 1u);
  EXPECT_EQ(near_->try_read(small).kind, Io::Kind::again);
}

TEST_F(TlsTransportTest, IsDrainedWhenOnlyTicketsHaveCome) {
  ASSERT_EQ(write(*near_, "x").bytes, 1u);
  EXPECT_EQ(text(*far_, 1), "x");
  ASSERT_EQ(SSL_key_update(near_->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
  SSL_do_handshake(near_->ssl());
  loop_.run_once(20ms);

  EXPECT_TRUE(far_->drained());
}

TEST_F(TlsTransportTest, GoesOnAfterAKeyUpdateThatAsksForAnAnswer) {
  ASSERT_EQ(SSL_key_update(far_->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(write(*far_, "new keys").bytes, 8u);

  EXPECT_EQ(text(*near_, 8), "new keys");
  ASSERT_EQ(write(*near_, "mine too").bytes, 8u);
  EXPECT_EQ(text(*far_, 8), "mine too");
}

// OpenSSL would take them for as long as they come, and the loop would serve nobody else.
TEST_F(TlsTransportTest, LeavesAPeerThatSendsNothingButKeyUpdates) {
  char buffer[8];
  Io io{Io::Kind::again, 0, 0};
  for (int i = 0; i < 10'000 && io.kind == Io::Kind::again; ++i) {
    if (SSL_key_update(far_->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1) SSL_do_handshake(far_->ssl());
    loop_.run_once(0ms);
    io = near_->try_read(buffer);
  }
  EXPECT_EQ(io.kind, Io::Kind::failed);
  EXPECT_EQ(io.error, EPROTO);
}

TEST_F(TlsTransportTest, BearsKeyUpdatesBetweenBytes) {
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_EQ(SSL_key_update(far_->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(write(*far_, "x").bytes, 1u);
    ASSERT_EQ(text(*near_, 1), "x");
  }
}

TEST_F(TlsTransportTest, AnswersAKeyUpdateWhileItsOwnBytesWait) {
  std::string all = patterned(2'000'000);
  std::size_t sent = 0;
  for (Io io{}; (io = write(*near_, std::string_view(all).substr(sent))).kind == Io::Kind::moved;)
    sent += io.bytes;
  ASSERT_EQ(SSL_key_update(far_->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(write(*far_, "new keys").bytes, 8u);
  ASSERT_EQ(text(*near_, 8), "new keys");

  std::string got;
  std::vector<char> buffer(BufferPool::kBody);
  ASSERT_TRUE(until([&] {
    if (sent < all.size()) sent += write(*near_, std::string_view(all).substr(sent)).bytes;
    Io io = far_->try_read(buffer);
    got.append(buffer.data(), io.bytes);
    return got.size() == all.size();
  }));
  EXPECT_TRUE(got == all);
}

TEST_F(TlsTransportTest, EndsWithCloseNotify) {
  write(*near_, "last");
  near_->shutdown_write();
  EXPECT_EQ(text(*far_, 4), "last");

  char buffer[8];
  EXPECT_EQ(read(*far_, buffer).kind, Io::Kind::closed);
  EXPECT_TRUE(far_->hung_up());
  EXPECT_FALSE(far_->broken());
  EXPECT_EQ(write(*far_, "still").bytes, 5u);
  EXPECT_EQ(text(*near_, 5), "still");
}

TEST_F(TlsTransportTest, SaysGoodbyeWhenItIsDestroyed) {
  write(*near_, "last");
  near_.reset();
  EXPECT_EQ(text(*far_, 4), "last");

  char buffer[8];
  EXPECT_EQ(read(*far_, buffer).kind, Io::Kind::closed);
}

TEST_F(TlsTransportTest, SendsWhatWaitsBeforeTheGoodbye) {
  std::string all = patterned(1'000'000);
  std::size_t sent = 0;
  for (Io io{}; (io = write(*near_, std::string_view(all).substr(sent))).kind == Io::Kind::moved;)
    sent += io.bytes;
  near_->shutdown_write();

  std::string got = text(*far_, sent + 1);
  char buffer[8];
  EXPECT_EQ(got.size(), sent + 1);  // with the byte that was not counted
  EXPECT_EQ(read(*far_, buffer).kind, Io::Kind::closed);
}

TEST_F(TlsTransportTest, TakesAnEndWithoutCloseNotifyForAFailure) {
  write(*near_, "half");
  near_->reset_on_close();
  near_.reset();
  std::string got = text(*far_, 5);

  char buffer[8];
  Io io = read(*far_, buffer);
  EXPECT_EQ(io.kind, Io::Kind::failed);
  EXPECT_EQ(io.error, ECONNRESET);
  EXPECT_EQ(write(*far_, "more").kind, Io::Kind::failed);
}

TEST_F(TlsTransportTest, IsBrokenAsSoonAsAResetIsKnown) {
  write(*near_, "nobody reads this");
  write(*far_, "nor this");
  EXPECT_FALSE(far_->broken());

  near_.reset();  // closing with bytes unread is a reset

  EXPECT_TRUE(until([&] { return far_->broken(); }));
}

base::Task<base::Outcome> wait_to_read(Transport& t) {
  auto wait = t.readable({});
  co_return co_await wait;
}
base::Task<base::Outcome> wait_to_write(Transport& t) {
  auto wait = t.writable({});
  co_return co_await wait;
}

TEST_F(TlsTransportTest, EndsEveryWaitWhenItBreaks) {
  char buffer[8];
  write(*near_, "x");
  EXPECT_EQ(text(*far_, 1), "x");
  ASSERT_EQ(far_->try_read(buffer).kind, Io::Kind::again);
  std::string bulk = patterned(1'000'000);
  while (write(*far_, bulk).kind == Io::Kind::moved) {
  }
  base::Scope scope;
  base::Job<base::Outcome> reading(&scope), writing(&scope);
  reading.start(wait_to_read(*far_));
  writing.start(wait_to_write(*far_));
  loop_.run_once(std::chrono::milliseconds(0));
  ASSERT_TRUE(reading.running());
  ASSERT_TRUE(writing.running());

  near_->reset_on_close();
  near_.reset();  // with bytes unread

  ASSERT_TRUE(until([&] { return !reading.running() && !writing.running(); }));
  EXPECT_EQ(read(*far_, buffer).kind, Io::Kind::failed);
  EXPECT_EQ(write(*far_, "more").kind, Io::Kind::failed);
  EXPECT_TRUE(far_->broken());
}

TEST_F(TlsTransportTest, SaysNoGoodbyeAfterWhatIsNotWhole) {
  write(*near_, "half");
  near_->break_off();
  near_.reset();
  EXPECT_EQ(text(*far_, 4), "half");

  char buffer[8];
  EXPECT_EQ(read(*far_, buffer).kind, Io::Kind::failed);
}

TEST_F(TlsTransportTest, CannotBePeekedAtOrSplicedFrom) {
  char buffer[8];
  EXPECT_EQ(near_->try_peek(buffer).error, ENOSYS);
  EXPECT_FALSE(near_->can_splice());
}

TEST_F(TlsTransportTest, HoldsNoBufferWhileIdle) {
  write(*far_, "question");
  text(*near_, 8);
  std::size_t held = loop_.buffers().held();
  std::string all = patterned(300'000);
  std::size_t sent = 0;
  std::string got;
  std::vector<char> buffer(BufferPool::kBody);
  until([&] {
    if (sent < all.size()) sent += write(*near_, std::string_view(all).substr(sent)).bytes;
    got.append(buffer.data(), far_->try_read(buffer).bytes);
    return got.size() == all.size();
  });

  // What is in use counts, and what is kept for reuse; another taking is then served by the kept ones.
  std::size_t kept = loop_.buffers().held();
  auto first = loop_.buffers().body();
  EXPECT_EQ(loop_.buffers().held(), kept);
  EXPECT_GE(kept, held);
}

TEST_F(TlsTransportTest, RefusesForgedRecords) {
  int fds[2];
  pair(fds);
  auto s = server();
  base::Scope scope;
  Shaking serving(&scope);
  start(serving, fds[0], s->accept(), s);
  ASSERT_GT(::write(fds[1], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27), 0);

  ASSERT_TRUE(until([&] { return !serving.running(); }));
  auto served = serving.join().await_resume();
  EXPECT_FALSE(served.transport);
  EXPECT_EQ(served.failure.kind, TlsFailure::Kind::refused);
  EXPECT_EQ(served.failure.why, "plain HTTP where TLS is expected");
  ::close(fds[1]);
}

}  // namespace
}  // namespace sluice::net::tls_transport_test
