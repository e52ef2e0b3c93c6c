// SPDX-License-Identifier: Apache-2.0
// Request and Response as a test sees them, and MessageReader, which reads them from a socket. It shares no
// code with the gateway and is strict, so that it is a second opinion on what the gateway sends: whatever is
// malformed is named in Message::fault.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/socket.h"

namespace sluice::test {

struct Line {
  std::string name, value;
  bool operator==(const Line&) const = default;
};

bool same_name(std::string_view a, std::string_view b) noexcept;

struct Message {
  std::string start;         // the start line
  std::vector<Line> fields;  // spelled and ordered as received
  std::string body;          // without its framing
  std::vector<Line> trailers;
  std::string head;          // as received, with the empty line
  std::string raw;           // all of it as received
  bool complete = false;     // up to its end, wherever the framing says that is
  bool until_close = false;  // the end of the connection ended it
  bool chunked = false;
  std::string fault;  // "" if it is well-formed as far as it goes

  bool has(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  // Of the first line of that name; "" without one.
  std::string value(std::string_view name) const;
};

struct Request : Message {
  std::string method, target, version;
};

struct Response : Message {
  std::string version;
  int status = 0;
  std::string phrase;
};

std::ostream& operator<<(std::ostream& out, const Message& message);

class MessageReader {
 public:
  // `on_bytes` sees everything that is received. Both must outlive the reader.
  explicit MessageReader(Socket& from, std::function<void(std::string_view)> on_bytes = {})
      : from_(&from), on_bytes_(std::move(on_bytes)) {}

  // Start line and fields; false, with what there is, if the connection ends before.
  bool head(Request& out);
  bool head(Response& out);
  void body(Request& out);
  // `method`: of the request that it answers.
  void body(Response& out, std::string_view method);

  // Takes exactly n bytes, fewer at the end of the connection.
  std::string take(std::size_t n);
  // Takes everything to the end of the connection.
  std::string rest();
  // Is there another byte? Waits for one or for the end.
  bool more();

 private:
  bool fill();
  bool lines(Message& out);
  bool line(Message& out, std::string& to);
  bool field_lines(Message& out, std::vector<Line>& to);
  void take_into(Message& out, std::size_t n);
  void chunks(Message& out);
  void frame(Message& out, bool none);

  Socket* from_;
  std::function<void(std::string_view)> on_bytes_;
  std::string buffer_;
  std::size_t used_ = 0;  // of the buffer
};

}  // namespace sluice::test
