// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/encoder.h"

#include <brotli/encode.h>

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "gateway/base/assert.h"

namespace sluice::http {
namespace {

// How far back brotli and zstd look: 512 KiB. Their own defaults take several MiB for each response.
constexpr int kWindowBits = 19;

// No more than the content is long.
int window_for(std::optional<std::uint64_t> length, int least) noexcept {
  if (!length) return kWindowBits;
  return std::clamp(static_cast<int>(std::bit_width(*length)), least, kWindowBits);
}

// Before 1.2.12 deflateParams() wrote a header of the next response to wherever the last one had ended.
static_assert(ZLIB_VERNUM >= 0x12c0, "encoders are used again, which needs zlib 1.2.12 or later");

class Gzip final : public Encoder {
 public:
  explicit Gzip(int level) : level_(level) {
    constexpr int kWindow = 15 + 16, kMemory = 8;  // zlib's own defaults, and the wrapping of gzip
    int begun = deflateInit2(&stream_, level, Z_DEFLATED, kWindow, kMemory, Z_DEFAULT_STRATEGY);
    SLUICE_ASSERT(begun == Z_OK);  // out of memory ends the process
  }
  Gzip(const Gzip&) = delete;
  ~Gzip() override { deflateEnd(&stream_); }
  void begin_again(int level) {
    deflateReset(&stream_);
    if (std::exchange(level_, level) != level) deflateParams(&stream_, level, Z_DEFAULT_STRATEGY);
  }

  Progress encode(std::span<const char> in, std::span<char> out, Push push) noexcept override {
    stream_.next_in = reinterpret_cast<const Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    int how = push == Push::none ? Z_NO_FLUSH : push == Push::flush ? Z_SYNC_FLUSH : Z_FINISH;
    int said = deflate(&stream_, how);
    SLUICE_ASSERT(said == Z_OK || said == Z_STREAM_END || said == Z_BUF_ERROR);
    bool done =
        stream_.avail_in == 0 && (push == Push::finish ? said == Z_STREAM_END : stream_.avail_out != 0);
    return {in.size() - stream_.avail_in, out.size() - stream_.avail_out, done};
  }
  Coding coding() const noexcept override { return Coding::gzip; }

 private:
  z_stream stream_{};
  int level_;
};

class BrotliEncoder final : public Encoder {
 public:
  BrotliEncoder(int level, std::optional<std::uint64_t> length)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    SLUICE_ASSERT(state_ != nullptr);
    auto set = [this](BrotliEncoderParameter what, std::uint64_t value) {
      BrotliEncoderSetParameter(state_, what, static_cast<std::uint32_t>(value));
    };
    set(BROTLI_PARAM_QUALITY, static_cast<std::uint64_t>(level));
    set(BROTLI_PARAM_LGWIN, static_cast<std::uint64_t>(window_for(length, BROTLI_MIN_WINDOW_BITS)));
    if (length && *length < 1U << 30) set(BROTLI_PARAM_SIZE_HINT, *length);
  }
  BrotliEncoder(const BrotliEncoder&) = delete;
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }

  Progress encode(std::span<const char> in, std::span<char> out, Push push) noexcept override {
    auto how = push == Push::none    ? BROTLI_OPERATION_PROCESS
               : push == Push::flush ? BROTLI_OPERATION_FLUSH
                                     : BROTLI_OPERATION_FINISH;
    std::size_t in_left = in.size(), out_left = out.size();
    auto* from = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* to = reinterpret_cast<std::uint8_t*>(out.data());
    auto good = BrotliEncoderCompressStream(state_, how, &in_left, &from, &out_left, &to, nullptr);
    SLUICE_ASSERT(good == BROTLI_TRUE);
    bool more = BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE;
    bool done =
        in_left == 0 && (push == Push::finish ? BrotliEncoderIsFinished(state_) == BROTLI_TRUE : !more);
    return {in.size() - in_left, out.size() - out_left, done};
  }
  Coding coding() const noexcept override { return Coding::br; }

 private:
  BrotliEncoderState* state_;
};

class ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder() : context_(ZSTD_createCCtx()) { SLUICE_ASSERT(context_ != nullptr); }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }
  void begin(int level, std::optional<std::uint64_t> length) {
    ZSTD_CCtx_reset(context_, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    constexpr int kLeast = 10;  // ZSTD_WINDOWLOG_MIN is not part of the stable interface
    ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, window_for(length, kLeast));
  }

  Progress encode(std::span<const char> in, std::span<char> out, Push push) noexcept override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    auto how = push == Push::none ? ZSTD_e_continue : push == Push::flush ? ZSTD_e_flush : ZSTD_e_end;
    std::size_t left = ZSTD_compressStream2(context_, &to, &from, how);
    SLUICE_ASSERT(!ZSTD_isError(left));
    bool done = from.pos == from.size && (push == Push::none ? to.pos < to.size : left == 0);
    return {from.pos, to.pos, done};
  }
  Coding coding() const noexcept override { return Coding::zstd; }

 private:
  ZSTD_CCtx* context_;
};

// What a thread keeps for the next response. More than these are under way only while that many clients are
// slow, and then their memory goes with them.
constexpr std::size_t kKept = 8;

template <class E>
struct Kept {
  std::vector<std::unique_ptr<E>> idle;
  std::unique_ptr<E> take() {
    if (idle.empty()) return nullptr;
    auto out = std::move(idle.back());
    idle.pop_back();
    return out;
  }
  void give(E* encoder) {
    std::unique_ptr<E> back(encoder);
    if (idle.empty()) idle.reserve(kKept);
    if (idle.size() < kKept) idle.push_back(std::move(back));
  }
};
thread_local Kept<Gzip> t_gzip;
thread_local Kept<ZstdEncoder> t_zstd;

}  // namespace

void ReturnEncoder::operator()(Encoder* encoder) const noexcept {
  switch (encoder->coding()) {
    case Coding::gzip:
      return t_gzip.give(static_cast<Gzip*>(encoder));
    case Coding::zstd:
      return t_zstd.give(static_cast<ZstdEncoder*>(encoder));
    default:
      delete encoder;
  }
}

EncoderPtr make_encoder(Coding coding, int level, std::optional<std::uint64_t> length) {
  if (coding == Coding::br) return EncoderPtr(new BrotliEncoder(level, length));
  if (coding == Coding::zstd) {
    auto zstd = t_zstd.take();
    if (!zstd) zstd = std::make_unique<ZstdEncoder>();
    zstd->begin(level, length);
    return EncoderPtr(zstd.release());
  }
  SLUICE_ASSERT(coding == Coding::gzip);
  auto gzip = t_gzip.take();
  if (!gzip) return EncoderPtr(new Gzip(level));
  gzip->begin_again(level);
  return EncoderPtr(gzip.release());
}

}  // namespace sluice::http
