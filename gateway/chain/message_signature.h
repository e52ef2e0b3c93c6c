// SPDX-License-Identifier: Apache-2.0
// HTTP Message Signatures (RFC 9421): the signatures that a request brings, and the text that each of them
// must have signed. Pure: no keys, no clock. Refuses components that it cannot vouch for, so that nothing is
// thought to be signed that is not.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/head.h"
#include "gateway/http/structured.h"

namespace sluice::chain {

struct MessageSignature {
  std::string_view label;
  std::string key_id, algorithm, nonce, tag;  // "" for what is not said
  std::optional<std::int64_t> created, expires;
  std::string signature;
  http::SfMember input;  // what it covers

  // Is this component, as it is written without parameters, among those covered?
  bool covers(std::string_view component) const noexcept;
};

// All that Signature-Input and Signature say, in order; empty if the request is not signed. The views point
// into the arena. An error, with a reason for the client, if they do not fit together.
base::Result<std::vector<MessageSignature>> message_signatures(const http::Fields& fields,
                                                               base::Arena& arena);

// The signature base (section 2.5). `scheme` is that of the connection. An error if a component is missing
// from the request, is there twice, or is of a kind that is not known here.
base::Result<std::string> signature_base(const http::RequestHead& request, std::string_view scheme,
                                         const MessageSignature& signature);

// Is one of the digests in Content-Digest (RFC 9530), in whatever lines it comes, that of `body`? False, too,
// if there is none that is known here (sha-256, sha-512), or if one of those known is wrong.
bool digest_fits(const http::Fields& fields, std::string_view body);

}  // namespace sluice::chain
