// SPDX-License-Identifier: Apache-2.0
// RequestReader and ResponseReader: one head after the other from bytes that arrive in any pieces, parsed. A
// head that is there as a whole, as nearly all are, is read in one pass; all others go through HeadScanner,
// which looks at each byte once however they arrive and refuses early what can never become a head. Used by
// the connections of both sides; they do no I/O.
#pragma once
#include "gateway/http/h1/head_scanner.h"
#include "gateway/http/h1/parser.h"

namespace sluice::http::h1 {

class RequestReader {
 public:
  // `limits` must outlive the reader.
  explicit RequestReader(const HeadLimits& limits) noexcept
      : limits_(&limits), scanner_(Message::request, limits) {}

  // `received` is everything since the end of the last message; later calls pass the same bytes and more, at
  // any address. Value 0: read more. Otherwise the length of the head, leading empty lines included; `out`
  // has been filled and control() is its own. Then reset(). Errors: those of HeadScanner and of
  // parse_request.
  base::Result<std::size_t> read(std::span<const char> received, RequestHead& out);
  const Control& control() const noexcept { return control_; }
  void reset() noexcept { scanner_.reset(); }
  // Has a byte of a head arrived? See HeadScanner.
  bool begun() const noexcept { return scanner_.begun(); }

 private:
  const HeadLimits* limits_;
  HeadScanner scanner_;
  Control control_;
};

class ResponseReader {
 public:
  // `limits` must outlive the reader.
  explicit ResponseReader(const HeadLimits& limits) noexcept
      : limits_(&limits), scanner_(Message::response, limits) {}

  // As RequestReader::read; for the answer to what was `asked`, interim responses one by one.
  base::Result<std::size_t> read(std::span<const char> received, const Asked& asked, ResponseHead& out);
  const Control& control() const noexcept { return control_; }
  void reset() noexcept { scanner_.reset(); }

 private:
  const HeadLimits* limits_;
  HeadScanner scanner_;
  Control control_;
};

}  // namespace sluice::http::h1
