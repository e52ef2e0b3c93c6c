// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/coding.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace sluice::http::coding_test {
namespace {

using Lines = std::initializer_list<std::string_view>;

Coding of(Lines lines) {
  base::Arena arena;
  Fields fields(arena);
  for (auto line : lines) fields.add(FieldId::content_encoding, line);
  return content_coding(fields);
}

TEST(ContentCoding, IsReadFromAllLines) {
  EXPECT_EQ(of({}), Coding::identity);
  EXPECT_EQ(of({""}), Coding::identity);
  EXPECT_EQ(of({"identity"}), Coding::identity);
  EXPECT_EQ(of({"GZip"}), Coding::gzip);
  EXPECT_EQ(of({"x-gzip"}), Coding::gzip);
  EXPECT_EQ(of({"deflate"}), Coding::deflate);
  EXPECT_EQ(of({"identity, br"}), Coding::br);
  EXPECT_EQ(of({"", "zstd"}), Coding::zstd);
  EXPECT_EQ(of({"gzip, br"}), Coding::other);
  EXPECT_EQ(of({"gzip", "gzip"}), Coding::other);
  EXPECT_EQ(of({"compress"}), Coding::other);
  EXPECT_EQ(of({"other"}), Coding::other);
}

struct Accepts {
  explicit Accepts(Lines lines) {
    for (auto line : lines) fields.add(FieldId::accept_encoding, line);
  }
  base::Arena arena;
  Fields fields{arena};
};

// Of what is offered in this order: zstd, br, gzip.
std::string best(Lines lines) {
  constexpr Coding kOffered[] = {Coding::zstd, Coding::br, Coding::gzip};
  return std::string(name(AcceptedCodings(Accepts(lines).fields).best(kOffered)));
}

TEST(AcceptedCodings, LetTheServersOrderDecideBetweenEquals) {
  EXPECT_EQ(best({"gzip, deflate, br, zstd"}), "zstd");
  EXPECT_EQ(best({"gzip, deflate, br"}), "br");
  EXPECT_EQ(best({"gzip"}), "gzip");
  EXPECT_EQ(best({"gzip", "br"}), "br");
  EXPECT_EQ(best({"X-GZIP"}), "gzip");
}

TEST(AcceptedCodings, LetTheClientsWeightsDecideFirst) {
  EXPECT_EQ(best({"gzip;q=1.0, br;q=0.8, zstd;q=0.001"}), "gzip");
  EXPECT_EQ(best({"gzip ; q=0.5, br; Q=0.501"}), "br");
  EXPECT_EQ(best({"gzip;q=0.5, identity"}), "identity");
  EXPECT_EQ(best({"gzip, identity"}), "gzip");
  EXPECT_EQ(best({"gzip;q=0.5, identity;q=0.5"}), "gzip");
}

TEST(AcceptedCodings, KnowTheStar) {
  EXPECT_EQ(best({"*"}), "zstd");
  EXPECT_EQ(best({"*, zstd;q=0"}), "br");
  EXPECT_EQ(best({"*;q=0"}), "identity");
  EXPECT_EQ(best({"gzip, *;q=0"}), "gzip");
  EXPECT_EQ(best({"gzip, *;q=0.5"}), "gzip");
}

TEST(AcceptedCodings, TakeNothingThatWasNotSaid) {
  EXPECT_EQ(best({}), "identity");
  EXPECT_EQ(best({""}), "identity");
  EXPECT_EQ(best({"deflate, compress"}), "identity");
}

TEST(AcceptedCodings, TakeNothingThatIsMalformed) {
  for (auto text :
       {"gzip;q=0", "gzip;q=0.000", "gzip;q=", "gzip;q=2", "gzip;q=1.1", "gzip;q=-1", "gzip;q=.5",
        "gzip;q=0.1234", "gzip;q=1a", "gzip;q=0,5", "gzip;level=9", "gzip;", "gz ip", "gzip;q=0x1"})
    EXPECT_EQ(best({text}), "identity") << text;
}

TEST(AcceptedCodings, MayRefuseIdentity) {
  auto refuses = [](Lines lines) { return AcceptedCodings(Accepts(lines).fields).refuses_identity(); };
  EXPECT_TRUE(refuses({"gzip, identity;q=0"}));
  EXPECT_TRUE(refuses({"gzip, *;q=0"}));
  EXPECT_FALSE(refuses({"gzip, *;q=0, identity;q=0.1"}));
  EXPECT_FALSE(refuses({"gzip"}));
  EXPECT_FALSE(refuses({}));
}

struct Response : testing::Test {
  std::string text() const {
    std::string out;
    for (const Field& f : fields.lines())
      if (!f.dropped) out.append(f.name).append(": ").append(f.value).append("\n");
    return out;
  }
  base::Arena arena;
  Fields fields{arena};
};

TEST_F(Response, MustNotBeTransformedIfSomeLineSaysSo) {
  EXPECT_FALSE(no_transform(fields));
  fields.add(FieldId::cache_control, "max-age=1");
  EXPECT_FALSE(no_transform(fields));
  fields.add(FieldId::cache_control, "public, No-Transform");
  EXPECT_TRUE(no_transform(fields));
}

TEST_F(Response, SaysNothingOfBytesThatAreGone) {
  for (auto name :
       {"Content-Length", "Accept-Ranges", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest"})
    fields.add(name, "1");
  fields.add("Content-Encoding", "identity");
  fields.add("ETag", "\"a\"");
  fields.add("X-A", "b");
  recoded(fields, Coding::br);
  EXPECT_EQ(text(), "ETag: W/\"a\"\nX-A: b\nContent-Encoding: br\n");
  recoded(fields, Coding::identity);
  EXPECT_EQ(text(), "ETag: W/\"a\"\nX-A: b\n");
}

TEST_F(Response, AnnouncesNoDigestsThatAreGone) {
  fields.add("Trailer", "content-digest, X-A ,Digest,, ETag");
  fields.add("Trailer", "Repr-Digest");
  fields.add("Trailer", "X-B, X-C");
  recoded(fields, Coding::gzip);
  EXPECT_EQ(text(), "Trailer: X-A,ETag\nTrailer: X-B, X-C\nContent-Encoding: gzip\n");
}

TEST_F(Response, HasTrailersWithoutWhatIsGone) {
  EXPECT_EQ(recoded_trailers(nullptr, arena), nullptr);
  fields.add("X-A", "b");
  EXPECT_EQ(recoded_trailers(&fields, arena), &fields);
  for (auto name : {"Content-MD5", "digest", "Content-Digest", "Repr-Digest"}) fields.add(name, "1");
  fields.add("ETag", "\"a\"");
  auto before = text();

  const Fields* now = recoded_trailers(&fields, arena);
  ASSERT_EQ(now->lines().size(), 2U);
  EXPECT_EQ(now->value(FieldId::etag), "W/\"a\"");
  EXPECT_EQ(now->find("X-A")->value, "b");
  EXPECT_EQ(text(), before);
}

}  // namespace
}  // namespace sluice::http::coding_test
