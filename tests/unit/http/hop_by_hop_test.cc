// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/hop_by_hop.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace sluice::http::hop_by_hop_test {
namespace {

class HopByHop : public testing::Test {
 protected:
  std::vector<std::string> left() {
    drop_hop_by_hop(fields);
    std::vector<std::string> out;
    for (const Field& f : fields.lines())
      if (!f.dropped) out.emplace_back(f.name);
    return out;
  }
  base::Arena arena;
  Fields fields{arena};
};

TEST_F(HopByHop, RemovesEveryFieldOfTheList) {
  for (const char* name : {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
                           "Proxy-Authorization", "TE", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"})
    fields.add(name, "x");
  fields.add("X-Kept", "1");

  EXPECT_THAT(left(), testing::ElementsAre("X-Kept"));
}

TEST_F(HopByHop, RemovesWhatConnectionNames) {
  fields.add("X-Secret", "1");
  fields.add("Connection", "close, x-secret ,, Accept");
  fields.add("Accept", "*/*");
  fields.add("connection", "X-Other");
  fields.add("x-other", "2");
  fields.add("X-Kept", "3");

  EXPECT_THAT(left(), testing::ElementsAre("X-Kept"));
}

TEST_F(HopByHop, NeverRemovesHostOrContentLength) {
  fields.add("Host", "a");
  fields.add("Content-Length", "1");
  fields.add("Connection", "host, content-length");

  EXPECT_THAT(left(), testing::ElementsAre("Host", "Content-Length"));
}

TEST_F(HopByHop, KeepsTrailerUnlessNamed) {
  fields.add("Trailer", "X-Sum");
  EXPECT_THAT(left(), testing::ElementsAre("Trailer"));

  fields.add("Connection", "trailer");
  EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(HopByHop, AnOptionThatIsNotThereChangesNothing) {
  fields.add("Connection", "keep-alive, x-missing");
  fields.add("X-Missing-Too", "1");

  EXPECT_THAT(left(), testing::ElementsAre("X-Missing-Too"));
}

TEST_F(HopByHop, LeavesOrdinaryHeadsAlone) {
  fields.add("Host", "a");
  fields.add("Via", "b");

  EXPECT_THAT(left(), testing::ElementsAre("Host", "Via"));
}

TEST(ConnectionLevel, CoversWhatFiltersMustNotSet) {
  for (auto id :
       {FieldId::connection, FieldId::transfer_encoding, FieldId::content_length, FieldId::host, FieldId::te,
        FieldId::trailer, FieldId::upgrade, FieldId::keep_alive, FieldId::proxy_connection})
    EXPECT_TRUE(connection_level(id)) << field_name(id);
  for (auto id : {FieldId::other, FieldId::via, FieldId::accept, FieldId::content_type})
    EXPECT_FALSE(connection_level(id)) << field_name(id);
}

}  // namespace
}  // namespace sluice::http::hop_by_hop_test
