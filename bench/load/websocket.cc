// SPDX-License-Identifier: Apache-2.0
// WebSocket load and the service behind it (RFC 6455), for what wrk cannot ask. Each connection of the load
// has one message under way: it sends it masked, as clients must, and the next one when the echo has come
// back whole.
//
// Usage: websocket serve PORT
//        websocket ask PORT MESSAGE_BYTES SECONDS CONNECTIONS
// Prints of `ask`: echoed failed p50 p99 max        (round trips, in microseconds)
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/common.h"

namespace {

// One binary frame that is a whole message, at its front; of at most 64 KiB.
struct Frame {
  std::size_t head = 0, body = 0;  // bytes
  const char* mask = nullptr;      // null: none

  // Nullopt-like: head is 0 while the head is not there.
  static Frame read(std::string_view bytes) {
    if (bytes.size() < 2) return {};
    auto second = static_cast<unsigned char>(bytes[1]);
    Frame f{2, second & 0x7fU, nullptr};
    if (f.body == 126) {
      if (bytes.size() < 4) return {};
      f.body = static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) << 8 |
               static_cast<unsigned char>(bytes[3]);
      f.head = 4;
    }
    if ((second & 0x80U) != 0) {
      if (bytes.size() < f.head + 4) return {};
      f.mask = bytes.data() + f.head;
      f.head += 4;
    }
    return f;
  }
};

void write_head(std::string& out, std::size_t size, bool masked) {
  const auto bit = static_cast<char>(masked ? 0x80 : 0);
  out += static_cast<char>(0x82);
  if (size < 126) {
    out += static_cast<char>(bit | static_cast<char>(size));
  } else {
    out += static_cast<char>(bit | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  }
}

// What Sec-WebSocket-Accept says to a key.
std::string accept_of(std::string_view key) {
  std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE], encoded[2 * EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) fail("SHA-1");
  int length = EVP_EncodeBlock(encoded, digest, static_cast<int>(size));
  return {reinterpret_cast<char*>(encoded), static_cast<std::size_t>(length)};
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // its end will be read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

struct Connection {
  int fd = -1;
  bool open = false;  // the switch of protocols is over
  Nanoseconds asked = 0;
  std::string in;
};

// False at the end of the connection.
bool receive(Connection& c) {
  static char buffer[65536];
  ssize_t got = read(c.fd, buffer, sizeof buffer);
  if (got <= 0) return false;
  c.in.append(buffer, static_cast<std::size_t>(got));
  return true;
}

// --- the service

void switch_over(Connection& c) {
  auto end = c.in.find("\r\n\r\n");
  if (end == std::string::npos) return;
  std::string_view head(c.in.data(), end + 2);
  constexpr std::string_view kName = "sec-websocket-key: ";
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch; });
  auto at = lower.find(kName);
  if (at == std::string::npos) {
    send_all(c.fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  } else {
    auto begin = at + kName.size();
    send_all(c.fd,
             "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
             "websocket\r\nSec-WebSocket-Accept: " +
                 accept_of(head.substr(begin, head.find('\r', begin) - begin)) + "\r\n\r\n");
    c.open = true;
  }
  c.in.erase(0, end + 4);
}

void echo(Connection& c) {
  std::string out;
  std::size_t used = 0;
  for (;;) {
    std::string_view rest = std::string_view(c.in).substr(used);
    Frame f = Frame::read(rest);
    if (f.head == 0 || rest.size() < f.head + f.body) break;
    write_head(out, f.body, false);
    for (std::size_t i = 0; i < f.body; ++i)
      out += static_cast<char>(rest[f.head + i] ^ (f.mask ? f.mask[i % 4] : 0));
    used += f.head + f.body;
  }
  c.in.erase(0, used);
  send_all(c.fd, out);
}

