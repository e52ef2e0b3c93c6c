// SPDX-License-Identifier: Apache-2.0
// Content codings (RFC 9110 section 8.4) of answers to calls. Nobody asks for one, but there are services
// that compress whatever they are asked. Used by Run before it looks into a body.
#pragma once
#include <string>
#include <string_view>

#include "gateway/http/fields.h"
#include "gateway/json/text.h"

namespace sluice::compose {

// Is the answer in one? Then there is something to decode, or to tell whoever gets the body as it is.
bool coded(const http::Fields& answer) noexcept;
// The codings as the service wrote them, with commas between them, in the order in which they were applied.
std::string coding_line(const http::Fields& answer);

// Appends what `body` says without its coding, one of http/decoder.h; at most `most` bytes of it. "" or why
// it cannot be, as the end of a sentence about the service.
std::string decode(const http::Fields& answer, std::string_view body, std::size_t most, json::Output& out);

}  // namespace sluice::compose
