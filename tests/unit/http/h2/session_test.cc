// SPDX-License-Identifier: Apache-2.0
// Session and Stream together: a client's and a server's over a connection in memory.
#include "gateway/http/h2/session.h"

#include <gtest/gtest.h>

#include <list>
#include <string>
#include <utility>

#include "gateway/base/job.h"
#include "gateway/http/h2/heads.h"
#include "gateway/http/h2/stream.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::h2::session_test {
namespace {

using base::Duration;
using base::Reason;
using std::chrono::seconds;
using test::MemoryStream;

struct TestStream final : Stream {
  using Stream::Stream;
  std::string fields;  // "name=value;" each
  std::uint32_t closed = 0xFFFF;
};

// One end: a session, the coroutines that run it, and the streams that it has seen.
struct End final : Events {
  End(Session::Side side, net::Transport& transport, net::BufferPool& pool, net::Wheel& wheel,
      std::int32_t window = 65535)
      : session(side, transport, pool, wheel, *this, seconds(30)),
        scope(nullptr),
        server(side == Session::Side::server) {
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(window)}};
    session.start(settings, 1 << 20);
    read(scope, *this);
    write(scope, *this);
  }
  ~End() {
    scope.cancel(Reason::draining);
    base::run_ready();
  }
  static base::Detached read(base::Scope& /*scope*/, End& end) {
    for (;;) {
      auto wait = end.session.transport().readable({});
      if (co_await wait != base::Outcome::ready) co_return;
      end.last = end.session.receive();
      if (end.last == Session::Received::violation || end.last == Session::Received::closed ||
          end.last == Session::Received::failed)
        co_return;
    }
  }
  static base::Detached write(base::Scope& /*scope*/, End& end) {
    auto written = co_await end.session.writer();
    end.written = written.kind;
    end.writer_ended = true;
  }
  TestStream& add(std::int32_t id) {
    auto& s = streams.emplace_back(session, Duration(seconds(30)));
    s.bind(id);
    return s;
  }
  // A request without a body.
  TestStream& request() {
    nghttp2_nv nv[] = {{reinterpret_cast<std::uint8_t*>(const_cast<char*>(":path")),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>("/")), 5, 1, 0}};
    std::int32_t id = nghttp2_submit_request(session.get(), nullptr, nv, 1, nullptr, nullptr);
    auto& s = add(id);
    session.wake();
    return s;
  }

  void on_headers(const nghttp2_frame& frame, Stream* stream) override {
    if (!stream && server) add(frame.hd.stream_id);
  }
  bool on_field(const nghttp2_frame& /*frame*/, Stream* stream, std::string_view name,
                std::string_view value) override {
    static_cast<TestStream*>(stream)->fields += std::string(name) + "=" + std::string(value) + ";";
    return true;
  }
  void on_frame(const nghttp2_frame& frame, Stream* stream) override {
    if (frame.hd.type == NGHTTP2_GOAWAY) goaway = frame.goaway.error_code;
    if (stream && frame.hd.flags & NGHTTP2_FLAG_END_STREAM &&
        (frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS))
      stream->receive_end(nullptr);
  }
  void on_data(Stream& stream, std::span<const char> bytes) override { stream.received(bytes); }
  void on_closed(Stream& stream, std::uint32_t code) override {
    static_cast<TestStream&>(stream).closed = code;
  }

  Session session;
  base::Scope scope;
  std::list<TestStream> streams;
  Session::Received last = Session::Received::all;
  net::Written::Kind written = net::Written::Kind::all;
  bool writer_ended = false;
  bool server;
  std::uint32_t goaway = 0xFFFF;
};