int serve(std::uint16_t port) {
  int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(port);
  if (bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (listen(listening, 4096) != 0) fail("listen");
  int epoll = epoll_create1(0);
  epoll_event of_listening{.events = EPOLLIN, .data = {.ptr = nullptr}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &of_listening);
  for (;;) {
    epoll_event ready[256];
    int count = epoll_wait(epoll, ready, 256, -1);
    for (int i = 0; i < count; ++i) {
      auto* c = static_cast<Connection*>(ready[i].data.ptr);
      if (!c) {
        auto fresh = std::make_unique<Connection>();
        fresh->fd = accept(listening, nullptr, nullptr);
        if (fresh->fd >= 0) {
          watch(epoll, fresh->fd, fresh.get());
          fresh.release();
        }
        continue;
      }
      if (!receive(*c)) {
        close(c->fd);
        delete c;
        continue;
      }
      if (!c->open) switch_over(*c);
      if (c->open) echo(*c);
    }
  }
}

// --- the load

class Load {
 public:
  Load(std::uint16_t port, std::size_t size, int connections)
      : port_(port), size_(size), connections_(static_cast<std::size_t>(connections)) {
    constexpr std::string_view kMask = "\x12\x34\x56\x78";
    write_head(message_, size, true);
    message_ += kMask;
    for (std::size_t i = 0; i < size; ++i) message_ += static_cast<char>('a' ^ kMask[i % 4]);
  }

  void run(double seconds) {
    epoll_ = epoll_create1(0);
    for (auto& c : connections_) open(c);
    Nanoseconds end = now() + static_cast<Nanoseconds>(seconds * 1e9);
    for (auto& c : connections_) ask(c);
    while (now() < end) {
      epoll_event ready[256];
      int count = epoll_wait(epoll_, ready, 256, 100);
      for (int i = 0; i < count; ++i) step(*static_cast<Connection*>(ready[i].data.ptr));
    }
  }

  void print() {
    std::sort(trips_.begin(), trips_.end());
    std::printf("%zu %zu %.1f %.1f %.1f\n", trips_.size(), failed_, quantile(trips_, 0.5),
                quantile(trips_, 0.99), quantile(trips_, 1.0));
  }

 private:
  void open(Connection& c) {
    c.fd = connect_to(port_);
    constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
    send_all(c.fd,
             "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: "
             "websocket\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: " +
                 std::string(kKey) + "\r\n\r\n");
    while (c.in.find("\r\n\r\n") == std::string::npos)
      if (!receive(c)) fail("no answer to the switch");
    if (!c.in.starts_with("HTTP/1.1 101 ") || c.in.find(accept_of(kKey)) == std::string::npos) {
      std::fprintf(stderr, "no WebSocket: %.80s\n", c.in.c_str());
      std::exit(1);
    }
    c.in.clear();
    watch(epoll_, c.fd, &c);
  }
  void ask(Connection& c) {
    c.asked = now();
    send_all(c.fd, message_);
  }
  void step(Connection& c) {
    if (!receive(c)) {
      ++failed_;
      close(c.fd);
      return;
    }
    Frame f = Frame::read(c.in);
    if (f.head == 0 || c.in.size() < f.head + f.body) return;
    bool same = f.body == size_ && c.in.size() == f.head + f.body &&
                c.in.find_first_not_of('a', f.head) == std::string::npos;
    c.in.clear();
    if (!same) ++failed_;
    trips_.push_back(now() - c.asked);
    ask(c);
  }

  int port_, epoll_ = -1;
  std::size_t size_;
  std::vector<Connection> connections_;
  std::string message_;
  std::vector<Nanoseconds> trips_;
  std::size_t failed_ = 0;
};

int usage() {
  std::fprintf(stderr,
               "usage: websocket serve PORT\n       websocket ask PORT MESSAGE_BYTES SECONDS CONNECTIONS\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 3) return serve(static_cast<std::uint16_t>(std::atoi(argv[2])));
  if (what != "ask" || argc != 6) return usage();
  auto size = static_cast<std::size_t>(std::atoi(argv[3]));
  if (size == 0 || size > 0xffff) return usage();
  Load load(static_cast<std::uint16_t>(std::atoi(argv[2])), size, std::atoi(argv[5]));
  load.run(std::atof(argv[4]));
  load.print();
}
