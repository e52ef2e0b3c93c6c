// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::grpc_web_test {
namespace {

using http::FieldId;
using test::FakeExchange;

// A body of several pieces, and trailers.
class Pieces final : public http::Body {
 public:
  Pieces(std::vector<std::string> pieces, const http::Fields* trailers)
      : pieces_(std::move(pieces)), trailers_(trailers) {}
  base::Task<base::Result<http::Piece>> read(std::size_t /*at_most*/) override {
    const std::string& now = pieces_[next_++];
    bool last = next_ == pieces_.size();
    return base::Result<http::Piece>(http::Piece{{now.data(), now.size()}, last, last ? trailers_ : nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  const http::Fields* trailers_;
};

struct GrpcWeb : testing::Test {
  GrpcWeb() { fake.ex.locals = locals; }
  // A request of that type passes the filter.
  void ask(std::string_view type, std::vector<std::string> body = {}) {
    fake.request().fields.add(FieldId::content_type, type);
    if (!body.empty())
      fake.ex.request_body = http::make_body<Pieces>(fake.ex.arena, std::move(body), nullptr);
    EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
  }
  std::string request_body() { return test::drained(*fake.ex.request_body); }
  // The target answers.
  void answer(std::vector<std::string> body, std::string_view type = "application/grpc+proto") {
    fake.response().status = 200;
    fake.response().fields.add(FieldId::content_type, type);
    if (!body.empty()) {
      trailers.add("grpc-status", "0");
      trailers.add("Grpc-Message", "fine");
      fake.ex.response_body = http::make_body<Pieces>(fake.ex.arena, std::move(body), &trailers);
    }
    (void)built.get().on_response(fake.ex);
  }
  std::string type() { return std::string(fake.response().fields.value(FieldId::content_type)); }

  void* locals[1] = {};  // as the chain gives them
  FakeExchange fake{"/shop.Cart/Add", "POST"};
  http::Fields trailers{fake.ex.arena};
  test::Built<chain::Filter> built = test::filter("grpc_web: {}");
};

constexpr std::string_view kTrailers(
    "\x80\0\0\0\x24"
    "grpc-status: 0\r\ngrpc-message: fine\r\n",
    5 + 36);

TEST_F(GrpcWeb, BecomesGrpc) {
  fake.request().fields.add("X-Grpc-Web", "1");
  ask("application/grpc-web+proto", {"message"});

  EXPECT_EQ(test::lines(fake.request().fields), "Content-Type: application/grpc+proto\n");
  EXPECT_EQ(request_body(), "message");
}

TEST_F(GrpcWeb, GetsTheTrailersAsTheLastFrame) {
  ask("application/grpc-web+proto", {"message"});
  answer({"one", "two"});

  EXPECT_EQ(type(), "application/grpc-web+proto");
  EXPECT_EQ(fake.body(), "onetwo" + std::string(kTrailers));
}

TEST_F(GrpcWeb, HasItsTrailersOnceHoweverOftenItIsRead) {
  ask("application/grpc-web+proto", {"message"});
  answer({"one"});
  EXPECT_EQ(fake.body(), "one" + std::string(kTrailers));

  auto again = fake.ex.response_body->read(4096).await_resume();

  ASSERT_TRUE(again);
  EXPECT_TRUE(again->last);
  EXPECT_TRUE(again->bytes.empty());
}

// A page of another origin could not read it in the head.
TEST_F(GrpcWeb, GetsAnAnswerWithoutMessagesAsAFrameToo) {
  ask("application/grpc-web", {"message"});
  fake.response().fields.add("grpc-status", "0");
  fake.response().fields.add("grpc-message", "fine");
  fake.response().fields.add(FieldId::content_length, "0");
  answer({}, "application/grpc");

  EXPECT_EQ(test::lines(fake.response().fields), "Content-Type: application/grpc-web\n");
  EXPECT_EQ(fake.body(), kTrailers);
}

TEST_F(GrpcWeb, DecodesText) {
  ask("application/grpc-web-text", {"aGVs", "bG8s", "IHdv", "cmxk"});

  EXPECT_EQ(fake.request().fields.value(FieldId::content_type), "application/grpc");
  EXPECT_EQ(request_body(), "hello, world");
}

TEST_F(GrpcWeb, DecodesTextThatIsCutAnywhereAndPaddedInTheMiddle) {
  ask("application/grpc-web-text+proto", {"a", "GVsbG", "8", "=I", "A==", "d29ybG", "Q="});

  EXPECT_EQ(request_body(), "hello world");
}

// What the pieces before left over comes out with a piece that is shorter than what it completes.
TEST_F(GrpcWeb, WritesNoFurtherThanItsMemory) {
  ask("application/grpc-web-text", {"a", "G", "V", "s", "bG8s"});
  auto next = [&] {
    auto piece = fake.ex.request_body->read(4096).await_resume();
    return std::string(piece->bytes.data(), piece->bytes.size());
  };
  EXPECT_EQ(next(), "");
  std::string_view neighbour = fake.ex.arena.copy("whose memory is behind that of the piece");
  EXPECT_EQ(next() + next(), "");  // two digits more

  EXPECT_EQ(next(), "hel");
  EXPECT_EQ(neighbour, "whose memory is behind that of the piece");
}

TEST_F(GrpcWeb, RefusesTextThatIsNotBase64) {
  for (std::string text : {"aGV!", "a===", "aGV", "=aaa", "aG=s"}) {
    FakeExchange other("/", "POST");
    void* others[1] = {};
    other.ex.locals = others;
    other.request().fields.add(FieldId::content_type, "application/grpc-web-text");
    other.ex.request_body = http::make_body<Pieces>(other.ex.arena, std::vector{text}, nullptr);
    (void)built.get().on_request(other.ex);
    EXPECT_EQ(test::drained(*other.ex.request_body), "<error validation>") << text;
  }
}

TEST_F(GrpcWeb, EncodesEachPieceOfTextForItself) {
  ask("application/grpc-web-text+proto", {"AAAA"});
  answer({"o", "ne", ""});

  EXPECT_EQ(type(), "application/grpc-web-text+proto");
  EXPECT_EQ(fake.body(), "bw==bmU=gAAAACRncnBjLXN0YXR1czogMA0KZ3JwYy1tZXNzYWdlOiBmaW5lDQo=");
}

TEST_F(GrpcWeb, ForgetsALengthThatIsNoLongerTrue) {
  fake.request().fields.add(FieldId::content_length, "4");
  ask("application/grpc-web-text", {"AAAA"});
  fake.response().fields.add(FieldId::content_length, "3");
  answer({"abc"});

  EXPECT_FALSE(fake.request().fields.has(FieldId::content_length));
  EXPECT_FALSE(fake.response().fields.has(FieldId::content_length));
}

TEST_F(GrpcWeb, LeavesOtherRequestsAlone) {
  ask("application/grpc", {"message"});
  answer({"one"}, "application/grpc");

  EXPECT_EQ(type(), "application/grpc");
  EXPECT_EQ(fake.body(), "one");
}

TEST_F(GrpcWeb, LeavesAnswersAloneThatAreNoGrpc) {
  ask("application/grpc-web", {"message"});
  answer({"<html>"}, "text/html");

  EXPECT_EQ(type(), "text/html");
  EXPECT_EQ(fake.body(), "<html>");
}

}  // namespace
}  // namespace sluice::filters::grpc_web_test
