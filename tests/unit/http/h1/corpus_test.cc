// SPDX-License-Identifier: Apache-2.0
// The seeds of the fuzz targets are named after their verdict: ok_..., or the status that the client gets.
// This checks that the codec agrees; the wire suite sends the same files through the whole gateway.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "gateway/http/h1/chunked.h"
#include "gateway/http/uri.h"

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::corpus_test {
namespace {

// Calls status_of for the bytes of each seed and compares with the name. Tests run in the root of the
// repository.
template <class StatusOf>
void expect_verdicts(const char* corpus, StatusOf status_of) {
  int seeds = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path("tests/fuzz/corpus") / corpus)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::string name = entry.path().filename();
    int expected = name.starts_with("ok_") ? 0 : std::stoi(name.substr(0, 3));
    EXPECT_EQ(status_of(text), expected) << corpus << "/" << name;
    ++seeds;
  }
  EXPECT_GT(seeds, 20);
}

int status(const base::Result<Control>& verdict) { return verdict ? 0 : verdict.error().status(); }

TEST(Corpus, RequestHeadsGetTheVerdictOfTheirName) {
  expect_verdicts("request_head", [](const std::string& text) { return status(Request(text).verdict); });
}

TEST(Corpus, ResponseHeadsGetTheVerdictOfTheirName) {
  expect_verdicts("response_head", [](const std::string& text) { return status(Response(text).verdict); });
}

TEST(Corpus, ChunkedBodiesGetTheVerdictOfTheirName) {
  expect_verdicts("chunked", [](const std::string& text) {
    ChunkedDecoder decoder(Message::request);
    for (std::size_t at = 0; at < text.size() && !decoder.done();) {
      auto step = decoder.feed(bytes(text).subspan(at));
      if (!step) return step.error().status();
      at += step->consumed;
    }
    return decoder.done() ? 0 : -1;
  });
}

TEST(Corpus, PathsGetTheVerdictOfTheirName) {
  expect_verdicts("path", [](const std::string& text) {
    base::Arena arena;
    auto path = normalise_path(text, arena);
    return path ? 0 : path.error().status();
  });
}

}  // namespace
}  // namespace sluice::http::h1::corpus_test
