// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/decoder.h"

#include <brotli/decode.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "gateway/base/assert.h"

namespace sluice::http {
namespace {

using In = std::span<const char>;
using Out = std::span<char>;

// What zlib calls window bits: 15 of them, and which wrapping.
constexpr int kGzip = 15 + 16, kZlib = 15, kBare = -15;

// gzip, and what HTTP calls deflate.
class Inflate final : public Decoder {
 public:
  explicit Inflate(bool gzip) : gzip_(gzip) {
    if (gzip) begin(kGzip);
  }
  Inflate(const Inflate&) = delete;
  ~Inflate() override {
    if (begun_) inflateEnd(&stream_);
  }

  Progress decode(In in, Out out) noexcept override {
    Progress all;
    if (!begun_) {
      while (held_ < 2 && all.taken < in.size()) head_[held_++] = in[all.taken++];
      if (held_ < 2) return all;
      begin(has_zlib_header() ? kZlib : kBare);
      Progress head = run({head_, 2}, out);
      all.made = head.made;
      all.fault = head.fault;
    }
    if (all.fault != Fault::none) return all;
    Progress rest = run(in.subspan(all.taken), out.subspan(all.made));
    return {all.taken + rest.taken, all.made + rest.made, rest.fault};
  }
  bool complete() const noexcept override { return ended_ || (begun_ ? !touched_ : held_ == 0); }

 private:
  void begin(int wrapping) {
    begun_ = inflateInit2(&stream_, wrapping) == Z_OK;
    SLUICE_ASSERT(begun_);  // out of memory ends the process
  }
  // HTTP's "deflate" is zlib's wrapping of it (RFC 9110 section 8.4.1.2), but some have always sent it bare.
  bool has_zlib_header() const noexcept {
    auto a = static_cast<unsigned char>(head_[0]), b = static_cast<unsigned char>(head_[1]);
    return (a & 15U) == 8 && (a * 256U + b) % 31 == 0;
  }

  Progress run(In in, Out out) noexcept {
    stream_.next_in = reinterpret_cast<const Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    Fault fault = Fault::none;
    touched_ |= !in.empty();
    for (;;) {
      if (ended_) {
        if (stream_.avail_in == 0) break;
        // Members follow one another (RFC 1952 section 2.2).
        if (!gzip_) {
          fault = Fault::trailing;
          break;
        }
        inflateReset(&stream_);
        ended_ = false;
      }
      int said = inflate(&stream_, Z_NO_FLUSH);
      ended_ = said == Z_STREAM_END;
      if (ended_) continue;
      if (said != Z_OK && said != Z_BUF_ERROR) fault = Fault::damaged;
      break;
    }
    return {in.size() - stream_.avail_in, out.size() - stream_.avail_out, fault};
  }

  z_stream stream_{};
  bool gzip_;
  bool begun_ = false;
  bool ended_ = false;
  bool touched_ = false;
  char head_[2];  // of deflate, until its wrapping is known
  unsigned held_ = 0;
};

class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    SLUICE_ASSERT(state_ != nullptr);
  }
  BrotliDecoder(const BrotliDecoder&) = delete;
  ~BrotliDecoder() override { BrotliDecoderDestroyInstance(state_); }

  Progress decode(In in, Out out) noexcept override {
    touched_ |= !in.empty();
    if (ended_) return {0, 0, in.empty() ? Fault::none : Fault::trailing};
    std::size_t in_left = in.size(), out_left = out.size();
    auto* from = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* to = reinterpret_cast<std::uint8_t*>(out.data());
    auto said = BrotliDecoderDecompressStream(state_, &in_left, &from, &out_left, &to, nullptr);
    ended_ = said == BROTLI_DECODER_RESULT_SUCCESS;
    Fault fault = said == BROTLI_DECODER_RESULT_ERROR ? Fault::damaged
                  : ended_ && in_left > 0             ? Fault::trailing
                                                      : Fault::none;
    return {in.size() - in_left, out.size() - out_left, fault};
  }
  bool complete() const noexcept override { return ended_ || !touched_; }

 private:
  BrotliDecoderState* state_;
  bool ended_ = false;
  bool touched_ = false;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    SLUICE_ASSERT(context_ != nullptr);
    constexpr int kWindowBits = 23;  // RFC 9659
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowBits);
  }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

  Progress decode(In in, Out out) noexcept override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    // Stops at the end of each frame.
    while (from.pos < from.size || !complete_) {
      std::size_t before = from.pos + to.pos;
      std::size_t left = ZSTD_decompressStream(context_, &to, &from);
      if (ZSTD_isError(left)) return {from.pos, to.pos, Fault::damaged};
      complete_ = left == 0;
      if (to.pos == to.size || from.pos + to.pos == before) break;
    }
    return {from.pos, to.pos, Fault::none};
  }
  bool complete() const noexcept override { return complete_; }

 private:
  ZSTD_DCtx* context_;
  bool complete_ = true;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(Coding coding) {
  switch (coding) {
    case Coding::gzip:
    case Coding::deflate:
      return std::make_unique<Inflate>(coding == Coding::gzip);
    case Coding::br:
      return std::make_unique<BrotliDecoder>();
    case Coding::zstd:
      return std::make_unique<ZstdDecoder>();
    default:
      return nullptr;
  }
}

}  // namespace sluice::http
