// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/proxy_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::net::proxy_protocol_test {
namespace {

using Kind = ProxyVerdict::Kind;
using testing::HasSubstr;

const std::string kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};

std::string two(std::size_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)}; }
std::string value(unsigned char type, const std::string& bytes) {
  return std::string(1, static_cast<char>(type)) + two(bytes.size()) + bytes;
}
std::string v2(unsigned char command, unsigned char family, const std::string& block) {
  return kSignature + static_cast<char>(command) + static_cast<char>(family) + two(block.size()) + block;
}
// From 192.0.2.1:56324 to 192.0.2.2:443.
const std::string kAddresses{"\xc0\0\2\1\xc0\0\2\2\xdc\4\1\xbb", 12};

// The header when all of it has arrived, after every shorter beginning was called incomplete.
ProxyHeader parsed(const std::string& bytes) {
  ProxyHeader header;
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(parse_proxy_header({bytes.data(), n}, header).kind, Kind::incomplete) << n << " bytes";
  auto verdict = parse_proxy_header(bytes, header);
  EXPECT_EQ(verdict.kind, Kind::complete) << verdict.fault;
  EXPECT_EQ(header.size, bytes.size());
  return header;
}

std::string fault(const std::string& bytes) {
  ProxyHeader header;
  auto verdict = parse_proxy_header(bytes, header);
  return verdict.kind == Kind::invalid      ? verdict.fault
         : verdict.kind == Kind::incomplete ? "incomplete"
                                            : "complete";
}

TEST(ProxyProtocol, ReadsIpv4AsText) {
  auto h = parsed("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n");

  EXPECT_TRUE(h.told);
  EXPECT_EQ(h.source.text(), "192.0.2.1:56324");
  EXPECT_EQ(h.destination.text(), "192.0.2.2:443");
}

TEST(ProxyProtocol, ReadsIpv6AsText) {
  auto h = parsed("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n");

  EXPECT_EQ(h.source.text(), "[2001:db8::1]:0");
  EXPECT_EQ(h.destination.text(), "[::1]:65535");
}

TEST(ProxyProtocol, TakesTheLongestLine) {
  std::string ip = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  auto h = parsed("PROXY TCP6 " + ip + " " + ip + " 65535 65535\r\n");

  EXPECT_EQ(h.size, 104u);
  EXPECT_EQ(parsed("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n").size, 107u);
}

TEST(ProxyProtocol, IsNotToldTheAddressesOfUnknown) {
  EXPECT_FALSE(parsed("PROXY UNKNOWN\r\n").told);
  EXPECT_FALSE(parsed("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n").told);
}

TEST(ProxyProtocol, EndsWhereTheHeaderEnds) {
  std::string text = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
  ProxyHeader header;

  parse_proxy_header(text + "GET / HTTP/1.1\r\n", header);
  EXPECT_EQ(header.size, text.size());
  std::string binary = v2(0x21, 0x11, kAddresses);
  parse_proxy_header(binary + binary, header);
  EXPECT_EQ(header.size, binary.size());
}

