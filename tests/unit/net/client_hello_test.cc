// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/client_hello.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::net::client_hello_test {
namespace {

using Kind = HelloVerdict::Kind;

std::string number(std::size_t n, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(n >> (8 * i) & 0xff);
  return out;
}
std::string counted(const std::string& bytes, int width) { return number(bytes.size(), width) + bytes; }
std::string extension(std::size_t type, const std::string& bytes) {
  return number(type, 2) + counted(bytes, 2);
}
std::string server_name(const std::string& name) {
  return extension(0, counted(std::string(1, '\0') + counted(name, 2), 2));
}

// The message, without records.
std::string hello(const std::string& extensions, const std::string& suites = "\x13\x01") {
  std::string body = "\x03\x03" + std::string(32, 'r') + counted(std::string(32, 's'), 1) +
                     counted(suites, 2) + counted(std::string(1, '\0'), 1) + extensions;
  return "\x01" + counted(body, 3);
}
std::string with(const std::string& extensions) { return hello(counted(extensions, 2)); }
// In records of at most `size` bytes.
std::string records(const std::string& message, std::size_t size = 16384) {
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += size)
    out += "\x16\x03\x01" + counted(message.substr(at, size), 2);
  return out;
}

// The name, after every shorter beginning was called incomplete.
std::string name_of(const std::string& bytes) {
  ClientHello out;
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(parse_client_hello({bytes.data(), n}, out).kind, Kind::incomplete) << n << " bytes";
  auto verdict = parse_client_hello(bytes, out);
  EXPECT_EQ(verdict.kind, Kind::complete) << verdict.fault;
  return out.server_name;
}

std::string fault(const std::string& bytes) {
  ClientHello out;
  auto verdict = parse_client_hello(bytes, out);
  return verdict.kind == Kind::invalid      ? verdict.fault
         : verdict.kind == Kind::incomplete ? "incomplete"
                                            : "complete";
}

TEST(ClientHello, IsToldFromTheMethodOfAPlainRequest) {
  for (const char* first : {"GET / HTTP/1.1", "PUT ", "DELETE", "PRI * HTTP/2.0"})
    EXPECT_TRUE(looks_like_http(first)) << first;
  for (const char* first :
       {"", "GET", "get / HTTP/1.1", "\x16\x03\x01\x02", "\x80\x2e\x01", "SSH-2.0", "A B"})
    EXPECT_FALSE(looks_like_http(first)) << first;
}

TEST(ClientHello, TellsTheServersNameInLowerCase) {
  EXPECT_EQ(name_of(records(with(extension(43, "x") + server_name("API.example.com") + extension(16, "")))),
            "api.example.com");
}

TEST(ClientHello, MayComeInManyRecords) {
  auto message = with(server_name("api.example.com"));

  for (std::size_t size : {1, 3, 7, 60})
    EXPECT_EQ(name_of(records(message, size)), "api.example.com") << size;
}

TEST(ClientHello, MayBeLong) {
  EXPECT_EQ(name_of(records(with(extension(51, std::string(4000, 'k')) + server_name("a.example")))),
            "a.example");
}

TEST(ClientHello, NeedNotNameAServer) {
  EXPECT_EQ(name_of(records(with(extension(43, "x")))), "");
  EXPECT_EQ(name_of(records(with(""))), "");
  EXPECT_EQ(name_of(records(hello(""))), "");
}

TEST(ClientHello, EndsBeforeWhatFollows) {
  ClientHello out;
  auto message = with(server_name("a.example"));

  EXPECT_EQ(parse_client_hello(records(message) + "\x14\x03\x03", out).kind, Kind::complete);
  EXPECT_EQ(out.server_name, "a.example");
  EXPECT_EQ(parse_client_hello(records(message + "more of the record"), out).kind, Kind::complete);
}

TEST(ClientHello, IsNotWhatElseMayArrive) {
  EXPECT_EQ(fault("G"), "no TLS handshake");
  EXPECT_EQ(fault("\x15\x03\x01\x00\x02\x02\x28"), "no TLS handshake");
  EXPECT_EQ(fault("\x16\x02"), "no TLS handshake");
  EXPECT_EQ(fault(std::string("\x80\x2e\x01\x03\x01", 5)), "no TLS handshake") << "version 2 of SSL";
  EXPECT_EQ(fault(records("\x02" + counted("server hello", 3))), "no client hello");
}

TEST(ClientHello, HasRecordsOfAnAllowedSize) {
  EXPECT_EQ(fault(std::string("\x16\x03\x01\x00\x00", 5)), "a record of no allowed size");
  EXPECT_EQ(fault(std::string("\x16\x03\x01\x40\x01", 5)), "a record of no allowed size");
}

TEST(ClientHello, IsNotEndless) {
  EXPECT_EQ(fault("\x16\x03\x01" + counted("\x01" + number(kMaxClientHello, 3), 2)),
            "a client hello that is too long");
  auto crumbs = records("\x01" + number(12000, 3) + std::string(11000, 'x'), 1);
  EXPECT_EQ(fault(crumbs.substr(0, kMaxClientHello)), "a client hello that is too long");
}

TEST(ClientHello, IsWellFormed) {
  EXPECT_EQ(fault(records("\x01" + counted("\x03\x03short", 3))), "a client hello that is malformed");
  EXPECT_EQ(fault(records(hello("", ""))), "a client hello that is malformed");
  EXPECT_EQ(fault(records(hello("", "odd"))), "a client hello that is malformed");
  EXPECT_EQ(fault(records(hello(std::string("\0\5\0\0", 4)))), "a client hello that is malformed");
  EXPECT_EQ(fault(records(hello(counted(std::string("\0\x2b\0\5x", 5), 2)))),
            "a client hello that is malformed");
  EXPECT_EQ(fault(records(hello(counted("", 2) + "more"))), "a client hello that is malformed");
}

TEST(ClientHello, HasOneNameThatIsOne) {
  for (const char* name : {"", ".", "a..b", ".a", "a.", "a b", "a\r\nb", "a/b", "[::1]", "\xc3\xa4.example"})
    EXPECT_EQ(fault(records(with(server_name(name)))), "a server name that is none") << name;
  EXPECT_EQ(fault(records(with(server_name(std::string(254, 'a'))))), "a server name that is none");
  EXPECT_EQ(fault(records(with(server_name(std::string("a\0b", 3))))), "a server name that is none");
  EXPECT_EQ(fault(records(with(extension(0, "")))), "a server name that is none");
  EXPECT_EQ(fault(records(with(extension(0, counted("", 2))))), "a server name that is none");
  std::string one = std::string(1, '\0') + counted("a.example", 2);
  EXPECT_EQ(fault(records(with(extension(0, counted(one + one, 2))))), "a server name that is none");
  EXPECT_EQ(fault(records(with(server_name("a.example") + server_name("b.example")))),
            "two lists of server names");
}

TEST(ClientHello, LeavesTheResultAloneWhenThereIsNone) {
  ClientHello out{"before"};

  parse_client_hello(records(with(server_name("a.example") + server_name("b.example"))), out);

  EXPECT_EQ(out.server_name, "before");
}

}  // namespace
}  // namespace sluice::net::client_hello_test
