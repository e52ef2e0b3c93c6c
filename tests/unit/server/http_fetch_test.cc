// SPDX-License-Identifier: Apache-2.0
// What HTTP has to do with it is tested with ocsp_fetch; here is what that does not use: GET, the fields of
// the answer, TLS.
#include "gateway/server/http_fetch.h"

#include <gmock/gmock.h>

#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "tests/support/certificates.h"
#include "tests/support/fake_resolver.h"

namespace sluice::server::http_fetch_test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using Tcp = asio::ip::tcp;
using ::testing::HasSubstr;

class HttpFetch : public testing::Test {
 protected:
  HttpFetch() { names_.lookup().resolves("localhost", {"127.0.0.1"}); }
  FetchRequest request(bool tls = false) const {
    FetchRequest out;
    out.tls = tls;
    out.host = tls ? "localhost" : "127.0.0.1";
    out.port = std::to_string(server_.local_endpoint().port());
    out.target = "/keys?v=2";
    out.accept = "application/json";
    return out;
  }
  // The result of asking a server that answers with these bytes.
  template <class Stream>
  std::string ask(FetchRequest what, Stream& peer, const std::string& bytes) {
    std::optional<base::Result<Fetched>> result;
    control_.restart();
    asked_.clear();
    auto answer = [&](auto failed, auto...) {
      if (failed) return;
      asio::async_read_until(peer, asio::dynamic_buffer(asked_), "\r\n\r\n", [&](auto e, std::size_t) {
        if (!e) asio::async_write(peer, asio::buffer(bytes), [](auto, std::size_t) {});
      });
    };
    server_.async_accept(peer.lowest_layer(), [&](auto e) {
      if (e) return;
      if constexpr (requires { peer.async_handshake(ssl::stream_base::server, answer); }) {
        peer.async_handshake(ssl::stream_base::server, answer);
      } else {
        answer(e);
      }
    });
    auto hold =
        fetch_http(control_, names_.resolver(), std::move(what), [&](auto r) { result = std::move(r); });
    names_.answer();
    EXPECT_FALSE(result) << "later, not at once";
    for (int i = 0; i < 1000 && !result; ++i) control_.run_one_for(100ms);
    peer.lowest_layer().close();
    server_.cancel();
    control_.poll();
    if (!result) return "nothing";
    return *result ? (*result)->body + "|" + (*result)->cache_control + "|" + (*result)->age
                   : (*result).error().detail;
  }
  std::string ask_tls(FetchRequest what, const test::Issued& certificate, const std::string& bytes) {
    ssl::context context(ssl::context::tls_server);
    context.use_certificate_chain(asio::buffer(certificate.certificate));
    context.use_private_key(asio::buffer(certificate.key), ssl::context::pem);
    ssl::stream<Tcp::socket> peer(control_, context);
    return ask(std::move(what), peer, bytes);
  }

  const std::string good_ =
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=300\r\nAge: 7\r\nContent-Length: 2\r\n\r\n{}";
  asio::io_context control_;
  test::FakeResolver names_;
  Tcp::acceptor server_{control_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::string asked_;
};

TEST_F(HttpFetch, GetsADocumentAndWhatIsSaidOfItsAge) {
  Tcp::socket peer(control_);

  EXPECT_EQ(ask(request(), peer, good_), "{}|max-age=300|7");

  EXPECT_THAT(asked_, testing::StartsWith("GET /keys?v=2 HTTP/1.1\r\n"));
  EXPECT_THAT(asked_, HasSubstr("Accept: application/json\r\n"));
  EXPECT_THAT(asked_, Not(HasSubstr("Content-")));
}

TEST_F(HttpFetch, RefusesFieldsThatAreTooLong) {
  auto what = request();
  what.fields = {{"Authorization", "Bearer " + std::string(70'000, 'x')}};
  Tcp::socket peer(control_);

  EXPECT_EQ(ask(what, peer, good_), "cannot be asked: a header field of the request is longer than 64 KiB");
}

TEST_F(HttpFetch, LooksItsServerUpAsTargetsAreLookedUp) {
  names_.lookup().resolves("idp.example", {"127.0.0.1"});
  auto what = request();
  what.host = "idp.example";
  Tcp::socket peer(control_);

  EXPECT_EQ(ask(what, peer, good_), "{}|max-age=300|7");
  EXPECT_THAT(names_.lookup().questions(), testing::ElementsAre("idp.example"));
}

TEST_F(HttpFetch, TriesEveryAddressOfItsServer) {
  names_.lookup().resolves("idp.example", {"127.0.0.2", "127.0.0.1"});
  auto what = request();
  what.host = "idp.example";
  Tcp::socket peer(control_);

  EXPECT_EQ(ask(what, peer, good_), "{}|max-age=300|7");
}

TEST_F(HttpFetch, SaysWhyItsServerHasNoAddress) {
  names_.lookup().fails("idp.example", "the nameserver is down");
  auto what = request();
  what.host = "idp.example";
  Tcp::socket peer(control_);

  EXPECT_EQ(ask(what, peer, good_), "cannot be asked: the nameserver is down");
}

TEST_F(HttpFetch, IsForgottenWhileItsServerIsLookedUp) {
  auto what = request();
  what.host = "idp.example";
  bool told = false;
  auto hold = fetch_http(control_, names_.resolver(), what, [&](auto) { told = true; });

  hold.reset();
  names_.answer();
  control_.restart();
  control_.poll();

  EXPECT_FALSE(told);
}

TEST_F(HttpFetch, BelievesAServerOfTheAuthority) {
  test::Authority authority;
  auto what = request(true);
  what.ca = authority.certificate();

  EXPECT_EQ(ask_tls(what, authority.issue(), good_), "{}|max-age=300|7");
}

TEST_F(HttpFetch, BelievesNoServerOfAnotherAuthorityOrName) {
  test::Authority authority, other;
  auto what = request(true);
  what.ca = authority.certificate();

  EXPECT_THAT(ask_tls(what, other.issue(), good_), HasSubstr("cannot be trusted"));
  EXPECT_THAT(ask_tls(what, authority.issue({.names = {"elsewhere.example"}}), good_),
              HasSubstr("cannot be trusted"));
  what.ca.clear();
  EXPECT_THAT(ask_tls(what, authority.issue(), good_), HasSubstr("cannot be trusted"));
}

TEST_F(HttpFetch, SaysWhenItsAuthoritiesCannotBeRead) {
  auto what = request(true);
  what.ca = "no certificate";

  EXPECT_THAT(ask_tls(what, test::Authority().issue(), good_), HasSubstr("cannot be asked"));
}

}  // namespace
}  // namespace sluice::server::http_fetch_test
