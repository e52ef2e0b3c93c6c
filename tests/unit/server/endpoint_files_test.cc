// SPDX-License-Identifier: Apache-2.0
// With links, and with targets that are asked, in the end-to-end suite.
#include "gateway/server/endpoint_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"

#include "tests/support/fake_resolver.h"
#include "tests/support/temporary_directory.h"

namespace sluice::server::endpoint_files_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class EndpointFilesTest : public testing::Test {
 protected:
  EndpointFilesTest() {
    base::set_log_sink([](base::Level, std::string_view) {});
    source_ = files_.open(path_, table_, group_, false)->source;
    source_->set_grace(1min);
  }
  ~EndpointFilesTest() override { base::set_log_sink(nullptr); }

  // A change is taken up at the second look after it.
  void write(const std::string& text) {
    names_.pass(1s);
    directory_.write("targets.yaml", text);
    files_.look();
    files_.look();
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto& m : *source_->members()) out.push_back(m.target->text());
    return out;
  }

  test::FakeResolver names_;
  upstream::TargetTable table_{{}, &names_.resolver()};
  std::shared_ptr<upstream::TargetGroup> group_ = table_.group("orders");
  test::TemporaryDirectory directory_;
  std::string path_ = directory_.write("targets.yaml", "targets: [\"http://10.0.0.1:80\"]\n");
  EndpointFiles files_{nullptr};
  std::shared_ptr<upstream::ListSource> source_;
};

TEST_F(EndpointFilesTest, TakeUpAFileThatHasChanged) {
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));

  write("targets: [\"http://10.0.0.2:80\", \"http://10.0.0.3:80\"]\n");

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80", "10.0.0.3:80"));
}

TEST_F(EndpointFilesTest, KeepTheTargetsOfAFileThatIsEmptyForTheGrace) {
  write("[]\n");
  names_.pass(59s);
  files_.look();
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));

  names_.pass(1s);
  files_.look();

  EXPECT_THAT(texts(), IsEmpty());
  EXPECT_EQ(source_->facts().empties, 1u) << "it was read once";
}

TEST_F(EndpointFilesTest, KeepTheTargetsOfAFileThatIsBrokenAfterItWasEmpty) {
  write("[]\n");
  write("targets: 7\n");

  names_.pass(10min);
  files_.look();

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_EQ(source_->facts().failures, 1u);

  write("[]\n");
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80")) << "its grace begins anew";
}

}  // namespace
}  // namespace sluice::server::endpoint_files_test
