// SPDX-License-Identifier: Apache-2.0
// The four forms of a request target (RFC 9112 section 3.2) and Host: fills target, path, query, authority
// and host of a RequestHead. Private to parser.cc.
#pragma once
#include "gateway/base/result.h"
#include "gateway/http/h1/framing.h"

namespace sluice::http::h1 {

// out.target, out.method and out.version are set. Errors: bad_request.
base::Result<void> read_target(const FieldView& head, RequestHead& out);

}  // namespace sluice::http::h1
