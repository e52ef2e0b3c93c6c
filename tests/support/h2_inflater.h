// SPDX-License-Identifier: Apache-2.0
// H2Inflater: decodes the header blocks that the gateway sends, by nghttp2's HPACK.
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "tests/support/message.h"

namespace sluice::test {

class H2Inflater {
 public:
  H2Inflater() { nghttp2_hd_inflate_new(&inflater_); }
  H2Inflater(const H2Inflater&) = delete;
  ~H2Inflater() { nghttp2_hd_inflate_del(inflater_); }

  // A whole block; the test fails if it is broken.
  std::vector<Line> fields(std::string_view block) {
    std::vector<Line> out;
    auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv nv;
      int flags = 0;
      auto n = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, at, left, 1);
      if (n < 0) {
        ADD_FAILURE() << "the gateway's header block: " << nghttp2_strerror(static_cast<int>(n));
        return out;
      }
      at += n;
      left -= static_cast<std::size_t>(n);
      if (flags & NGHTTP2_HD_INFLATE_EMIT)
        out.push_back({std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                       std::string(reinterpret_cast<char*>(nv.value), nv.valuelen)});
      if (flags & NGHTTP2_HD_INFLATE_FINAL) {
        nghttp2_hd_inflate_end_headers(inflater_);
        return out;
      }
    }
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace sluice::test
