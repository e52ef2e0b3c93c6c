// SPDX-License-Identifier: Apache-2.0
// What hostile HTTP/2 clients do. Each attack is ended with GOAWAY or resets, costs no memory that grows with
// it, and leaves other clients unhurt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <functional>

#include "tests/support/gateway.h"
#include "tests/support/metrics.h"

namespace sluice::test::h2_abuse_test {
namespace {

// Allocated and in use in this process: that of the gateway, which runs in it, and of the test itself, which
// keeps what it received.
std::size_t in_use() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

struct H2Abuse : testing::Test {
  H2Abuse() {
    app.answers(200, "ok");
    good.get("/warm");
  }
  Gateway gw{
      "routes: [{name: hello, match: {path: /hello}, respond: {status: 200, body: hello}},\n"
      "         {name: app, match: {path: /**}, to: app}]",
      Downstream::h2};
  Upstream& app = gw.upstream("app");
  H2Client good = gw.h2();  // has to be served all the time

  // Sends what `burst(n)` makes, for n from 0, until the connection ends or so many have gone. Other clients
  // are served meanwhile, and memory stays flat.
  std::size_t attack(H2Client& client, std::size_t bursts,
                     const std::function<std::string(std::size_t)>& burst) {
    return attack(bursts, [&](std::size_t n) { return client.send(burst(n)); });
  }
  // The same of anything that says whether it may go on.
  std::size_t attack(std::size_t bursts, const std::function<bool(std::size_t)>& burst) {
    std::size_t sent = 0;
    std::size_t before = in_use();
    for (; sent < bursts; ++sent) {
      if (!burst(sent)) break;
      if (sent % kOften == 0) {
        EXPECT_EQ(good.get("/hello").body, "hello") << "after " << sent;
      }
    }
    EXPECT_EQ(good.get("/hello").body, "hello");
    EXPECT_TRUE(flat(before)) << "after " << sent << " bursts";
    return sent;
  }
  static constexpr std::size_t kOften = 5;          // some attacks are cut after twenty bursts
  static constexpr std::size_t kPools = 5'000'000;  // of a worker; they fill once
  // Of what was in use before an attack, however soon it was cut.
  static testing::AssertionResult flat(std::size_t before) {
    std::size_t now = in_use();
    if (now < before + kPools) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "memory grew from " << before << " to " << now << " bytes";
  }
  // It was told to calm down, or what else it did wrong, and thrown out.
  void expect_ended(H2Client& client, std::uint32_t code) {
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(client.goaway(), code);
    EXPECT_EQ(gw.h2().get("/hello").body, "hello");
  }
};

std::string repeated(std::size_t n, const std::function<std::string()>& frame) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += frame();
  return out;
}

TEST_F(H2Abuse, RapidResetIsEnded) {
  auto client = gw.h2();
  attack(client, 2000, [&](std::size_t) {
    return repeated(10, [&] {
      auto id = client.next_id();
      return h2::headers(id, h2::request("GET", "/slow"), true) + h2::reset(id, h2::kCancel);
    });
  });

  expect_ended(client, h2::kEnhanceYourCalm);
}

TEST_F(H2Abuse, RapidResetWithAnyCodeIsEnded) {
  auto client = gw.h2();
  attack(client, 2000, [&](std::size_t) {
    return repeated(10, [&] {
      auto id = client.next_id();
      return h2::headers(id, h2::request("GET", "/slow"), true) + h2::reset(id, h2::kProtocolError);
    });
  });

  expect_ended(client, h2::kEnhanceYourCalm);
}

TEST_F(H2Abuse, SomeCancelledRequestsAreNoAttack) {
  auto client = gw.h2();
  for (int i = 0; i < 1000; ++i) {
    if (i % 5 == 0) {
      auto id = client.open_get("/hello", {{"x", std::string(100, 'x')}});
      client.send(h2::reset(id, h2::kCancel));
    }
    ASSERT_EQ(client.get("/hello").body, "hello") << i;
  }
}

// CVE-2025-8671: the client makes the server reset its own streams.
struct Provocation {
  const char* name;
  std::string (*frame)(std::uint32_t id);
  std::vector<Line> more = {};  // in the head before it
};

class MadeYouReset : public H2Abuse, public testing::WithParamInterface<Provocation> {};

TEST_P(MadeYouReset, IsEnded) {
  auto client = gw.h2();
  attack(client, 2000, [&](std::size_t) {
    auto id = client.next_id();
    return h2::headers(id, h2::request("POST", "/slow", GetParam().more), false) + GetParam().frame(id);
  });

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(gw.h2().get("/hello").body, "hello");
}

INSTANTIATE_TEST_SUITE_P(
    ByAnyFrame, MadeYouReset,
    testing::Values(
        Provocation{"zero_increment", [](std::uint32_t id) { return h2::window_update(id, 0); }},
        Provocation{"window_overflow", [](std::uint32_t id) { return h2::window_update(id, 0x7FFFFFFF); }},
        Provocation{"data_after_the_end",
                    [](std::uint32_t id) { return h2::data(id, "a", true) + h2::data(id, "b", true); }},
        Provocation{
            "headers_after_the_end",
            [](std::uint32_t id) { return h2::data(id, "a", true) + h2::headers(id, {{"x", "y"}}, true); }},
        Provocation{"trailers_that_go_on",
                    [](std::uint32_t id) { return h2::headers(id, {{"x", "y"}}, false); }},
        Provocation{"pseudo_trailers",
                    [](std::uint32_t id) { return h2::headers(id, {{":path", "/"}}, true); }},
        Provocation{"priority_of_a_bad_length",
                    [](std::uint32_t id) { return h2::frame(h2::kPriority, 0, id, "abc"); }},
        Provocation{"a_body_longer_than_its_length",
                    [](std::uint32_t id) { return h2::data(id, "abc", true); },
                    {{"content-length", "2"}}},
        Provocation{"a_body_shorter_than_its_length",
                    [](std::uint32_t id) { return h2::data(id, "abc", true); },
                    {{"content-length", "4"}}}),
    [](const auto& p) { return p.param.name; });

struct Malformed {
  const char* name;
  std::vector<Line> lines;
};

class H2Malformed : public H2Abuse, public testing::WithParamInterface<Malformed> {};

TEST_P(H2Malformed, RequestsAreCountedAndReachNobody) {
  auto count = app.request_count();
  auto client = gw.h2();
  attack(client, 2000, [&](std::size_t) { return h2::headers(client.next_id(), GetParam().lines, true); });

  expect_ended(client, h2::kEnhanceYourCalm);
  EXPECT_EQ(app.request_count(), count);
}

INSTANTIATE_TEST_SUITE_P(
    ByAnyRule, H2Malformed,
    testing::Values(
        Malformed{"capital_letters", h2::request("GET", "/x", {{"Upper", "case"}})},
        Malformed{"line_ends", h2::request("GET", "/x", {{"a", "b\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"}})},
        Malformed{"a_zero_byte", h2::request("GET", "/x", {{"a", std::string("b\0c", 3)}})},
        Malformed{"line_ends_in_the_path", h2::request("GET", "/x HTTP/1.1\r\nHost: a\r\n\r\nGET /evil")},
        Malformed{"a_late_pseudo_header", h2::request("GET", "/x", {{"a", "b"}, {":path", "/evil"}})},
        Malformed{"an_unknown_pseudo_header", h2::request("GET", "/x", {{":evil", "b"}})},
        Malformed{"two_authorities", h2::request("GET", "/x", {{"host", "other.example"}})},
        Malformed{"connection", h2::request("GET", "/x", {{"connection", "x-forwarded-for"}})},
        Malformed{"transfer_encoding", h2::request("GET", "/x", {{"transfer-encoding", "chunked"}})}),
    [](const auto& p) { return p.param.name; });

struct Flood {
  const char* name;
  std::string (*frame)();
};

class H2Flood : public H2Abuse, public testing::WithParamInterface<Flood> {};

TEST_P(H2Flood, IsEnded) {
  auto client = gw.h2();
  auto burst = repeated(100, GetParam().frame);
  auto sent = attack(client, 20'000, [&](std::size_t) { return burst; });

  EXPECT_LT(sent, 20'000u);
  expect_ended(client, h2::kEnhanceYourCalm);
}

INSTANTIATE_TEST_SUITE_P(
    OfFramesThatAskForNothing, H2Flood,
    testing::Values(Flood{"ping", [] { return h2::ping(); }},
                    Flood{"ping_acks", [] { return h2::ping("abcdefgh", true); }},
                    Flood{"settings", [] { return h2::settings(); }},
                    Flood{"settings_with_entries", [] { return h2::settings(h2::setting(4, 65535)); }},
                    Flood{"priority", [] { return h2::frame(h2::kPriority, 0, 1, h2::number(0, 4) + "a"); }},
                    Flood{"window_update", [] { return h2::window_update(0, 1); }},
                    Flood{"unknown_frames", [] { return h2::frame(0xBE, 0, 0, std::string(100, 'x')); }}),
    [](const auto& p) { return p.param.name; });

TEST_F(H2Abuse, AFloodOfEmptyDataIsEnded) {
  auto client = gw.h2();
  auto id = client.open(h2::request("POST", "/slow"), false);
  auto burst = repeated(100, [&] { return h2::data(id, "", false); });
  auto sent = attack(client, 20'000, [&](std::size_t) { return burst; });

  EXPECT_LT(sent, 20'000u);
  expect_ended(client, h2::kEnhanceYourCalm);
}

TEST_F(H2Abuse, AFloodOfWindowUpdatesForAStreamIsEnded) {
  auto client = gw.h2();
  auto id = client.open(h2::request("POST", "/slow"), false);
  auto burst = repeated(100, [&] { return h2::window_update(id, 1); });
  auto sent = attack(client, 20'000, [&](std::size_t) { return burst; });

  EXPECT_LT(sent, 20'000u);
  expect_ended(client, h2::kEnhanceYourCalm);
}

// Each is cut early: what one leaves behind shows in many.
TEST_F(H2Abuse, ManyAttacksCostNothingThatStays) {
  using Frames = std::string (*)(H2Client&);
  const Frames attacks[] = {
      [](H2Client& client) {
        auto id = client.next_id();
        return h2::headers(id, h2::request("GET", "/hello"), true) + h2::reset(id, h2::kCancel);
      },
      [](H2Client& client) {
        return h2::headers(client.next_id(), h2::request("GET", "/hello", {{"Upper", "case"}}), true);
      },
      [](H2Client&) { return h2::ping(); }};
  auto all = [&] {
    for (auto frames : attacks) {
      auto client = gw.h2();
      for (int n = 0; n < 100 && client.send(repeated(100, [&] { return frames(client); })); ++n) {
      }
      EXPECT_TRUE(client.ended());
    }
    EXPECT_EQ(good.get("/hello").body, "hello");
  };

  for (int i = 0; i < 3; ++i) all();  // with what is kept to be used again
  std::size_t before = in_use();
  for (int i = 0; i < 20; ++i) all();

  EXPECT_LT(in_use(), before + 2'000'000);
}

TEST_F(H2Abuse, AFloodThatIsNotReadIsEnded) {
  auto client = gw.h2();
  auto burst = repeated(100, [&] { return h2::ping(); });
  std::size_t before = in_use();
  std::size_t bytes = 0;
  while (bytes < 50'000'000) {
    auto n = client.send_some(burst);
    if (n == 0) break;
    bytes += n;
  }

  EXPECT_LT(bytes, 50'000'000u);
  EXPECT_TRUE(flat(before)) << "after " << bytes << " bytes";
  EXPECT_EQ(gw.h2().get("/hello").body, "hello");
}

TEST_F(H2Abuse, AHeadThatNeverEndsIsEnded) {
  auto client = gw.h2();
  std::string line = h2::block({{"a", std::string(1000, 'x')}});
  client.send(h2::frame(h2::kHeaders, 0, client.next_id(), h2::block(h2::request("GET", "/hello"))));
  auto sent = attack(client, 20'000, [&](std::size_t) { return h2::frame(h2::kContinuation, 0, 1, line); });

  EXPECT_LT(sent, 20'000u);
  EXPECT_TRUE(client.ended());
}

TEST_F(H2Abuse, EmptyContinuationsAreEnded) {
  auto client = gw.h2();
  client.send(h2::frame(h2::kHeaders, 0, client.next_id(), h2::block(h2::request("GET", "/hello"))));
  auto burst = repeated(100, [] { return h2::frame(h2::kContinuation, 0, 1, ""); });
  auto sent = attack(client, 20'000, [&](std::size_t) { return burst; });

  EXPECT_LT(sent, 20'000u);
  EXPECT_TRUE(client.ended());
}

TEST_F(H2Abuse, AnHpackBombDoesNotExplode) {
  auto client = gw.h2();
  ASSERT_TRUE(client.alive());
  // A line of 4000 bytes put into the dynamic table, and then named 16000 times by one byte each: 64 MB.
  std::string value(3900, 'x');
  std::string insert = std::string("\x40\x01", 2) + "a" + "\x7f" +
                       std::string(1, static_cast<char>((3900 - 127) % 128 + 128)) +
                       std::string(1, static_cast<char>((3900 - 127) / 128)) + value;
  std::size_t before = in_use();
  for (int i = 0; i < 20; ++i) {
    std::uint32_t id = client.next_id();
    std::string bomb =
        h2::block(h2::request("GET", "/hello")) + insert + std::string(12'000, static_cast<char>(0xBE));
    client.send(h2::frame(h2::kHeaders, h2::kEndStream | h2::kEndHeaders, id, bomb));
    auto& stream = client.finish(id);
    EXPECT_TRUE(stream.reset.has_value());
  }

  EXPECT_LT(in_use(), before + 1'000'000);
  EXPECT_EQ(good.get("/hello").body, "hello");
}

TEST_F(H2Abuse, ASlowReaderCostsLittle) {
  static const std::string body(5'000'000, 'x');
  for (int i = 0; i < 100; ++i)
    app.script().expect_request().then([](UpstreamConnection& c) {
      c.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
      c.send(body);
    });
  auto client = gw.h2(h2::setting(4, 0));  // no window for any stream
  client.open_windows = false;
  ASSERT_TRUE(client.alive());
  std::size_t before = in_use();
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(client.open_get("/large"));
  for (auto id : ids)
    ASSERT_TRUE(client.read_until([&] { return client.stream(id).response.status == 200; }));

  EXPECT_LT(in_use(), before + 100 * 64'000u) << "what the client does not take, nobody holds";
  EXPECT_EQ(good.get("/hello").body, "hello");
}

// So many streams are allowed: what counts is what each of them holds, and that nothing is left of them.
TEST_F(H2Abuse, ThousandsOfStreamsWithoutAWindowCostLittleEach) {
  constexpr std::size_t kClients = 60, kStreams = 100;
  std::size_t after_first = 0;
  for (int round = 0; round < 2; ++round) {
    std::vector<H2Client> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.push_back(gw.h2(h2::setting(4, 0)));
      ASSERT_TRUE(clients.back().alive());
    }
    std::size_t before = in_use();
    for (auto& client : clients) {
      std::string heads;
      for (std::size_t i = 0; i < kStreams; ++i)
        heads += h2::headers(client.next_id(), h2::request("GET", "/hello"), true);
      client.send(heads);
      EXPECT_EQ(good.get("/hello").body, "hello");
    }
    for (auto& client : clients) ASSERT_TRUE(client.alive());

    // With what the test keeps of each answer.
    EXPECT_LT(in_use(), before + kClients * kStreams * 12'000);
    EXPECT_EQ(good.get("/app").body, "ok");
    EXPECT_EQ(gw.h2().get("/hello").body, "hello");

    Metrics now(gw);
    clients.clear();
    EXPECT_TRUE(now.becomes(1, "sluice_connections", {{"protocol", "h2"}}));
    EXPECT_EQ(good.get("/hello").body, "hello");
    if (round == 0) after_first = in_use();
  }
  EXPECT_LT(in_use(), after_first + 2'000'000);
}

TEST_F(H2Abuse, AReaderOfNothingIsGivenUp) {
  Gateway quick(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2], timeouts: {write: 200ms}}}\n"
      "routes: [{name: r, match: {path: /**}, respond: {status: 200, body: hello}}]");
  H2Client client(quick.port(), h2::setting(4, 0));
  auto& stream = client.finish(client.open_get("/"));

  EXPECT_EQ(stream.reset, std::uint32_t{h2::kCancel});
  EXPECT_THAT(quick.log_line(), testing::HasSubstr(R"("reason":"client_write_timeout")"));
  EXPECT_TRUE(client.alive());
}

TEST_F(H2Abuse, AnUploadThatStopsIsGivenUp) {
  Gateway quick(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2], timeouts: {body: 200ms}}}\n"
      "routes: [{name: app, match: {path: /**}, to: app}]");
  H2Client client(quick.port());
  auto id = client.open(h2::request("POST", "/"), false);
  client.send(h2::data(id, "abc", false));

  EXPECT_EQ(client.response(id).status, 408);
}

TEST_F(H2Abuse, AHeadThatStopsIsGivenUp) {
  Gateway quick(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2], timeouts: {head: 200ms}}}\n"
      "routes: [{name: app, match: {path: /**}, to: app}]");
  H2Client silent(quick.port(), {}, false);
  H2Client client(quick.port());
  client.send(h2::frame(h2::kHeaders, 0, 1, h2::block(h2::request("GET", "/"))));

  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(silent.ended());
}

// Answers that nobody reads, uploads and heads that stop in the middle.
TEST_F(H2Abuse, WhatIsGivenUpCostsNothingThatStays) {
  Gateway quick(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2],\n"
      "                  timeouts: {write: 200ms, body: 200ms, head: 200ms}}}\n"
      "routes: [{name: hello, match: {path: /hello}, respond: {status: 200, body: hello}},\n"
      "         {name: app, match: {path: /**}, to: app}]");
  H2Client other(quick.port());
  auto give_up = [&] {
    H2Client reader(quick.port(), h2::setting(4, 0)), uploader(quick.port());
    std::vector<std::uint32_t> unread, stopped;
    std::vector<H2Client> heads;
    for (int i = 0; i < 20; ++i) {
      unread.push_back(reader.open_get("/hello"));
      stopped.push_back(uploader.open(h2::request("POST", "/upload"), false));
      uploader.send(h2::data(stopped.back(), "abc", false));
      heads.emplace_back(quick.port());
      heads.back().send(h2::frame(h2::kHeaders, 0, 1, h2::block(h2::request("GET", "/hello"))));
    }
    EXPECT_EQ(other.get("/hello").body, "hello");
    for (auto id : unread) EXPECT_EQ(reader.finish(id).reset, std::uint32_t{h2::kCancel});
    for (auto id : stopped) EXPECT_EQ(uploader.response(id).status, 408);
    for (auto& client : heads) EXPECT_TRUE(client.ended());
    EXPECT_EQ(other.get("/hello").body, "hello");
  };

  give_up();  // with what is kept to be used again
  std::size_t before = in_use();
  for (int i = 0; i < 3; ++i) give_up();

  EXPECT_TRUE(flat(before));
}

TEST_F(H2Abuse, AHeadThatWasRefusedInTheMiddleIsNotWaitedFor) {
  Gateway quick(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2], timeouts: {head: 1s}}}\n"
      "routes: [{name: app, match: {path: /**}, to: app}]");
  H2Client client(quick.port());
  auto waiting = client.open_get("/");
  auto target = quick.upstream("app").accept();
  target.expect_request();
  auto refused = client.open_get("/", std::vector<Line>(5, Line{"a", std::string(16'000, 'x')}));
  EXPECT_TRUE(client.finish(refused).reset.has_value());
  // Once this one has been given up, so long has passed.
  EXPECT_TRUE(H2Client(quick.port(), {}, false).ended());
  target.send(ok("still here"));

  EXPECT_EQ(client.response(waiting).body, "still here");
}

TEST_F(H2Abuse, IdleConnectionsAreClosed) {
  Gateway quick(
      "listeners: {web: {bind: '127.0.0.1:0', protocols: [h2], timeouts: {keep_alive: 1s}}}\n"
      "routes: [{name: r, match: {path: /**}, respond: {status: 200, body: hello}}]");
  H2Client client(quick.port());
  EXPECT_EQ(client.get("/").body, "hello");

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.goaway(), std::uint32_t{h2::kNoError});
}

TEST_F(H2Abuse, BodiesThatContradictTheirLengthAreReset) {
  for (auto [length, bytes] : {std::pair("2", "abc"), std::pair("4", "abc")}) {
    auto client = gw.h2();
    auto id = client.open(h2::request("POST", "/x", {{"content-length", length}}), false);
    client.send(h2::data(id, bytes, true));

    EXPECT_EQ(client.finish(id).reset, std::uint32_t{h2::kProtocolError}) << length;
    EXPECT_TRUE(client.alive());
  }
}

TEST_F(H2Abuse, NothingIsSmuggledIntoHttp1) {
  auto count = app.request_count();
  const std::vector<Line> attempts[] = {
      h2::request("GET", "/x", {{"a", "b\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n"}}),
      h2::request("GET", "/x HTTP/1.1\r\nHost: a\r\n\r\nGET /evil", {}),
      h2::request("GET /evil HTTP/1.1\r\nHost: a\r\n\r\nGET", "/x", {}),
      h2::request("GET", "/x", {{"a\r\nb", "c"}}),
      h2::request("POST", "/x", {{"transfer-encoding", "chunked"}}),
      h2::request("POST", "/x", {{"content-length", "0"}, {"content-length", "10"}}),
      h2::request("GET", "/x", {{"host", "other.example"}}),
      h2::request("GET", "/x", {{"connection", "x-forwarded-for"}}),
      h2::request("GET", "/x", {{"content_length", "10"}}),
  };
  for (const auto& lines : attempts) {
    auto client = gw.h2();
    auto& stream = client.finish(client.open(lines));
    EXPECT_TRUE(stream.reset || stream.response.status == 400) << testing::PrintToString(lines[0].value);
  }

  EXPECT_EQ(app.request_count(), count);
}

TEST_F(H2Abuse, AMalformedRequestIsToldAndReset) {
  auto client = gw.h2();
  auto& stream = client.finish(client.open(h2::request("GET", "/x", {{"Upper", "case"}})));

  EXPECT_EQ(stream.reset, std::uint32_t{h2::kProtocolError});
  EXPECT_EQ(stream.response.status, 400);
  EXPECT_THAT(stream.response.body, testing::HasSubstr("capital letters"));
  EXPECT_EQ(client.get("/hello").body, "hello");
}

TEST_F(H2Abuse, TheCompressionStateIsGuarded) {
  auto client = gw.h2();
  client.send(h2::frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, client.next_id(),
                        "\xff\xff\xff\xff\xff\xff"));

  EXPECT_TRUE(client.ended());
  EXPECT_EQ(client.goaway(), std::uint32_t{h2::kCompressionError});
}

TEST_F(H2Abuse, BrokenCompressionStatesCostNothingThatStays) {
  auto broken = [&](std::size_t) {
    auto client = gw.h2();
    client.send(h2::frame(h2::kHeaders, h2::kEndHeaders | h2::kEndStream, client.next_id(),
                          "\xff\xff\xff\xff\xff\xff"));
    return client.ended();
  };

  EXPECT_EQ(attack(500, broken), 500u);
}

}  // namespace
}  // namespace sluice::test::h2_abuse_test
