// SPDX-License-Identifier: Apache-2.0
// The nameserver on the wire, without any resolver.
#include "tests/support/fake_dns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace sluice::test::fake_dns_test {
namespace {

namespace asio = boost::asio;
using Mood = FakeDns::Mood;

constexpr unsigned kA = 1, kAaaa = 28, kSrv = 33;

unsigned u16(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) * 256u + static_cast<unsigned char>(text[at + 1]);
}

// A question for x.test, as RFC 1035 section 4 has it.
std::string question(unsigned type, char id = 'a') {
  std::string out{'\0', id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 4, 't', 'e', 's', 't', 0};
  out += {'\0', static_cast<char>(type), 0, 1};
  return out;
}

class FakeDnsTest : public ::testing::Test {
 protected:
  void send(std::string_view bytes) {
    udp_.send_to(asio::buffer(bytes), {asio::ip::address_v4::loopback(), dns_.address().port()});
  }
  std::string receive() {
    std::array<char, 2048> buffer;
    return {buffer.data(), udp_.receive(asio::buffer(buffer))};
  }
  std::string ask(unsigned type) { return send(question(type)), receive(); }
  std::string ask_by_tcp(unsigned type) {
    asio::ip::tcp::socket socket(io_);
    socket.connect({asio::ip::address_v4::loopback(), dns_.address().port()});
    auto text = question(type);
    asio::write(socket, asio::buffer(std::string{'\0', static_cast<char>(text.size())} + text));
    std::array<char, 2> size;
    asio::read(socket, asio::buffer(size));
    std::string answer(u16({size.data(), 2}, 0), '\0');
    asio::read(socket, asio::buffer(answer));
    return answer;
  }
  static unsigned code(std::string_view answer) { return u16(answer, 2) & 15u; }
  static bool truncated(std::string_view answer) { return u16(answer, 2) & 0x200u; }
  static unsigned records(std::string_view answer) { return u16(answer, 6); }

  FakeDns dns_;
  asio::io_context io_;
  asio::ip::udp::socket udp_{io_, {asio::ip::address_v4::loopback(), 0}};
};

TEST_F(FakeDnsTest, SaysWhatWasWrittenDown) {
  dns_.resolves("x.test", {"10.0.0.1", "::1", "10.0.0.2"}, 7);

  auto answer = ask(kA);

  EXPECT_EQ(answer.substr(0, 2), question(kA).substr(0, 2));
  EXPECT_EQ(code(answer), 0u);
  EXPECT_EQ(records(answer), 2u);
  EXPECT_THAT(answer, ::testing::EndsWith(std::string("\0\0\0\x07\0\x04\x0a\0\0\x02", 10)));
  EXPECT_EQ(records(ask(kAaaa)), 1u);
  EXPECT_EQ(dns_.questions("x.test"), 2u);
  EXPECT_EQ(dns_.questions("y.test"), 0u);
}

TEST_F(FakeDnsTest, KnowsNoOtherName) {
  dns_.resolves("y.test", {"10.0.0.1"});

  EXPECT_EQ(code(ask(kA)), 3u);
}

TEST_F(FakeDnsTest, KnowsThePlacesOfServices) {
  dns_.places("x.test", {{.host = "a.test", .port = 8080, .priority = 1, .weight = 5}});

  EXPECT_THAT(ask(kSrv), ::testing::EndsWith(std::string("\0\x01\0\x05\x1f\x90\1a\4test\0", 14)));
}

TEST_F(FakeDnsTest, BehavesAsItIsTold) {
  dns_.resolves("x.test", {"10.0.0.1"});
  for (auto [mood, expected] : {std::pair(Mood::servfail, 2u), std::pair(Mood::refused, 5u),
                                std::pair(Mood::nxdomain, 3u), std::pair(Mood::nothing, 0u)}) {
    dns_.behaves("x.test", mood);

    auto answer = ask(kA);

    EXPECT_EQ(code(answer), expected);
    EXPECT_EQ(records(answer), 0u);
  }
  dns_.resolves("x.test", {"10.0.0.1"});
  EXPECT_EQ(records(ask(kA)), 1u) << "honest again";
}

TEST_F(FakeDnsTest, BehavesAsItIsToldForOneTypeAlone) {
  dns_.resolves("x.test", {"10.0.0.1"});
  dns_.behaves("x.test", Mood::servfail, kAaaa);

  EXPECT_EQ(code(ask(kAaaa)), 2u);
  EXPECT_EQ(code(ask(kA)), 0u);
}

TEST_F(FakeDnsTest, SaysNothingWhereItIsSilent) {
  dns_.resolves("x.test", {"10.0.0.1"});
  dns_.behaves("x.test", Mood::silent, kA);
  send(question(kA, 'a'));
  send(question(kAaaa, 'b'));

  EXPECT_EQ(receive()[1], 'b');
}

TEST_F(FakeDnsTest, SaysTheWholeOverTcpAlone) {
  dns_.resolves("x.test", {"10.0.0.1"});
  dns_.behaves("x.test", Mood::truncated);

  EXPECT_TRUE(truncated(ask(kA)));
  auto answer = ask_by_tcp(kA);
  EXPECT_FALSE(truncated(answer));
  EXPECT_EQ(records(answer), 1u);
}

TEST_F(FakeDnsTest, SaysLessThanItPromises) {
  dns_.resolves("x.test", {"10.0.0.1"});
  dns_.behaves("x.test", Mood::garbage);

  auto answer = ask(kA);

  EXPECT_EQ(records(answer), 9u);
  EXPECT_EQ(answer.size(), question(kA).size() + 11);
}

}  // namespace
}  // namespace sluice::test::fake_dns_test
