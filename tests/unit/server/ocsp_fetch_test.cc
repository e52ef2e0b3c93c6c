// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/ocsp_fetch.h"

#include <gmock/gmock.h>

#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "tests/support/fake_resolver.h"

namespace sluice::server::ocsp_fetch_test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using ::testing::HasSubstr;

class OcspFetch : public testing::Test {
 protected:
  // Asks a responder that answers with these bytes, or says nothing.
  std::string ask(const std::string& bytes, const FetchLimits& limits = {}) {
    std::optional<base::Result<std::string>> result;
    Tcp::socket peer(control_);
    asked_.clear();
    control_.restart();
    responder_.async_accept(peer, [&](auto e) {
      if (e) return;
      asio::async_read_until(peer, asio::dynamic_buffer(asked_), "the question",
                             [&](auto failed, std::size_t) {
                               if (!failed && !bytes.empty())
                                 asio::async_write(peer, asio::buffer(bytes), [&](auto, std::size_t) {
                                   peer.shutdown(Tcp::socket::shutdown_send, ignored_);
                                 });
                             });
    });
    auto hold = fetch_ocsp(
        control_, names_.resolver(), where(), "the question", [&](auto r) { result = std::move(r); }, limits);
    EXPECT_FALSE(result) << "later, not at once";
    for (int i = 0; i < 1000 && !result; ++i) control_.run_one_for(100ms);
    peer.close();
    responder_.cancel();
    control_.poll();
    if (!result) return "nothing";
    return *result ? "body: " + **result : (*result).error().detail;
  }
  net::OcspResponder where() {
    return *net::parse_responder("http://127.0.0.1:" + std::to_string(responder_.local_endpoint().port()) +
                                 "/ocsp");
  }

  asio::io_context control_;
  test::FakeResolver names_;
  boost::system::error_code ignored_;
  Tcp::acceptor responder_{control_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::string asked_;
};

TEST_F(OcspFetch, PostsTheQuestionAndGivesTheAnswer) {
  EXPECT_EQ(
      ask("HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 6\r\n\r\nanswer"),
      "body: answer");

  EXPECT_THAT(asked_, testing::StartsWith("POST /ocsp HTTP/1.1\r\n"));
  EXPECT_THAT(asked_, HasSubstr("Content-Type: application/ocsp-request\r\n"));
  EXPECT_THAT(asked_, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(asked_, HasSubstr("Host: 127.0.0.1:"));
}

TEST_F(OcspFetch, TakesABodyThatLastsUntilTheEnd) {
  EXPECT_EQ(ask("HTTP/1.0 200 OK\r\n\r\nanswer"), "body: answer");
}

TEST_F(OcspFetch, FollowsNoRedirect) {
  EXPECT_EQ(ask("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
            "answers with status 302");
}

TEST_F(OcspFetch, RefusesAnAnswerThatIsTooLarge) {
  std::string large(1001, 'x');
  EXPECT_THAT(ask("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + large, {.size = 1000}),
              HasSubstr("limit"));
  EXPECT_THAT(ask("HTTP/1.1 200 OK\r\n\r\n" + large, {.size = 1000}), HasSubstr("limit"));
}

TEST_F(OcspFetch, GivesASilentResponderUp) { EXPECT_EQ(ask("", {.time = 50ms}), "does not answer in time"); }

TEST_F(OcspFetch, RefusesHalfAnAnswer) {
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"),
            "does not answer properly: partial message");
}

TEST_F(OcspFetch, SaysWhyNobodyCouldBeAsked) {
  auto nobody = where();
  responder_.close();
  std::string why;
  auto hold = fetch_ocsp(control_, names_.resolver(), nobody, "q",
                         [&](auto r) { why = r ? "an answer" : r.error().detail; });
  for (int i = 0; i < 1000 && why.empty(); ++i) control_.run_one_for(100ms);

  EXPECT_EQ(why, "cannot be asked: Connection refused");
}

TEST_F(OcspFetch, IsForgottenWithItsHold) {
  bool told = false;
  auto hold =
      fetch_ocsp(control_, names_.resolver(), where(), "q", [&](auto) { told = true; }, {.time = 20ms});
  hold.reset();
  control_.run();

  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace sluice::server::ocsp_fetch_test
