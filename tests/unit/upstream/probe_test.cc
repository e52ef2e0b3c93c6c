// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "gateway/base/job.h"

#include "tests/unit/upstream/service.h"

namespace sluice::upstream::probe_test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() { settings_.health.path = "/healthz"; }

  using Job = base::Job<base::Result<Finding>>;

  // What a probe finds; time passes until it does.
  base::Result<Finding> found() {
    Job job(nullptr);
    took_ = {};
    loop_.run_once(0s);
    job.start(probe(loop_, *service_.target, settings_));
    for (int i = 0; i < 2000 && job.running(); ++i) {
      loop_.run_once(1ms);
      service_.serve();
      if (i < 50 || !job.running()) continue;
      clock_.advance(10ms);
      took_ += 10ms;
    }
    EXPECT_FALSE(job.running());
    if (job.running()) return Finding{CheckResult::failed, "still probing"};
    return job.join().await_resume();
  }
  std::string said() {
    auto finding = found();
    if (!finding) return "error: " + finding.error().detail;
    return std::string(observe::name(finding->result)) + ": " + finding->cause;
  }
  std::string answered(std::string_view bytes) {
    service_.answer = bytes;
    return said();
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  Service service_;
  ProbeSettings settings_;
  base::Duration took_{};
};

TEST_F(ProbeTest, AsksForThePathWithTheTargetsHost) {
  settings_.health.path = "/health?full=1";

  EXPECT_EQ(said(), "passed: status 200");

  ASSERT_EQ(service_.received.size(), 1u);
  EXPECT_THAT(service_.received[0], StartsWith("GET /health?full=1 HTTP/1.1\r\n"));
  EXPECT_THAT(service_.received[0], HasSubstr("\r\nHost: orders\r\n"));
  EXPECT_THAT(service_.received[0], HasSubstr("\r\nUser-Agent: sluice/"));
  EXPECT_THAT(service_.received[0], HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(ProbeTest, NamesTheHostOfTheUpstreamOrItsOwn) {
  settings_.host = {HostPolicy::Kind::literal, "orders.example.com"};
  said();
  settings_.health.host = "health.example.com";
  said();

  EXPECT_THAT(service_.received[0], HasSubstr("\r\nHost: orders.example.com\r\n"));
  EXPECT_THAT(service_.received[1], HasSubstr("\r\nHost: health.example.com\r\n"));
}

TEST_F(ProbeTest, TakesStatusesFrom200To399ForGood) {
  EXPECT_EQ(answered("HTTP/1.1 204 No Content\r\n\r\n"), "passed: status 204");
  EXPECT_EQ(answered("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), "passed: status 302");
  EXPECT_EQ(answered("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "failed: status 404");
  EXPECT_EQ(answered("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"), "failed: status 503");
}

TEST_F(ProbeTest, TakesTheExpectedStatusesAloneForGood) {
  settings_.health.expect = {{401, 401}, {500, 599}};

  EXPECT_EQ(said(), "failed: status 200");
  EXPECT_EQ(answered("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), "passed: status 401");
  EXPECT_EQ(answered("HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n"), "passed: status 599");
}

TEST_F(ProbeTest, LooksAtTheAnswerBehindInterimOnes) {
  EXPECT_EQ(answered("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
            "failed: status 500");
}

TEST_F(ProbeTest, GoesByTheStatusWhateverBecomesOfTheBody) {
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk"), "passed: status 200");
}

TEST_F(ProbeTest, GoesByTheStatusOfAnAnswerWhoseBodyDoesNotEnd) {
  settings_.health.timeout = 1s;
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "passed: status 200");
  EXPECT_GE(took_, 990ms) << "its body might have come";
  EXPECT_EQ(answered("HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nhalf"), "failed: status 503");
}

TEST_F(ProbeTest, ClosesItsConnectionAfterwards) {
  said();
  service_.serve();

  EXPECT_EQ(service_.closed, 1u);
}

TEST_F(ProbeTest, SaysThatAConnectionIsRefused) {
  service_.stop();

  EXPECT_THAT(said(), AllOf(StartsWith("failed: connect to 127.0.0.1:"), EndsWith("Connection refused")));
}

TEST_F(ProbeTest, SaysNothingOfATargetThatItCannotAsk) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;  // those that are open stay so
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);

  auto text = said();

  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(text, StartsWith("error: socket: "));
}

TEST_F(ProbeTest, SaysThatNoHttpCame) {
  EXPECT_THAT(answered("220 mail ready\r\n\r\n"), StartsWith("failed: "));
}

TEST_F(ProbeTest, DoesNotWaitLongerThanItsTimeout) {
  service_.answer = "";
  settings_.health.timeout = 2s;

  EXPECT_EQ(said(), "timeout: no answer within 2s");

  EXPECT_GE(took_, 2s);
  EXPECT_LE(took_, 2500ms);
}

TEST_F(ProbeTest, DoesNotWaitLongerForAHeadThatIsNeverComplete) {
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nX-Half"), "timeout: no answer within 2s");
}

TEST_F(ProbeTest, OfTypeTcpIsContentWithAConnection) {
  settings_.health.type = ProbeKind::tcp;
  service_.answer = "";

  EXPECT_EQ(said(), "passed: connected");

  service_.serve();
  EXPECT_EQ(service_.received, std::vector<std::string>{""});
}

TEST_F(ProbeTest, TellsThatItSpeaksForItselfWhereAProxyHeaderIsWanted) {
  settings_.proxy_protocol = net::ProxyVersion::v1;

  said();

  EXPECT_THAT(service_.received[0], StartsWith("PROXY UNKNOWN\r\nGET /healthz HTTP/1.1\r\n"));
}

TEST_F(ProbeTest, ConnectsToAnotherPortWhereThereIsOne) {
  Service other;
  settings_.health.port = other.port();
  service_.stop();
  auto pass = [&] {
    Job job(nullptr);
    job.start(probe(loop_, *service_.target, settings_));
    for (int i = 0; i < 2000 && job.running(); ++i) {
      loop_.run_once(1ms);
      other.serve();
    }
    return job.running() ? Finding{} : *job.join().await_resume();
  };

  EXPECT_EQ(pass().cause, "status 200");
  other.stop();
  EXPECT_FALSE(pass().passed());

  EXPECT_EQ(service_.target->avoided(loop_.now()), 0u) << "requests go to a port that may be well";
}

}  // namespace
}  // namespace sluice::upstream::probe_test
