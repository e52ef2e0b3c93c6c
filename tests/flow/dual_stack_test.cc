// SPDX-License-Identifier: Apache-2.0
// A listener on every address of the machine: its socket is of IPv6, and clients of IPv4 are such all the
// same.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::dual_stack_test {
namespace {

constexpr const char* kEverywhere = R"(
listeners: {web: ":0"}
routes:
  - {name: four, match: {path: /four}, use: [{ip_access: {allow: [127.0.0.0/8]}}], respond: 204}
  - {name: six, match: {path: /six}, use: [{ip_access: {allow: ["::1"]}}], respond: 204}
  - {name: u, match: {path: /u}, to: users}
)";

// Not open() where the machine has no IPv6.
Socket over_ipv6(std::uint16_t port) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_addr = in6addr_loopback;
  to.sin6_port = htons(port);
  int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  Socket out(fd);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) out.close();
  return out;
}

// What the log, a filter and a target take this client for.
void expect_known_as(const std::string& ip, const std::string& allowed, const std::string& forbidden,
                     Gateway& gw, RawClient& client) {
  EXPECT_THAT(client.ask(get(allowed)), HasStatus(204));
  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), ip);
  EXPECT_THAT(client.ask(get(forbidden)), Refused(403, "forbidden"));
  EXPECT_THAT(client.ask(get("/u")), HasStatus(200));
  EXPECT_EQ(gw.upstream("users").request().value("X-Forwarded-For"), ip);
}

TEST(ListenerOnEveryAddress, KnowsClientsOfIpv4AsSuch) {
  Gateway gw(kEverywhere, Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  RawClient client(gw.port());

  expect_known_as("127.0.0.1", "/four", "/six", gw, client);
}

TEST(ListenerOnEveryAddress, KnowsClientsOfIpv6) {
  Gateway gw(kEverywhere, Downstream::h1);
  gw.upstream("users").answers(200, "ok");
  Socket socket = over_ipv6(gw.port());
  if (!socket.open()) GTEST_SKIP() << "no IPv6 here";
  RawClient client(std::move(socket));

  expect_known_as("::1", "/six", "/four", gw, client);
}

}  // namespace
}  // namespace sluice::test::dual_stack_test
