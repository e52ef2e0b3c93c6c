// SPDX-License-Identifier: Apache-2.0
// That the clients work is for the tests of pools and probes to see.
#include "gateway/upstream/speak.h"

#include <gtest/gtest.h>

namespace sluice::upstream::speak_test {
namespace {

using observe::Protocol;

std::string spoken(bool tls, ProtocolChoice choice, net::Alpn alpn) {
  TargetUrl url{"orders", 80};
  url.tls = tls;
  auto target = Target::make(std::make_shared<TargetGroup>(), url, std::make_shared<const WorkerLoops>());
  Dialled dialled{nullptr, {}, alpn, nullptr};
  auto protocol = spoken_on(*target, choice, dialled);
  if (!protocol) return std::string(base::row(protocol.error().reason).name);
  return std::string(observe::name(*protocol));
}

TEST(Speak, SpeaksWhatTheSettingsSayWithoutTls) {
  EXPECT_EQ(spoken(false, ProtocolChoice::automatic, net::Alpn::none), "h1");
  EXPECT_EQ(spoken(false, ProtocolChoice::h1, net::Alpn::none), "h1");
  EXPECT_EQ(spoken(false, ProtocolChoice::h2, net::Alpn::none), "h2");
}

TEST(Speak, SpeaksWhatTheTargetHasChosenOverTls) {
  EXPECT_EQ(spoken(true, ProtocolChoice::automatic, net::Alpn::none), "h1");
  EXPECT_EQ(spoken(true, ProtocolChoice::automatic, net::Alpn::http_1_1), "h1");
  EXPECT_EQ(spoken(true, ProtocolChoice::automatic, net::Alpn::h2), "h2");
}

TEST(Speak, FailsWhereHttp2IsAskedForAndNotChosen) {
  EXPECT_EQ(spoken(true, ProtocolChoice::h2, net::Alpn::h2), "h2");
  EXPECT_EQ(spoken(true, ProtocolChoice::h2, net::Alpn::http_1_1), "upstream_tls");
}

}  // namespace
}  // namespace sluice::upstream::speak_test
