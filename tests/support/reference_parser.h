// SPDX-License-Identifier: Apache-2.0
// The reading of HTTP/1 heads a second time, for comparison with parse_request and parse_response: syntax by
// Boost.Beast's basic_parser, everything else byte by byte, slow and obvious. What the gateway accepts and
// what it makes of it must be the same here. For the fuzz targets and tests only.
#pragma once
#include <span>

#include "gateway/http/h1/parser.h"

namespace sluice::test {

// As http::h1::parse_request and parse_response.
base::Result<http::h1::Control> reference_request(std::span<const char> head, const http::HeadLimits& limits,
                                                  http::RequestHead& out);
base::Result<http::h1::Control> reference_response(std::span<const char> head, const http::HeadLimits& limits,
                                                   const http::h1::Asked& asked, http::ResponseHead& out);

}  // namespace sluice::test
