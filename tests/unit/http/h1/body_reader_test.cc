// SPDX-License-Identifier: Apache-2.0
// How chunks become pieces. All else is shown by the wire tests, byte by byte, and the flow tests.
#include "gateway/http/h1/body_reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/job.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::h1::body_reader_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;

constexpr std::size_t kHead = net::BufferPool::kHead;
constexpr std::size_t kMany = net::BufferPool::kBody;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

class Reader final : public BodyReader {
 public:
  Reader(Input& input, base::Arena& arena, std::uint64_t limit)
      : BodyReader(input, {Framing::Kind::chunked, 0}, Message::request, arena, 1s, limit) {}

 private:
  base::Error silent() override { return {Reason::client_timeout, {}}; }
  base::Error ended() override { return {Reason::client_closed, {}}; }
};

std::string chunk(std::string_view bytes) {
  char head[kMaxChunkHead];
  return std::string(head, write_chunk_head(head, bytes.size())).append(bytes).append(kChunkEnd);
}

std::string chunks(int n, std::string_view bytes) {
  std::string out;
  for (int i = 0; i < n; ++i) out += chunk(bytes);
  return out;
}

class BodyReaderTest : public testing::Test {
 protected:
  BodyReaderTest() { limit(kNoLimit); }
  ~BodyReaderTest() override {
    scope_.cancel(Reason::draining);
    base::run_ready();
  }
  void limit(std::uint64_t bytes) { reader_ = std::make_unique<Reader>(input_, arena_, bytes); }

  // Arrives behind a head of one byte, and is read with it as far as it fits.
  void arrive_with_head(std::string_view bytes) {
    ends_.first->put("H" + std::string(bytes));
    test::deliver();
    input_.read_head();
    input_.use(1);
  }
  void arrive(std::string_view bytes) {
    ends_.first->put(bytes);
    test::deliver();
  }
  // Reads what can be had without waiting.
  void read(std::size_t at_most = kMany) {
    while (!last_ && failed_ == Reason::none) {
      auto reading = reader_->read(at_most);
      if (!reading.await_ready()) return;
      auto piece = reading.await_resume();
      if (!piece) {
        failed_ = piece.error().reason;
        return;
      }
      EXPECT_LE(piece->bytes.size(), at_most);
      if (!piece->bytes.empty()) pieces_.emplace_back(piece->bytes.data(), piece->bytes.size());
      last_ = piece->last;
      if (!piece->trailers) continue;
      for (const Field& line : piece->trailers->lines()) trailers_ += line.value;
    }
  }
  std::string body() const {
    std::string all;
    for (const auto& piece : pieces_) all += piece;
    return all;
  }

  base::VirtualClock clock_;
  net::Wheel wheel_{clock_.steady()};
  net::BufferPool pool_;
  test::MemoryStream::Pair ends_ = test::MemoryStream::pair(wheel_, 1024 * 1024);
  base::Arena arena_;
  base::Scope scope_;
  Input input_{*ends_.second, pool_};
  std::unique_ptr<Reader> reader_;
  std::vector<std::string> pieces_;
  std::string trailers_;
  Reason failed_ = Reason::none;
  bool last_ = false;
};

TEST_F(BodyReaderTest, GivesManySmallChunksAsOnePiece) {
  arrive_with_head(chunks(500, "0123456789abcdef") + "0\r\nT: v\r\n\r\n");

  read();

  ASSERT_EQ(pieces_.size(), 1u);
  EXPECT_EQ(pieces_[0].size(), 8000u);
  EXPECT_EQ(pieces_[0].substr(7984), "0123456789abcdef");
  EXPECT_TRUE(last_);
  EXPECT_EQ(trailers_, "v");
}

TEST_F(BodyReaderTest, GivesWhatCameBeforeAPause) {
  arrive_with_head(chunk("one") + chunk("two") + "5\r\nth");
  read();
  EXPECT_EQ(pieces_, std::vector<std::string>({"onetwoth"}));

  arrive("ree\r\n" + chunk("four"));
  read();

  EXPECT_EQ(pieces_, std::vector<std::string>({"onetwoth", "reefour"}));
  EXPECT_FALSE(last_);
}

