// SPDX-License-Identifier: Apache-2.0
// Peer: one end of a connection to the gateway, driven step by step by a test: what RawClient and
// UpstreamConnection have in common. Sends any bytes in any way; never repairs what the test wants broken.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/message.h"

namespace sluice::test {

class Peer {
 public:
  explicit Peer(Socket socket, std::function<void(std::string_view)> on_bytes = {});

  bool open() const noexcept { return wire_->socket.open(); }
  // All of it, waiting for room. False once the other side is gone.
  bool send(std::string_view bytes) { return wire_->socket.send(bytes); }
  // As much as fits now, or as soon as there is room; 0 when there is none for a while, or nobody to read it.
  std::size_t send_some(std::string_view bytes) { return wire_->socket.send_some(bytes); }
  // A byte at a time, each in a packet of its own.
  bool trickle(std::string_view bytes);
  // Sends nothing more; reading goes on.
  void half_close() noexcept { wire_->socket.half_close(); }
  void close() noexcept { wire_->socket.close(); }
  void reset() noexcept { wire_->socket.reset(); }

  // Exactly n bytes; fewer if the other side ends the connection before.
  std::string receive(std::size_t n) { return wire_->reader.take(n); }
  // Everything until the other side ends the connection.
  std::string rest() { return wire_->reader.rest(); }
  // Waits: true if the other side ends the connection, in whatever way, without another byte.
  bool ended() { return !wire_->reader.more() && (end() == End::closed || end() == End::reset); }
  // How it ended, as far as it has been read.
  End end() const noexcept { return wire_->socket.end(); }

 protected:
  MessageReader& reader() noexcept { return wire_->reader; }

 private:
  // The reader refers to the socket: they move together.
  struct Wire {
    Wire(Socket s, std::function<void(std::string_view)> on_bytes)
        : socket(std::move(s)), reader(socket, std::move(on_bytes)) {}
    Socket socket;
    MessageReader reader;
  };
  std::unique_ptr<Wire> wire_;
};

// The client's end.
class RawClient : public Peer {
 public:
  // To 127.0.0.1. `receive_buffer`: see Socket::connect.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : Peer(Socket::connect(port, receive_buffer)) {}
  // To a Unix socket.
  explicit RawClient(const std::string& path) : Peer(Socket::connect(path)) {}
  explicit RawClient(Socket socket) : Peer(std::move(socket)) {}

  // The next response, interim ones too; not complete if the connection ends before. `method`: of the request
  // that it answers.
  Response response(std::string_view method = "GET");
  // Its head alone; receive() the body.
  Response response_head();
  // send() and response().
  Response ask(std::string_view request) {
    return send(request), response(request.substr(0, request.find(' ')));
  }
};

// "GET target HTTP/1.1", Host, `lines` ("Name: value\r\n" each) and an empty line.
std::string get(std::string_view target, std::string_view lines = {});
// The same with a body of known length.
std::string post(std::string_view target, std::string_view body, std::string_view lines = {});
// "HTTP/1.1 200 OK" with a body of known length.
std::string ok(std::string_view body, std::string_view lines = {});
// `body` as chunks of at most `size` bytes, with the last chunk.
std::string chunked(std::string_view body, std::size_t size);
// Bytes that repeat late, so that a piece lost, doubled or moved shows.
std::string patterned(std::size_t size);

}  // namespace sluice::test
