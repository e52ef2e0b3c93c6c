// SPDX-License-Identifier: Apache-2.0
#include "tests/support/peer.h"

#include <cstdio>
#include <utility>

namespace sluice::test {

Peer::Peer(Socket socket, std::function<void(std::string_view)> on_bytes)
    : wire_(std::make_unique<Wire>(std::move(socket), std::move(on_bytes))) {}

bool Peer::trickle(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (!send(bytes.substr(i, 1))) return false;
  return true;
}

Response RawClient::response(std::string_view method) {
  Response out;
  if (reader().head(out)) reader().body(out, method);
  return out;
}

Response RawClient::response_head() {
  Response out;
  reader().head(out);
  return out;
}

namespace {

std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (auto part : parts) out += part;
  return out;
}

std::string length_line(std::string_view body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n";
}

}  // namespace

std::string get(std::string_view target, std::string_view lines) {
  return join({"GET ", target, " HTTP/1.1\r\nHost: test.example\r\n", lines, "\r\n"});
}

std::string post(std::string_view target, std::string_view body, std::string_view lines) {
  return join(
      {"POST ", target, " HTTP/1.1\r\nHost: test.example\r\n", lines, length_line(body), "\r\n", body});
}

std::string ok(std::string_view body, std::string_view lines) {
  return join({"HTTP/1.1 200 OK\r\n", lines, length_line(body), "\r\n", body});
}

std::string chunked(std::string_view body, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += size) {
    auto piece = body.substr(at, size);
    char head[20];
    std::snprintf(head, sizeof head, "%zx\r\n", piece.size());
    out += join({head, piece, "\r\n"});
  }
  return out + "0\r\n\r\n";
}

std::string patterned(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 2463534242u;  // Marsaglia's xorshift
  for (char& c : out) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    c = static_cast<char>('!' + state % 90);
  }
  return out;
}

}  // namespace sluice::test
