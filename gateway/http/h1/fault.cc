// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/fault.h"

#include <string>

namespace sluice::http::h1 {
namespace {

using base::Reason;

struct Row {
  Fault fault;
  Reason request;
  Reason response;
  const char* text;
};

constexpr Reason kBad = Reason::bad_request, kLarge = Reason::header_too_large,
                 kProtocol = Reason::upstream_protocol, kInvalid = Reason::response_invalid;

constexpr Row kRows[] = {
    {Fault::incomplete, kBad, kProtocol, "the head is incomplete"},
    {Fault::excess, kBad, kProtocol, "bytes after the end of the head"},
    {Fault::method, kBad, kProtocol, "the method is not a token"},
    {Fault::target, kBad, kProtocol, "the request target holds a control character"},
    {Fault::version, kBad, kProtocol, "the start line does not name HTTP/1.0 or HTTP/1.1 in its place"},
    {Fault::status, kBad, kProtocol, "the status is not a number of three digits"},
    {Fault::reason, kBad, kProtocol, "the reason phrase holds a control character"},
    {Fault::line_end, kBad, kInvalid, "a carriage return without a line feed after it"},
    {Fault::name, kBad, kInvalid, "the field name is not a token directly before a colon"},
    {Fault::value, kBad, kInvalid, "the value holds a control character"},
    {Fault::options, kBad, kInvalid, "the value is not a list of tokens"},
    {Fault::length, kBad, kInvalid, "Content-Length is not one decimal number below 2^63"},
    {Fault::too_many, kLarge, kInvalid, "too many field lines"},
    {Fault::disguised, kBad, kInvalid,
     "a field name that servers of the CGI family take for a framing field"},
    {Fault::two_lengths, kBad, kInvalid, "more than one Content-Length"},
    {Fault::length_and_coding, kBad, kInvalid, "both Transfer-Encoding and Content-Length"},
    {Fault::old_coding, kBad, kInvalid, "Transfer-Encoding in HTTP/1.0"},
    {Fault::two_codings, kBad, kInvalid, "more than one Transfer-Encoding"},
    {Fault::coding, kBad, kInvalid, "Transfer-Encoding is not exactly \"chunked\""},
    {Fault::unknown_coding, Reason::not_implemented, kInvalid, "a transfer coding other than chunked"},
    {Fault::indispensable, kBad, kInvalid, "Connection names a field that the message cannot do without"},
    {Fault::too_many_options, kBad, kInvalid, "Connection holds too many options"},
    {Fault::body, kBad, kInvalid, "a body with TRACE or CONNECT"},
    {Fault::expectation, Reason::expectation, kInvalid, "Expect asks for something other than 100-continue"},
    {Fault::uri_length, Reason::uri_too_long, kProtocol, "the request target is too long"},
    {Fault::status_range, kBad, kProtocol, "the status is not a number from 100 to 599"},
    {Fault::unasked_switch, kBad, kProtocol, "status 101 although no upgrade was asked for"},
    {Fault::incomplete_switch, kBad, kProtocol, "status 101 without Upgrade and Connection: upgrade"},
};

bool of_one_line(Fault fault) noexcept { return fault >= Fault::line_end && fault <= Fault::length; }

}  // namespace

[[gnu::cold]] base::Unexpected explain(Fault fault, Message kind, std::size_t line) {
  for (const Row& row : kRows) {
    if (row.fault != fault) continue;
    std::string text = of_one_line(fault) ? "field line " + std::to_string(line) + ": " : "";
    return base::fail(kind == Message::request ? row.request : row.response, text + row.text);
  }
  return base::fail(Reason::internal);
}

}  // namespace sluice::http::h1
