// SPDX-License-Identifier: Apache-2.0
// WireCase: what a client sends byte for byte, and all that may come of it, as one readable file. The files
// lie in tests/wire/cases/; tests/wire/seeds.py turns their bytes into seeds for the fuzzers.
//
//   # What the case is about, and which attack or section of which RFC.
//   > POST /u HTTP/1.1               the client sends the line, and CRLF
//   > Host: a.example
//   >> no line end                   ... these bytes alone
//   ! half-close                     ... and then that it sends nothing more
//   ! whole                          not repeated byte by byte: too large, or about timing
//   $ HTTP/1.1 200 OK                the upstream answers every request so; without: 200 and "METHOD target"
//   $> no line end
//   $! close                         ... and closes
//   = 400 bad_request                the client gets a response: a local reply of that reason
//   = 200 to HEAD                    ... or one of the upstream; the method is GET if not said
//   < Name: value                    it has this field line; several stand in this order
//   <! Name                          it has no such field
//   <> body                          its whole body
//   <+ Name: value                   a trailer of it
//   <? cut                           it is not complete
//   ^ POST /u HTTP/1.1               the upstream got a request; all lines of its head
//   ^ ...                            the lines that the gateway adds
//   ^> body                          its body
//   ^+ Name: value                   a trailer of it
//   ^! cut                           it got no more than a part of it, and then the end of the connection;
//                                    ^> is then all that may have come of its body
//   ^! nothing                       the upstream got nothing, although there is a response without a reason
//   = close                          the client's connection is closed; or `= keep`: it serves another
//   request
//
// Without ^ the upstream gets nothing if all responses are local replies. Escapes: \r \n \t \0 \\ \xHH, and
// \{text*N} for N times the text.
#pragma once
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct WireCase {
  struct Response {
    int status = 0;
    std::string reason;  // "" for a response of the upstream
    std::string method = "GET";
    std::vector<std::string> lines, absent, trailers;
    std::optional<std::string> body;
    bool cut = false;
  };
  struct Request {
    std::vector<std::string> head;  // with the added lines in full
    std::string body;
    std::vector<std::string> trailers;
    bool cut = false;
  };

  std::string name;  // path below the folder of all cases, without its extension
  std::string about;
  std::string sends;  // the client
  bool half_close = false, whole = false;
  std::string answer;  // the upstream; "" for what it says by itself
  bool answer_closes = false;
  std::vector<Response> responses;
  std::vector<Request> requests;
  bool no_request = false;
  bool keep = false;

  // For googletest: the name alone.
  friend void PrintTo(const WireCase& c, std::ostream* out) { *out << c.name; }
  // Throws std::invalid_argument that names the line.
  static WireCase parse(std::string name, std::string_view text);
  // Every *.wire file below `folder`, sorted by name.
  static std::vector<WireCase> all(const std::string& folder);
};

std::string unescaped(std::string_view text);

}  // namespace sluice::test
