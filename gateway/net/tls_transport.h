// SPDX-License-Identifier: Apache-2.0
// TlsTransport: TLS on a non-blocking socket, by OpenSSL with a BIO of our own that receives and sends
// directly: no pair of memory BIOs between them. Made from a plain transport, whose socket it takes over, and
// of use once tls_handshake.h has run. One worker's thread, but for the time in which a handshake is lent to
// a crypto thread: between lend() and take_back() nobody else may touch it, and the loop only notes events.
//
// What OpenSSL writes never has to wait inside it: what the socket does not take is kept in a buffer of the
// pool until there is room. So OpenSSL never has a record half sent, and several records leave in one send.
#pragma once
#include "gateway/net/loop.h"
#include "gateway/net/tls_facts.h"
#include "gateway/net/tls_openssl.h"
#include "gateway/net/transport.h"

namespace sluice::net {

class TlsTransport final : public Transport, private Source {
 public:
  // What one attempt to go on with the handshake came to.
  enum class Step : std::uint8_t {
    done,
    wants_read,   // wait until readable
    wants_write,  // wait until writable
    slow,         // the next step uses a key that takes long: handshake(true), on another thread
    closed,       // the other side closed the connection or the connection broke
    failed        // see failure()
  };

  // Takes the socket out of `plain`, which must be one (see Transport::release). `ssl` is set up but for its
  // BIO and its app data.
  TlsTransport(Loop& loop, Transport& plain, SslPtr ssl) noexcept;
  // Says goodbye (close_notify) unless something had failed.
  ~TlsTransport() override;
  // False when there was no socket to take over, or the loop could not watch it.
  bool registered() const noexcept { return registered_; }

  Io try_read(std::span<char> into) noexcept override;
  // What could not be sent is sealed already: the next call must go on with the next byte after those that
  // were moved.
  Io try_write(std::span<const iovec> from) noexcept override;
  // Sends close_notify and then the end of the stream.
  void shutdown_write() noexcept override;
  void reset_on_close() noexcept override;
  void break_off() noexcept override { goodbye_said_ = true; }
  // Before the handshake has sent anything; the loop does not know the socket then.
  int release() noexcept override;

  // `slowly`: steps with slow keys too.
  Step handshake(bool slowly) noexcept;
  // After each step, on the worker's thread: sends what it gave and finds out what can be waited for.
  void settle(Step step) noexcept;
  const std::string& failure() const noexcept { return failure_; }
  // Before and after handshake() runs on another thread.
  void lend();
  void take_back() noexcept;
  // Asked by the contexts' callbacks while a handshake runs.
  static TlsTransport& of(const SSL* ssl) noexcept {
    return *static_cast<TlsTransport*>(SSL_get_app_data(ssl));
  }
  bool may_be_slow() const noexcept { return slowly_; }
  bool lent() const noexcept { return lent_; }
  // A context's callback tells why it will let the handshake fail.
  void fail_because(std::string why) { failure_ = std::move(why); }

  // The first bytes that came, some of them: enough to tell what the peer speaks if not TLS.
  std::string_view first() const noexcept { return {first_, first_size_}; }

  TlsFacts& facts() noexcept { return facts_; }
  SSL* ssl() const noexcept { return ssl_.get(); }

 private:
  friend struct TlsBio;
  static constexpr std::size_t kRecord = 16 * 1024;  // RFC 8446 section 5.1
  // Plaintext that is sealed for one send: as many whole records as fit into a buffer of the pool with what
  // sealing adds to each.
  static constexpr std::size_t kBulk = 7 * kRecord;
  // Bytes that may come with no byte of the stream among them. More than session tickets and renewals of keys
  // ever take.
  static constexpr std::size_t kSilence = 4 * kRecord;

  void on_events(std::uint32_t events) noexcept override;
  void note_first(std::string_view bytes) noexcept;
  int receive(char* into, std::size_t size) noexcept;
  bool send(const char* from, std::size_t size) noexcept;
  std::size_t send_now(const char* from, std::size_t size) noexcept;
  bool keep(const char* from, std::size_t size) noexcept;
  bool flush() noexcept;
  bool unsent() const noexcept { return out_begin_ < out_end_; }
  bool seal(const char* from, std::size_t size, bool last) noexcept;
  Io read_failed(int result) noexcept;
  void established() noexcept;
  void end_stream() noexcept;

  Loop* loop_;
  SslPtr ssl_;
  int fd_ = -1;
  int error_ = 0;  // errno of the socket: it is of no use any more
  bool registered_ = false;
  bool readable_ = false, writable_ = false;  // the socket's, where can_read_ and can_write_ are the stream's
  bool ended_ = false;                        // the socket has reached its end
  bool joining_ = false;                      // more follows: keep instead of send
  bool lent_ = false;
  bool slowly_ = false;
  bool established_ = false;
  bool goodbye_said_ = false;
  bool end_when_flushed_ = false;
  std::uint8_t first_size_ = 0;
  char first_[4] = {};
  std::uint8_t owed_ = 0;     // bytes that are sealed and were not reported as moved
  std::uint32_t noted_ = 0;   // events while lent
  std::size_t received_ = 0;  // from the socket since the present or last try_read began
  std::size_t silent_ = 0;    // ... and since the last byte of the stream
  std::uint32_t out_begin_ = 0, out_end_ = 0;
  Buffer out_;  // sealed and not sent
  TlsFacts facts_;
  std::string failure_;
};

}  // namespace sluice::net
