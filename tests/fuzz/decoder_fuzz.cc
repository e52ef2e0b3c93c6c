// SPDX-License-Identifier: Apache-2.0
// Content codings: the first byte says which, how the rest is cut and how much room there is for what comes
// of it. However it is cut, the same comes out, and never more than there is room for. What comes out goes
// through an encoder and back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/http/decoder.h"
#include "gateway/http/encoder.h"

namespace sluice::http {
namespace {

constexpr std::size_t kMost = 1 << 20;  // of output: a bomb is not worth its time

struct Read {
  std::string text;
  bool good = false;
};

Read read(Coding coding, std::string_view bytes, std::size_t piece, std::size_t room) {
  auto decoder = make_decoder(coding);
  Read out;
  std::vector<char> space(room);
  do {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    for (bool more = true; more;) {
      auto step = decoder->decode(now, space);
      SLUICE_ASSERT(step.taken <= now.size() && step.made <= room);
      out.text.append(space.data(), step.made);
      now.remove_prefix(step.taken);
      bool stuck = step.taken == 0 && step.made == 0 && !now.empty();
      if (step.fault != Decoder::Fault::none || stuck || out.text.size() > kMost) return out;
      more = !now.empty() || step.made == room;
    }
  } while (!bytes.empty());
  out.good = decoder->complete();
  return out;
}

void there_and_back(Coding coding, std::string_view text) {
  auto encoder = make_encoder(coding, levels(coding).least, std::nullopt);
  std::string bytes;
  char space[64];
  for (std::string_view left = text;;) {
    auto step = encoder->encode(left, space, Push::finish);
    bytes.append(space, step.made);
    left.remove_prefix(step.taken);
    if (step.done) break;
  }
  Read back = read(coding, bytes, bytes.size(), 4096);
  SLUICE_ASSERT(back.good && back.text == text);
}

void run(std::string_view input) {
  if (input.empty()) return;
  constexpr Coding kAll[] = {Coding::gzip, Coding::deflate, Coding::br, Coding::zstd};
  auto how = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  Coding coding = kAll[how & 3U];
  Read whole = read(coding, input, input.size() + 1, 4096);
  Read cut = read(coding, input, (how >> 2U) % 8 + 1, 64 + (how >> 5U) * 50);
  SLUICE_ASSERT(whole.good == cut.good || whole.text.size() > kMost || cut.text.size() > kMost);
  if (!whole.good) return;
  SLUICE_ASSERT(whole.text == cut.text);
  if (coding != Coding::deflate && whole.text.size() < 1 << 16) there_and_back(coding, whole.text);
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::http::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
