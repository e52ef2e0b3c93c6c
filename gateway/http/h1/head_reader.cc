// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/head_reader.h"

namespace sluice::http::h1 {

base::Result<std::size_t> RequestReader::read(std::span<const char> received, RequestHead& out) {
  if (scanner_.untouched())
    if (std::size_t length = try_request(received, *limits_, out, control_)) return length;
  auto length = scanner_.scan(received);
  if (!length || *length == 0) return length;
  auto control = parse_request(received.first(*length), *limits_, out);
  if (!control) return std::move(control).unexpected();
  control_ = *control;
  return length;
}

base::Result<std::size_t> ResponseReader::read(std::span<const char> received, const Asked& asked,
                                               ResponseHead& out) {
  if (scanner_.untouched())
    if (std::size_t length = try_response(received, *limits_, asked, out, control_)) return length;
  auto length = scanner_.scan(received);
  if (!length || *length == 0) return length;
  auto control = parse_response(received.first(*length), *limits_, asked, out);
  if (!control) return std::move(control).unexpected();
  control_ = *control;
  return length;
}

}  // namespace sluice::http::h1
