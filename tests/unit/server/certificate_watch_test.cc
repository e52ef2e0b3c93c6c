// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/certificate_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"
#include "gateway/observe/metrics.h"

namespace sluice::server::certificate_watch_test {
namespace {

using config::Severity;
using testing::HasSubstr;

class CertificateRenewalTest : public testing::Test {
 protected:
  CertificateRenewalTest() {
    base::set_log_sink([this](base::Level, std::string_view line) { log_ += std::string(line) + "\n"; });
    watch_.begin();
  }
  ~CertificateRenewalTest() override { base::set_log_sink(nullptr); }

  std::string log_;
  boost::asio::io_context control_;
  observe::MetricsRegistry metrics_{observe::MetricsOptions{}};
  CertificateWatch watch_{control_, metrics_.store(), [] {}};
  CertificateRenewal renewal_{watch_, "listener web"};
};

TEST_F(CertificateRenewalTest, SaysAllThatIsWrongAndThatTheOldOnesStay) {
  auto complain = renewal_.complain();
  complain(Severity::warning, "certs[0]", "it expires tomorrow");
  complain(Severity::error, "certs[0].key", "no key");
  complain(Severity::error, "certs[1].cert", "no certificate");

  EXPECT_FALSE(renewal_.count(false));

  EXPECT_EQ(log_,
            "listener web: it expires tomorrow\n"
            "listener web: the certificates of before stay in use: no key; no certificate\n");
}

TEST_F(CertificateRenewalTest, SaysWhenTheNewOnesAreInForce) {
  EXPECT_TRUE(renewal_.count(true));
  EXPECT_EQ(log_, "");

  renewal_.done();

  EXPECT_THAT(log_, HasSubstr("listener web: certificates read again"));
}

}  // namespace
}  // namespace sluice::server::certificate_watch_test
