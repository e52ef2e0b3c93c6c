// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/stream.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/net/listen.h"

namespace sluice::http::stream_test {
namespace {

TEST(ConnectionFacts, KnowWhomTheClientConnectedTo) {
  ConnectionFacts facts;
  EXPECT_EQ(facts.destination(), net::Address());

  facts.socket = *net::listen(*net::Address::parse("127.0.0.1", 0), 1);
  EXPECT_EQ(facts.destination(), net::bound_to(facts.socket));
  ::close(facts.socket);
}

TEST(ConnectionFacts, BelieveAProxyThatTells) {
  ConnectionFacts facts;
  facts.socket = *net::listen(*net::Address::parse("127.0.0.1", 0), 1);
  net::ProxyHeader header;
  header.authority = "a.example";
  net::ProxyFacts untold(header);
  facts.proxy = &untold;
  EXPECT_EQ(facts.destination(), net::bound_to(facts.socket));

  header.destination = *net::Address::parse("192.0.2.2", 443);
  net::ProxyFacts told(header);
  facts.proxy = &told;
  EXPECT_EQ(facts.destination().text(), "192.0.2.2:443");
  ::close(facts.socket);
}

}  // namespace
}  // namespace sluice::http::stream_test