TEST_F(BodyReaderTest, MovesNoLargeChunks) {
  std::string large(5000, 'l');
  arrive_with_head(chunk(large) + chunk("small") + chunk(large) + chunk("small") + "0\r\n\r\n");

  read();

  EXPECT_EQ(pieces_, std::vector<std::string>({large + "small", large + "small"}));
}

TEST_F(BodyReaderTest, GivesNoMoreThanIsAskedFor) {
  arrive_with_head(chunks(100, "0123456789") + "0\r\n\r\n");

  read(64);

  EXPECT_GT(pieces_.size(), 16u);
  EXPECT_EQ(body().size(), 1000u);
  EXPECT_TRUE(last_);
}

TEST_F(BodyReaderTest, TakesChunksThatAreCutAnywhere) {
  std::string text = chunks(3, "ab") + chunk("0123456789abcdefXYZ") + "1;x=y\r\nz\r\n" + "0\r\nT: v\r\n\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    input_.next_message();
    limit(kNoLimit);
    pieces_.clear();
    trailers_.clear();
    last_ = false;

    arrive_with_head(text.substr(0, cut));
    read();
    std::size_t before = pieces_.size();
    arrive(text.substr(cut));
    read();

    EXPECT_LE(before, 1u);
    EXPECT_LE(pieces_.size() - before, 1u);
    EXPECT_EQ(body(), "ababab0123456789abcdefXYZz");
    EXPECT_EQ(trailers_, "v");
    EXPECT_TRUE(last_ && reader_->complete());
    EXPECT_TRUE(input_.empty());
  }
}

TEST_F(BodyReaderTest, LeavesTheNextMessage) {
  arrive_with_head(chunk("a") + chunk("b") + "0\r\n\r\nGET / HTTP/1.1");

  read();

  EXPECT_EQ(body(), "ab");
  EXPECT_EQ(std::string_view(input_.pending().data(), input_.pending().size()), "GET / HTTP/1.1");
}

TEST_F(BodyReaderTest, GivesTheGoodChunksBeforeABadOne) {
  arrive_with_head(chunks(3, "good") + chunk("lost") + "xyz\r\n");

  read();

  EXPECT_EQ(body(), "goodgoodgood");
  EXPECT_EQ(failed_, Reason::bad_request);
  EXPECT_FALSE(reader_->complete());
}

TEST_F(BodyReaderTest, StaysBadWhateverFollows) {
  arrive_with_head(chunk("lost") + "xyz\r\n0\r\n\r\n");
  read();
  EXPECT_EQ(failed_, Reason::bad_request);

  EXPECT_FALSE(reader_->discard_received());

  failed_ = Reason::none;
  read();
  EXPECT_EQ(failed_, Reason::bad_request);
  EXPECT_EQ(body(), "");
}

TEST_F(BodyReaderTest, HoldsTheLimitToTheByte) {
  limit(400);
  arrive_with_head(chunks(100, "four") + "0\r\n\r\n");

  read();

  EXPECT_EQ(body().size(), 400u);
  EXPECT_TRUE(last_);
}

TEST_F(BodyReaderTest, GivesWhatIsWithinTheLimitBeforeItIsExceeded) {
  limit(400);
  arrive_with_head(chunks(100, "four") + chunk("+") + "0\r\n\r\n");

  read();

  EXPECT_EQ(body().size(), 400u);
  EXPECT_EQ(failed_, Reason::body_too_large);
  EXPECT_FALSE(last_);
}

TEST_F(BodyReaderTest, JoinsInTheBodyBufferToo) {
  arrive_with_head(chunk(std::string(kHead - 7, 'h')).substr(0, kHead - 1));
  read();
  arrive("\r\n" + chunks(100, "four") + "0\r\n\r\n");
  pieces_.clear();

  read();

  EXPECT_EQ(pieces_.size(), 1u);
  EXPECT_EQ(body().size(), 400u);
  EXPECT_TRUE(last_);
}

}  // namespace
}  // namespace sluice::http::h1::body_reader_test
