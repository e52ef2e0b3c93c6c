// SPDX-License-Identifier: Apache-2.0
// Rules about messages that are the same in every version of HTTP, so that no version can be used to get past
// them: targets, lengths, names that pretend to be framing, and which responses have a body. Used by the h1
// and h2 codecs.
#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/http/authority.h"
#include "gateway/http/body.h"
#include "gateway/http/head.h"

namespace sluice::http {

// A method longer than this is answered with 501, as RFC 9112 section 3 recommends.
inline constexpr std::size_t kMaxMethod = 32;

// Sets path, query and has_query of `out` from a target that is a path, normalised; bad_request otherwise.
base::Result<void> read_path_and_query(std::string_view target, RequestHead& out);
// Do both name the same host and port? `default_port` is what a missing one means.
bool same_authority(const Authority& a, const Authority& b, std::uint16_t default_port) noexcept;

// The value of Content-Length. False: not one decimal number below 2^63.
bool read_length(std::string_view value, std::uint64_t& out) noexcept;
// A name like Content_Length or Content.Length, which gateways of the CGI family turn into a framing field. Not for known
// names.
bool looks_like_framing(std::string_view name) noexcept;
inline bool disguised(std::string_view name) noexcept {
  return (name.size() == 14 || name.size() == 17) && looks_like_framing(name);
}

// What proxies say of a client, which a client may not say of itself; and Proxy, which is no field at all but
// the variable HTTP_PROXY to programs behind a CGI-like server (CVE-2016-5385).
inline constexpr FieldSet kClaimsAboutClients =
    field_set(FieldId::forwarded, FieldId::x_forwarded_by, FieldId::x_forwarded_client_cert,
              FieldId::x_forwarded_for, FieldId::x_forwarded_host, FieldId::x_forwarded_port,
              FieldId::x_forwarded_prefix, FieldId::x_forwarded_proto, FieldId::x_forwarded_scheme,
              FieldId::x_forwarded_server, FieldId::x_forwarded_ssl, FieldId::x_real_ip, FieldId::proxy,
              FieldId::client_cert, FieldId::client_cert_chain);

// Of these, what a believed proxy says to the services behind and not to the gateway: it goes on as it came.
inline constexpr FieldSet kTellsServices = field_set(FieldId::x_forwarded_port, FieldId::x_forwarded_prefix);

// A name that begins like those of X-Forwarded-For and its like, in either of the spellings that some servers
// take for one: proxies write more of them than are known here.
bool begins_with_x_forwarded(std::string_view name) noexcept;
inline bool names_forwarding(std::string_view name) noexcept {
  return name.size() >= 12 && (name[0] | 0x20) == 'x' && begins_with_x_forwarded(name);
}

// Takes from a request what its peer may not say about the client: all of the above. `believed`: the peer is
// a proxy whose X-Forwarded fields are believed, so those go on that the gateway has no word of its own for.
void remove_claims(Fields& fields, bool believed) noexcept;

// May a field of this name stand in a trailer section? Not what frames, routes, authenticates or describes
// the content (RFC 9110 section 6.5.1), or tells about the client what only a gateway may tell; in neither of
// the spellings that some servers take for one.
bool allowed_in_trailers(std::string_view name) noexcept;

// May it be carried out twice, as far as its method and its fields say?
inline bool harmless_twice(const RequestHead& request) noexcept {
  return idempotent(request.method) || request.fields.has(FieldId::idempotency_key);
}

// Makes Content-Length say what this body has: whoever reads the request believes the field, whatever was
// meant when it was written. None for a body of unknown length, and for no body none but 0.
void frame_request(RequestHead& head, const Body* body);

// How a response to `request` with this body is delimited: none, length, or chunked for a body of unknown
// length, whatever the version does about it. Makes Content-Length say so.
Framing::Kind frame_response(Method request, ResponseHead& head, const Body* body);

}  // namespace sluice::http