TEST(ProxyProtocol, RefusesText) {
  auto with = [](const std::string& rest) { return fault("PROXY " + rest); };

  EXPECT_EQ(with("TCP5 192.0.2.1 192.0.2.2 1 2\r\n"), "an unknown protocol");
  EXPECT_EQ(with("tcp4 192.0.2.1 192.0.2.2 1 2\r\n"), "an unknown protocol");
  EXPECT_EQ(with("UNKNOWNx\r\n"), "an unknown protocol");
  EXPECT_EQ(with("\r\n"), "an unknown protocol");
  EXPECT_EQ(with("TCP4\r\n"), "an unknown protocol");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 1\r\n"), "not four addresses and ports");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), "not four addresses and ports");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"), "not four addresses and ports");
  EXPECT_EQ(with("TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), "not four addresses and ports");
  EXPECT_EQ(with("TCP4  192.0.2.2 1 2\r\n"), "an address that is none");
  EXPECT_EQ(with("TCP4 192.0.2.256 192.0.2.2 1 2\r\n"), "an address that is none");
  EXPECT_EQ(with("TCP4 192.0.2.01 192.0.2.2 1 2\r\n"), "an address that is none");
  EXPECT_EQ(with("TCP4 ::1 ::1 1 2\r\n"), "an address that is none");
  EXPECT_EQ(with({"TCP4 192.0.2.1\0x 192.0.2.2 1 2\r\n", 32}), "an address that is none");
  EXPECT_EQ(with("TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), "an address that is none");
  EXPECT_EQ(with("TCP6 " + std::string(60, '1') + " ::1 1 2\r\n"), "an address that is none");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"), "a port that is none");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 01 2\r\n"), "a port that is none");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"), "a port that is none");
  EXPECT_EQ(with("TCP4 192.0.2.1 192.0.2.2 1 2\n"), "a line that ends without CR");
  EXPECT_EQ(with("TCP4 192.0.2.1\r 192.0.2.2 1 2\r\n"), "a CR inside the line");
  EXPECT_EQ(with("UNKNOWN " + std::string(92, 'x') + "\r\n"), "a line that does not end");
  EXPECT_EQ(with(std::string(101, 'x')), "a line that does not end");
}

TEST(ProxyProtocol, RefusesWhatIsNoHeaderAtItsFirstWrongByte) {
  for (const char* text : {"G", "GET / HTTP/1.1\r\n", "PROXX", "proxy ", "\r\n\r\n\r", "\x16\x03\x01"})
    EXPECT_EQ(fault(text), "no PROXY header") << text;
}

TEST(ProxyProtocol, ReadsIpv4AsBytes) {
  auto h = parsed(v2(0x21, 0x11, kAddresses));

  EXPECT_TRUE(h.told);
  EXPECT_EQ(h.source.text(), "192.0.2.1:56324");
  EXPECT_EQ(h.destination.text(), "192.0.2.2:443");
}

TEST(ProxyProtocol, ReadsIpv6AsBytes) {
  std::string one(15, '\0'), two_ports("\0\1\0\2", 4);
  auto h = parsed(v2(0x21, 0x21, one + '\1' + one + '\2' + two_ports));

  EXPECT_EQ(h.source.text(), "[::1]:1");
  EXPECT_EQ(h.destination.text(), "[::2]:2");
}

TEST(ProxyProtocol, CallsTheClientOfAUnixSocketUnix) {
  auto h = parsed(v2(0x21, 0x31, std::string(216, '\0')));

  EXPECT_TRUE(h.told);
  EXPECT_TRUE(h.source.is_unix());
  EXPECT_EQ(h.source.ip(), "unix");
}

TEST(ProxyProtocol, IsNotToldTheAddressesOfLocalAndUnspecified) {
  EXPECT_FALSE(parsed(v2(0x20, 0x00, "")).told);
  EXPECT_FALSE(parsed(v2(0x20, 0x11, kAddresses)).told);
  EXPECT_FALSE(parsed(v2(0x20, 0xff, "whatever")).told);
  EXPECT_FALSE(parsed(v2(0x21, 0x00, "")).told);
}

TEST(ProxyProtocol, ReadsTypeLengthValues) {
  std::string bytes =
      v2(0x21, 0x11,
         kAddresses + value(0x04, "\0\0\0") + value(0x01, "h2") + value(0x02, "api.example.com") +
             value(0x05, "id-1") + value(0x20, "facts of TLS") + value(0x30, "netns") +
             value(0xea, "\1vpce-08d2bf15fac5001c9") + value(0xee, "other") + value(0x01, "http/1.1"));
  auto h = parsed(bytes);  // which looks into them

  EXPECT_EQ(h.alpn, "h2") << "the first one counts";
  EXPECT_EQ(h.authority, "api.example.com");
  EXPECT_EQ(h.unique_id, "id-1");
  EXPECT_EQ(h.vpc_endpoint, "vpce-08d2bf15fac5001c9");
}

TEST(ProxyProtocol, ReadsTypeLengthValuesOfAnUnspecifiedFamily) {
  EXPECT_EQ(parsed(v2(0x21, 0x00, value(0x02, "a.example"))).authority, "a.example");
}

TEST(ProxyProtocol, RefusesBytes) {
  EXPECT_EQ(fault(v2(0x11, 0x11, kAddresses)), "an unknown version");
  EXPECT_EQ(fault(v2(0x22, 0x11, kAddresses)), "an unknown command");
  EXPECT_EQ(fault(v2(0x21, 0x12, kAddresses)), "an unknown family or protocol");
  EXPECT_EQ(fault(v2(0x21, 0x41, kAddresses)), "an unknown family or protocol");
  EXPECT_EQ(fault(v2(0x21, 0x11, kAddresses.substr(1))), "addresses that are cut off");
  EXPECT_EQ(fault(v2(0x21, 0x21, kAddresses)), "addresses that are cut off");
  EXPECT_EQ(fault(v2(0x21, 0x31, kAddresses)), "addresses that are cut off");
  EXPECT_EQ(fault(v2(0x21, 0x11, kAddresses + "\1")), "a type-length-value that is cut off");
  EXPECT_EQ(fault(v2(0x21, 0x11, kAddresses + value(0x01, "h2") + "\2\xff\xff")),
            "a type-length-value that is cut off");
  EXPECT_EQ(fault(v2(0x21, 0x11, kAddresses + value(0x05, std::string(129, 'x')))),
            "a unique id of more than 128 bytes");
  EXPECT_EQ(fault(kSignature + std::string("\x21\x11\x40\0", 4)), "a header that is too long");
}

TEST(ProxyProtocol, ChecksTheChecksum) {
  auto header = [](const std::string& crc) {
    return v2(0x21, 0x11, kAddresses + value(0x03, crc) + value(0x02, "a.example"));
  };
  std::uint32_t crc = crc32c(header(std::string(4, '\0')));
  std::string bytes = two(crc >> 16) + two(crc & 0xffff);

  EXPECT_EQ(parsed(header(bytes)).authority, "a.example");
  bytes[3] ^= 1;
  EXPECT_EQ(fault(header(bytes)), "a checksum that does not hold");
  EXPECT_EQ(fault(header("123")), "a checksum that is not of four bytes");
}

TEST(ProxyProtocol, KnowsTheChecksumsOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
}

TEST(ProxyProtocol, LeavesTheHeaderAloneWhenThereIsNone) {
  ProxyHeader header;
  header.size = 7;

  parse_proxy_header(std::string_view("PROXY TCP4 192.0.2.1 x y z\r\n"), header);

  EXPECT_EQ(header.size, 7u);
  EXPECT_FALSE(header.told);
}

TEST(ProxyFacts, AreTextsThatCannotBreakOut) {
  ProxyHeader header;
  header.authority = "a.example\r\nEvil: yes";
  header.unique_id = {"\0\xff\r\n", 4};
  header.vpc_endpoint = "vpce-1";
  header.alpn = "h\x80";

  ProxyFacts facts(header);

  EXPECT_EQ(facts.authority, "");
  EXPECT_EQ(facts.unique_id, "00ff0d0a");
  EXPECT_EQ(facts.vpc_endpoint, "vpce-1");
  EXPECT_EQ(facts.alpn, "");
}

TEST(ProxyProtocol, WritesWhatItReads) {
  auto from = *Address::parse("192.0.2.1", 56324), to = *Address::parse("192.0.2.2", 443);
  auto from6 = *Address::parse("2001:db8::1", 1), to6 = *Address::parse("::1", 2);

  EXPECT_EQ(write_proxy_header(ProxyVersion::v1, from, to), "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n");
  EXPECT_EQ(write_proxy_header(ProxyVersion::v2, from, to), v2(0x21, 0x11, kAddresses));
  for (auto version : {ProxyVersion::v1, ProxyVersion::v2}) {
    auto h = parsed(write_proxy_header(version, from6, to6));
    EXPECT_EQ(h.source, from6);
    EXPECT_EQ(h.destination, to6);
  }
}

TEST(ProxyProtocol, WritesMixedFamiliesAsIpv6) {
  auto from = *Address::parse("192.0.2.1", 1), to = *Address::parse("2001:db8::1", 2);

  EXPECT_EQ(write_proxy_header(ProxyVersion::v1, from, to),
            "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n");
  auto mapped = *Address::parse("::ffff:192.0.2.9", 3);
  EXPECT_EQ(write_proxy_header(ProxyVersion::v1, mapped, from), "PROXY TCP4 192.0.2.9 192.0.2.1 3 1\r\n");
}

TEST(ProxyProtocol, SaysSoWhereThereIsNothingToTell) {
  auto from = *Address::of_path("/run/x.sock"), to = *Address::parse("192.0.2.2", 443);

  EXPECT_FALSE(parsed(write_proxy_header(ProxyVersion::v1, from, to)).told);
  EXPECT_FALSE(parsed(write_proxy_header(ProxyVersion::v2, from, to)).told);
  EXPECT_FALSE(parsed(write_proxy_header(ProxyVersion::v2, to, {})).told);
}

}  // namespace
}  // namespace sluice::net::proxy_protocol_test
