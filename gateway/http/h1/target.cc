// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/target.h"

#include "gateway/base/strings.h"
#include "gateway/http/semantics.h"

namespace sluice::http::h1 {
namespace {

using base::Reason;

base::Unexpected bad_target(const char* what) { return base::fail(Reason::bad_request, what); }

// What the target itself says about the authority, if it does.
struct Origin {
  std::string_view text;
  Authority authority;
  std::uint16_t default_port = 0;  // what a missing port means, here and in Host
};

// Length of "http://" or "https://" in any case at the front, 0 if neither is there.
std::size_t scheme_length(std::string_view target) noexcept {
  for (std::string_view scheme : {"http://", "https://"})
    if (base::equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

base::Result<Origin> read_absolute(RequestHead& out) {
  std::size_t scheme = scheme_length(out.target);
  if (scheme == 0) return bad_target("the request target is neither a path nor an http or https URI");
  std::string_view rest = out.target.substr(scheme);
  std::string_view text = rest.substr(0, rest.find_first_of("/?#"));
  auto authority = parse_authority(text);
  if (!authority) return std::move(authority).unexpected();
  rest.remove_prefix(text.size());

  base::Result<void> read;
  if (rest.empty()) {
    out.path = out.method == Method::options ? "*" : "/";  // RFC 9112 section 3.2.4
  } else if (rest.front() == '?') {
    read = read_path_and_query(out.fields.arena().join("/", rest), out);
  } else {
    read = read_path_and_query(rest, out);
  }
  if (!read) return std::move(read).unexpected();
  return Origin{text, *authority, static_cast<std::uint16_t>(scheme == 7 ? 80 : 443)};
}

base::Result<Origin> read_authority_form(const RequestHead& out) {
  auto authority = parse_authority(out.target);
  if (!authority) return std::move(authority).unexpected();
  if (!authority->has_port) return bad_target("the target of CONNECT has no port");
  return Origin{out.target, *authority, authority->port};
}

// Of any other target than a path. An Origin without text for "*".
base::Result<Origin> read_form(RequestHead& out) {
  if (out.method == Method::connect) return read_authority_form(out);
  if (out.target == "*") {
    if (out.method != Method::options) return bad_target("the target \"*\" is for OPTIONS only");
    out.path = "*";
    return Origin{};
  }
  return read_absolute(out);
}

}  // namespace

base::Result<void> read_target(const FieldView& head, RequestHead& out) {
  Origin origin;
  if (out.target.front() == '/' && out.method != Method::connect) {  // nearly always
    auto read = read_path_and_query(out.target, out);
    if (!read) return std::move(read).unexpected();
  } else {
    auto form = read_form(out);
    if (!form) return std::move(form).unexpected();
    origin = *form;
  }
  if (head.repeats(FieldId::host)) return bad_target("more than one Host");
  if (!head.has(FieldId::host)) {
    if (out.version != Version::http_1_0) return bad_target("no Host");
    out.authority = origin.text;
    out.host = normalise_host(origin.authority.host, out.fields.arena());
    return {};
  }
  auto host = parse_authority(head.host);
  if (!host) return std::move(host).unexpected();
  // RFC 9112 section 3.2.2 lets the target win; but a client must send the same in both (section 3.2), and
  // whoever does not is aiming at a server that reads the other one.
  if (!origin.text.empty() && !same_authority(origin.authority, *host, origin.default_port))
    return bad_target("the request target and Host disagree");
  out.authority = origin.text.empty() ? head.host : origin.text;
  out.host = host->normal ? host->host : normalise_host(host->host, out.fields.arena());
  return {};
}

}  // namespace sluice::http::h1
