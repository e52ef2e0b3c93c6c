// SPDX-License-Identifier: Apache-2.0
// When the machine has no more of something: a clear line that names it, and the gateway serves what it can.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/own_log.h"

namespace sluice::test::scarcity_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kYaml = "routes: [{name: u, match: {path: /**}, to: users}]\n";

// While this lives the process can open no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    taken_.push_back(next);
    rlimit low{static_cast<rlim_t>(next) + 64, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &low);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken_.push_back(fd);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  ~NoDescriptors() {
    for (int fd : taken_) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  // Gives one back.
  void free_one() {
    ::close(taken_.back());
    taken_.pop_back();
  }

 private:
  rlimit before_;
  std::vector<int> taken_;
};

TEST(Scarcity, OfDescriptorsDelaysNewConnections) {
  OwnLog log;
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");
  EXPECT_THAT(gw.get("/u"), HasStatus(200));
  auto port = gw.port();
  auto scarce = std::make_unique<NoDescriptors>();

  scarce->free_one();
  RawClient client(port);  // takes it: none is left for the gateway's end
  client.send(get("/u"));
  EXPECT_TRUE(log.says("listener web: cannot accept connections"));
  scarce.reset();

  EXPECT_THAT(client.response(), HasStatus(200));
}

TEST(Scarcity, OfDescriptorsIsOverloadWhereATargetIsToBeAsked) {
  Gateway gw(kYaml);
  Metrics before(gw);
  RawClient first = gw.connect(), second = gw.connect();
  first.send(get("/first"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  const std::string request = get("/second");
  second.send(request.substr(0, 1));  // which version a silent one speaks is not known yet
  EXPECT_TRUE(before.becomes(2, "sluice_connections"));

  Response refused;
  {
    NoDescriptors scarce;
    refused = second.ask(request.substr(1));
  }
  target.send(ok("done"));

  EXPECT_THAT(refused, Refused(503, "overload"));
  EXPECT_EQ(first.response().body, "done");
}

TEST(Scarcity, OfRoomForTheAccessLogFailsNoRequest) {
  OwnLog log;
  Gateway gw(std::string(kYaml) + "access_log: {to: /dev/full, buffer: 256KiB}");
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);
  RawClient client = gw.connect();

  for (int i = 0; i < 3000; ++i) EXPECT_EQ(client.ask(get("/u")).status, 200);

  EXPECT_GT(before.growth("sluice_log_dropped_total"), 0);
  EXPECT_TRUE(log.says("/dev/full"));
}

std::string problem_with(const std::string& yaml) {
  try {
    Gateway gw(yaml);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "none";
}

TEST(Scarcity, OfAPortIsNamed) {
  Bell bell;
  Socket reserved = Socket::reserve();
  Socket taken = Socket::listen(reserved.port(), &bell);
  auto address = "127.0.0.1:" + std::to_string(reserved.port());

  EXPECT_THAT(problem_with("listeners: {web: \"" + address + "\"}\n" + kYaml), HasSubstr(address));
  EXPECT_THAT(problem_with("admin: {bind: \"" + address + "\"}\n" + kYaml), HasSubstr(address));
}

TEST(Scarcity, OfAPortKeepsTheConfigurationThatServes) {
  Bell bell;
  Socket reserved = Socket::reserve();
  Socket taken = Socket::listen(reserved.port(), &bell);
  auto address = "127.0.0.1:" + std::to_string(reserved.port());
  Gateway gw(kYaml);
  gw.upstream("users").answers(200, "ok");

  auto loading = gw.reload("listeners: {web: \"127.0.0.1:0\", more: \"" + address + "\"}\n" + kYaml);

  EXPECT_FALSE(loading.good);
  EXPECT_THAT(loading.diagnostics, HasSubstr(address));
  EXPECT_THAT(gw.get("/u"), HasStatus(200));
}

TEST(Scarcity, OfALogFileIsNamed) {
  EXPECT_THAT(problem_with(std::string(kYaml) + "access_log: {to: /nowhere/access.log}"),
              HasSubstr("/nowhere/access.log"));
}

}  // namespace
}  // namespace sluice::test::scarcity_test
