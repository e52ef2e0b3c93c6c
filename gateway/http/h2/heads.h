// SPDX-License-Identifier: Apache-2.0
// Between the field lines of HTTP/2 and heads: all of RFC 9113 section 8 about what a message may look like,
// as strict as the h1 parser is, so that nothing that arrives as HTTP/2 can mean something else when it
// leaves as HTTP/1. Used by both sides. Does no I/O and no HPACK.
//
// Read lines are copied into the arena as "name: value CRLF" side by side, which lets the h1 writer copy runs
// of them in one piece.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "gateway/base/result.h"
#include "gateway/http/head.h"

namespace sluice::http::h2 {

// What a head says about its body.
struct Control {
  Framing framing;  // chunked: a body whose length is not known
  bool expect_continue = false;
};

// Reads the lines of one field section, as they come. What is wrong is kept and told at the end; the first
// fault counts.
class SectionReader {
 public:
  // `limits` and `out` must outlive the reader. `fault`: the reason of everything malformed (bad_request or
  // response_invalid).
  SectionReader(const HeadLimits& limits, Fields& out, base::Reason fault) noexcept
      : limits_(&limits), out_(&out), fault_(fault) {}

  // False: so far beyond the limits that the rest is not worth reading.
  bool add(std::string_view name, std::string_view value);
  // Not only refused, but no HTTP/2 message at all (RFC 9113 section 8.1.1): the stream is to be reset.
  bool malformed() const noexcept { return malformed_; }

 protected:
  // The pseudo-header fields; others are unknown and malformed.
  enum Pseudo : std::uint8_t { method, scheme, authority, path, protocol, status, none };
  std::string_view value(Pseudo p) const noexcept { return pseudo_[p]; }
  bool has(Pseudo p) const noexcept { return (seen_ & 1U << p) != 0; }
  void allow(std::initializer_list<Pseudo> pseudo) noexcept {
    for (Pseudo p : pseudo) allowed_ |= 1U << p;
  }
  // Is there a field that programs behind may take for another, as `_` and `-` are the same to them?
  bool has_lookalikes() const noexcept { return lookalikes_; }
  // Is there an unknown one whose name begins with "X-Forwarded-"?
  bool has_claims() const noexcept { return claims_; }
  // Keeps the first fault.
  void refuse(base::Reason reason, std::string_view detail);
  void malform(std::string_view detail) {
    if (!failed_) malformed_ = true;
    refuse(fault_, detail);
  }
  // The fault, if there is one, and what Content-Length says about a body that is there unless `ended`.
  base::Result<Framing> finish_section(bool ended);
  std::optional<std::uint64_t> length() const noexcept {
    return lengths_ ? std::optional(length_) : std::nullopt;
  }
  Fields& out() const noexcept { return *out_; }
  base::Result<void> outcome() const;

 private:
  void add_pseudo(std::string_view name, std::string_view value);
  void add_field(std::string_view name, std::string_view value);
  void judge(FieldId id, std::string_view name, std::string_view value);
  void judge_lookalike(std::string_view name);

  const HeadLimits* limits_;
  Fields* out_;
  base::Reason fault_;
  base::Reason reason_ = base::Reason::none;
  std::string_view detail_;
  bool failed_ = false;
  bool malformed_ = false;
  bool regular_ = false;  // a field that is no pseudo-header field has been seen
  std::uint8_t allowed_ = 0;
  std::uint8_t seen_ = 0;
  bool lookalikes_ = false;
  bool claims_ = false;
  std::uint8_t lengths_ = 0;  // lines of Content-Length
  std::size_t size_ = 0;
  std::size_t lines_ = 0;
  std::uint64_t length_ = 0;
  std::string_view pseudo_[none];
};

class RequestReader final : public SectionReader {
 public:
  RequestReader(const HeadLimits& limits, RequestHead& out) noexcept
      : SectionReader(limits, out.fields, base::Reason::bad_request), limits_(&limits), head_(&out) {
    allow({method, scheme, authority, path, protocol});
    out.version = Version::http_2;
  }
  // After the last line. `ended`: no body follows. Fills the head as h1::parse_request does; :scheme may be
  // http or https whatever the connection is, as proxies that end TLS pass on what their client named: it
  // tells the default port of the authority and nothing else. Host is always there and agrees with
  // :authority, cookie lines are joined (RFC 9113 section 8.2.3), TE is gone. CONNECT with :protocol (RFC
  // 8441) becomes what it would be over HTTP/1: a GET with an `upgrade`. Errors: bad_request, uri_too_long,
  // header_too_large, not_implemented, expectation.
  base::Result<Control> finish(bool ended);

 private:
  void read_start();
  void read_authority();
  void read_connect();
  void read_extended_connect();
  void read_target();
  bool https() const noexcept;  // by :scheme
  void join_cookies();
  void judge_expect(Control& control);

  const HeadLimits* limits_;
  RequestHead* head_;
};

class ResponseReader final : public SectionReader {
 public:
  ResponseReader(const HeadLimits& limits, ResponseHead& out) noexcept
      : SectionReader(limits, out.fields, base::Reason::response_invalid), head_(&out) {
    allow({status});
    out.version = Version::http_2;
  }
  // `request`: the method that it answers. Errors: response_invalid, upstream_protocol (101, RFC 9113 section
  // 8.6).
  base::Result<Control> finish(bool ended, Method request);

 private:
  ResponseHead* head_;
};

// A trailer section; fields that must not stand there are left out (RFC 9110 section 6.5.1).
class TrailerReader final : public SectionReader {
 public:
  TrailerReader(const HeadLimits& limits, Fields& out, base::Reason fault) noexcept
      : SectionReader(limits, out, fault) {}
  base::Result<void> finish();
};

// The bytes of a body against its Content-Length (RFC 9113 section 8.1.1).
class LengthCheck {
 public:
  void expect(const Framing& framing) noexcept {
    known_ = framing.kind != Framing::Kind::chunked;
    left_ = framing.length;
  }
  // False: more than was announced.
  bool take(std::uint64_t bytes) noexcept {
    if (!known_) return true;
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  bool complete() const noexcept { return !known_ || left_ == 0; }

 private:
  bool known_ = false;
  std::uint64_t left_ = 0;
};

// Heads as name/value pairs, in the arena; nghttp2 writes names in lower case. Connection-specific fields,
// names that are no token and control bytes in values never leave. `date`: added if there is no Date; "" for
// none.
std::span<nghttp2_nv> response_lines(const ResponseHead& head, std::string_view date);
struct RequestTarget {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  bool has_query = false;
  std::string_view protocol = {};  // not "": an extended CONNECT (RFC 8441 section 4), whatever the method
};
// `extra`: complete lines "Name: value CRLF", trusted. Host does not leave: `target` has it.
std::span<nghttp2_nv> request_lines(const RequestHead& head, const RequestTarget& target,
                                    std::string_view extra);
// False if none of them may leave.
bool submit_trailers(nghttp2_session* session, std::int32_t stream, const Fields& trailers);

}  // namespace sluice::http::h2