// A body whose pieces the test sets.
struct PiecesBody final : Body {
  base::Task<base::Result<Piece>> read(std::size_t at_most) override {
    ++reads;
    std::size_t n = std::min({at_most, piece, left});
    left -= n;
    text.assign(n, 'b');
    return base::Result<Piece>(Piece{{text.data(), n}, left == 0, left == 0 ? trailers : nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return left; }
  std::size_t left = 0, piece = 1 << 20;
  std::string text;
  const Fields* trailers = nullptr;
  int reads = 0;
};

struct SessionTest : testing::Test {
  net::Wheel wheel{base::SteadyTime{}};
  net::BufferPool pool;
  MemoryStream::Pair ends = MemoryStream::pair(wheel, 1 << 20);
  std::unique_ptr<End> server, client;
  base::Arena arena;

  void connect(std::int32_t client_window = 65535, std::int32_t server_window = 65535) {
    server = std::make_unique<End>(Session::Side::server, *ends.second, pool, wheel, server_window);
    client = std::make_unique<End>(Session::Side::client, *ends.first, pool, wheel, client_window);
    test::deliver();
  }
  static base::Detached answer(base::Scope& /*scope*/, TestStream& stream, nghttp2_session* session,
                               Body* body, std::optional<Sent>& out) {
    nghttp2_nv nv[] = {{reinterpret_cast<std::uint8_t*>(const_cast<char*>(":status")),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>("200")), 7, 3, 0}};
    auto submit = [&](const nghttp2_data_provider* source) {
      return nghttp2_submit_response(session, stream.id(), nv, 1, source) == 0;
    };
    out = co_await stream.send(submit, body, body ? body->length() : std::nullopt);
  }
  void answer(Body* body, std::optional<Sent>& out) {
    answer(server->scope, server->streams.back(), server->session.get(), body, out);
    test::deliver();
  }
  static std::size_t pull_all(TestStream& stream) {
    std::size_t n = 0;
    for (;;) {
      auto piece = stream.take(4096);
      if (!piece || !*piece) return n;
      n += (*piece)->bytes.size();
      if ((*piece)->last) return n;
    }
  }
};

TEST_F(SessionTest, CarriesARequestAndItsAnswer) {
  connect();
  auto& asked = client->request();
  test::deliver();
  ASSERT_EQ(server->streams.size(), 1u);
  EXPECT_EQ(server->streams.back().fields, ":path=/;");
  EXPECT_TRUE(server->streams.back().received_all());

  PiecesBody body;
  body.left = 1000;
  std::optional<Sent> sent;
  answer(&body, sent);

  ASSERT_TRUE(sent && *sent);
  EXPECT_EQ(asked.fields, ":status=200;");
  EXPECT_EQ(pull_all(asked), 1000u);
  EXPECT_EQ(asked.closed, 0u);
  EXPECT_EQ(server->streams.back().closed, 0u);
}

TEST_F(SessionTest, SendsNoMoreThanThePeerHasPulled) {
  connect(10'000);
  auto& asked = client->request();
  test::deliver();
  PiecesBody body;
  body.left = 100'000;
  body.piece = 4096;
  std::optional<Sent> sent;
  answer(&body, sent);

  EXPECT_FALSE(sent);
  EXPECT_GE(body.left, 100'000u - 10'000u - 4096u) << "it is read no further than the window allows";
  std::size_t got = 0;
  while (std::size_t n = pull_all(asked)) {
    got += n;
    test::deliver();
  }
  EXPECT_EQ(got, 100'000u);
  EXPECT_TRUE(sent && *sent);
}

TEST_F(SessionTest, SendsTrailersBehindTheBody) {
  connect();
  auto& asked = client->request();
  test::deliver();
  Fields trailers(arena);
  trailers.add("Grpc-Status", "0");
  trailers.add("set-cookie", "never=1");
  PiecesBody body;
  body.left = 10;
  body.trailers = &trailers;
  std::optional<Sent> sent;
  answer(&body, sent);

  EXPECT_TRUE(sent && *sent);
  EXPECT_EQ(asked.fields, ":status=200;grpc-status=0;");
  EXPECT_EQ(asked.closed, 0u);
}

TEST_F(SessionTest, SendsTrailersOfAnEmptyBody) {
  connect();
  auto& asked = client->request();
  test::deliver();
  Fields trailers(arena);
  trailers.add("grpc-status", "7");
  PiecesBody body;
  body.trailers = &trailers;
  std::optional<Sent> sent;
  answer(&body, sent);

  EXPECT_TRUE(sent && *sent);
  EXPECT_EQ(asked.fields, ":status=200;grpc-status=7;");
}

TEST_F(SessionTest, EndsNoBodyThatCouldNotBeBrokenOffAtOnce) {
  struct Broken final : Body {
    base::Task<base::Result<Piece>> read(std::size_t) override {
      if (std::exchange(begun, true)) return base::Result<Piece>(base::fail(Reason::upstream_reset));
      return base::Result<Piece>(Piece{{text.data(), text.size()}, false, nullptr});
    }
    std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
    std::string text = std::string(20, 'b');
    bool begun = false;
  };
  connect(20);
  auto& asked = client->request();
  test::deliver();
  Broken body;
  std::optional<Sent> sent;
  answer(&body, sent);
  ASSERT_TRUE(sent && sent->body);
  Fields trailers(arena);
  trailers.add("grpc-status", "14");

  EXPECT_FALSE(server->streams.back().break_off(trailers)) << "there is no room";
  EXPECT_EQ(pull_all(asked), 20u);
  test::deliver();  // now there is

  EXPECT_FALSE(server->streams.back().sent_all());
  EXPECT_FALSE(asked.received_all()) << "it would look complete";
}

TEST_F(SessionTest, FailsASendingWhoseStreamIsReset) {
  connect(1000);
  auto& asked = client->request();
  test::deliver();
  PiecesBody body;
  body.left = 100'000;
  std::optional<Sent> sent;
  answer(&body, sent);
  asked.reset(NGHTTP2_CANCEL);
  test::deliver();

  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->written.kind, net::Written::Kind::failed);
  EXPECT_EQ(server->streams.back().closed, std::uint32_t{NGHTTP2_CANCEL});
}

TEST_F(SessionTest, GivesUpAPeerThatOpensNoWindow) {
  connect(1000);
  client->request();
  test::deliver();
  PiecesBody body;
  body.left = 100'000;
  std::optional<Sent> sent;
  answer(&body, sent);
  wheel.advance(base::SteadyTime{} + seconds(40));
  test::deliver();

  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->written.kind, net::Written::Kind::timeout);
}

TEST_F(SessionTest, RefusesABodyThatIsNotAsLongAsAnnounced) {
  struct Short final : Body {
    base::Task<base::Result<Piece>> read(std::size_t) override {
      return base::Result<Piece>(Piece{{"abc", 3}, true, nullptr});
    }
    std::optional<std::uint64_t> length() const noexcept override { return 5; }
  };
  connect();
  client->request();
  test::deliver();
  Short body;
  std::optional<Sent> sent;
  answer(&body, sent);

  ASSERT_TRUE(sent && sent->body);
  EXPECT_EQ(sent->body->reason, Reason::internal);
}

TEST_F(SessionTest, HoldsNoBufferWhileNothingMoves) {
  connect();
  auto& asked = client->request();
  test::deliver();
  PiecesBody body;
  body.left = 50'000;
  std::optional<Sent> sent;
  answer(&body, sent);
  pull_all(asked);
  test::deliver();
  asked.take(1);
  auto kept = pool.held();
  net::Buffer buffers[] = {pool.head(), pool.head(), pool.body()};

  EXPECT_EQ(pool.held(), kept) << "these three lay idle in the pool";
}

TEST_F(SessionTest, SaysWhatIsNoHttp2) {
  server = std::make_unique<End>(Session::Side::server, *ends.second, pool, wheel);
  ends.first->put("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  test::deliver();

  EXPECT_EQ(server->last, Session::Received::violation);
  EXPECT_TRUE(server->writer_ended);
}

TEST_F(SessionTest, EndsWhenItIsTerminated) {
  connect();
  server->session.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  test::deliver();

  EXPECT_TRUE(server->writer_ended);
  EXPECT_TRUE(server->session.over());
  EXPECT_EQ(client->goaway, std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
}

TEST_F(SessionTest, WorksInAnyPieces) {
  ends.first->read_in_pieces({1});
  ends.second->read_in_pieces({3});
  ends.second->write_in_pieces({7});
  ends.first->stutter();
  connect();
  auto& asked = client->request();
  test::deliver();
  PiecesBody body;
  body.left = 20'000;
  std::optional<Sent> sent;
  answer(&body, sent);

  EXPECT_TRUE(sent && *sent);
  EXPECT_EQ(pull_all(asked), 20'000u);
}

}  // namespace
}  // namespace sluice::http::h2::session_test
