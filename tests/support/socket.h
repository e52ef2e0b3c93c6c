// SPDX-License-Identifier: Apache-2.0
// Socket: one TCP socket on the loopback, or a Unix one, in the simple blocking way, for the clients and
// upstreams of tests. Every wait ends when something happens, or after kPatience: then the test is broken and
// fails instead of hanging. One thread at a time; another one may only ring the bell.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::test {

// The longest that a test waits for anything.
inline constexpr std::chrono::milliseconds kPatience{30'000};

// Wakes whoever waits on a Socket that listens for it. Any thread.
class Bell {
 public:
  Bell();
  Bell(const Bell&) = delete;
  ~Bell();
  // Rings from now on.
  void ring() noexcept;
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

// How the other side ended the connection, as far as it has been read.
enum class End : unsigned char {
  open,
  closed,   // it sends nothing more
  reset,    // the connection broke
  overdue,  // it neither sent nor closed within kPatience
  rung      // our own bell rang
};

// What stands between a Socket and the bytes that its owner means: TLS. Calls are like send(2) and recv(2) on
// a non-blocking socket.
class SocketLayer {
 public:
  virtual ~SocketLayer() = default;
  virtual long send(const char* from, std::size_t size) = 0;
  virtual long receive(char* into, std::size_t size) = 0;
  // Says that nothing more will be sent.
  virtual void end() = 0;
};

class Socket {
 public:
  Socket() = default;
  // Takes over a descriptor. `bell`, if any, must outlive the socket.
  explicit Socket(int fd, const Bell* bell = nullptr) noexcept;
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  // To 127.0.0.1. `receive_buffer`: bytes that the kernel keeps for us at most, 0 for its default. Not open()
  // when nobody listens.
  static Socket connect(std::uint16_t port, int receive_buffer = 0);
  // To a Unix socket.
  static Socket connect(const std::string& path);
  // On a Unix socket of that path.
  static Socket listen(const std::string& path, const Bell* bell, int backlog = 1024);
  // A port of the system's choice that nobody else gets while this lives. Connecting is refused, unless
  // listen().
  static Socket reserve();
  // On a reserved port. `backlog`: one connection more than that may wait to be accepted; further ones are
  // neither made nor refused.
  static Socket listen(std::uint16_t port, const Bell* bell, int backlog = 1024);
  // The next connection to a listening socket; not open() when its bell rang. `bell`: of the new socket.
  Socket accept(const Bell* bell);

  // From now on bytes pass through it.
  void put_on(std::unique_ptr<SocketLayer> layer) noexcept { layer_ = std::move(layer); }
  int fd() const noexcept { return fd_; }
  bool open() const noexcept { return fd_ >= 0; }
  std::uint16_t port() const noexcept;  // our own
  // Everything, waiting for room. False once the other side is gone.
  bool send(std::string_view bytes);
  // As much as fits; 0 when there is no room for a while, so that the other side seems not to read, or is
  // gone.
  std::size_t send_some(std::string_view bytes);
  // Appends what has arrived, at least one byte, waiting for it. False at the end: see end().
  bool receive(std::string& to);
  End end() const noexcept { return end_; }
  // Sends nothing more.
  void half_close() noexcept;
  void close() noexcept;
  // Closes so that the other side sees a reset.
  void reset() noexcept;

 private:
  static Socket bind(std::uint16_t port, const Bell* bell);
  // False after `patience` or when the bell rings.
  bool wait(short events, std::chrono::milliseconds patience = kPatience) noexcept;

  int fd_ = -1;
  const Bell* bell_ = nullptr;
  std::unique_ptr<SocketLayer> layer_;
  End end_ = End::open;
};

}  // namespace sluice::test
