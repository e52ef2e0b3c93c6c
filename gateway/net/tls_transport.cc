// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/net/system_call.h"

namespace sluice::net {

// The BIO of OpenSSL 3.0: four functions and what they are called with.
struct TlsBio {
  static int read(BIO* bio, char* into, int size) noexcept {
    BIO_clear_retry_flags(bio);
    int n = of(bio).receive(into, static_cast<std::size_t>(size));
    if (n == kLater) BIO_set_retry_read(bio);
    return n == kLater ? -1 : n;
  }
  static int write(BIO* bio, const char* from, int size) noexcept {
    BIO_clear_retry_flags(bio);
    if (of(bio).send(from, static_cast<std::size_t>(size))) return size;
    if (!of(bio).error_) BIO_set_retry_write(bio);
    return -1;
  }
  static long control(BIO* /*bio*/, int what, long /*number*/, void* /*pointer*/) noexcept {
    return what == BIO_CTRL_FLUSH ? 1 : 0;
  }
  static TlsTransport& of(BIO* bio) noexcept { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }
  static BIO* make(TlsTransport& transport) noexcept {
    static const auto* method = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    BIO* bio = BIO_new(method);
    if (!bio) return nullptr;
    BIO_set_data(bio, &transport);
    BIO_set_init(bio, 1);
    return bio;
  }
  static constexpr int kLater = -2;
};

TlsTransport::TlsTransport(Loop& loop, Transport& plain, SslPtr ssl) noexcept
    : Transport(loop.wheel()), loop_(&loop), ssl_(std::move(ssl)) {
  // What was told about the socket before is told again, but not before the next round.
  readable_ = can_read_ = plain.readable(base::Duration::zero()).await_ready();
  hung_up_ = plain.hung_up();
  fd_ = plain.release();
  BIO* bio = TlsBio::make(*this);
  if (bio) SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  // Registered anew, so that the system tells again what it has told the plain transport.
  writable_ = true;
  can_write_ = true;
  registered_ = fd_ >= 0 && bio && loop.move(fd_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

TlsTransport::~TlsTransport() {
  if (established_ && !goodbye_said_ && !error_ && !unsent()) SSL_shutdown(ssl_.get());
  // OpenSSL would take a session for broken whose connection ended without farewells.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ERR_clear_error();
  ssl_.reset();
  if (fd_ < 0) return;
  loop_->remove(fd_, *this);
  ::close(fd_);
}

void TlsTransport::on_events(std::uint32_t events) noexcept {
  if (lent_) {
    noted_ |= events;
    return;
  }
  if (events & EPOLLERR) broke_ = true;  // as in TcpTransport
  bool hangup = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
  bool dead = events & (EPOLLHUP | EPOLLERR);
  bool read = hangup || events & EPOLLIN;
  bool write = dead || events & EPOLLOUT;
  readable_ = readable_ || read;
  writable_ = writable_ || write;
  if (write && unsent() && !flush() && !error_) write = false;
  became_ready(read, write, hangup);
}

int TlsTransport::release() noexcept {
  loop_->remove_shared(fd_, *this);
  return std::exchange(fd_, -1);
}

// --- What the BIO does.

int TlsTransport::receive(char* into, std::size_t size) noexcept {
  // OpenSSL takes all that comes before the next byte of the stream without coming back, so a peer that sends
  // only renewals of keys would keep the worker for itself.
  if (silent_ > kSilence && established_) {
    error_ = EPROTO;
    return -1;
  }
  while (readable_) {
    ssize_t n = net::receive(fd_, into, size, MSG_DONTWAIT);
    if (n > 0) {
      if (first_size_ < sizeof first_) [[unlikely]]
        note_first({into, static_cast<std::size_t>(n)});
      received_ += static_cast<std::size_t>(n);
      silent_ += static_cast<std::size_t>(n);
      // As in TcpTransport: a short read has emptied the socket, unless its end was announced.
      if (static_cast<std::size_t>(n) < size && !hung_up_) readable_ = false;
      return static_cast<int>(n);
    }
    if (n == 0) {
      ended_ = true;
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      readable_ = false;
      break;
    }
    error_ = errno;
    return -1;
  }
  return TlsBio::kLater;
}

void TlsTransport::note_first(std::string_view bytes) noexcept {
  first_size_ += static_cast<std::uint8_t>(bytes.copy(first_ + first_size_, sizeof first_ - first_size_));
}

// False when there is no room to keep it, or on an error of the socket.
bool TlsTransport::send(const char* from, std::size_t size) noexcept {
  if (error_) return false;
  if (joining_ || unsent()) return keep(from, size);
  std::size_t n = send_now(from, size);
  if (error_) return false;
  return n == size || keep(from + n, size - n);
}

std::size_t TlsTransport::send_now(const char* from, std::size_t size) noexcept {
  while (writable_) {
    ssize_t n = net::send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      if (static_cast<std::size_t>(n) < size) writable_ = false;
      return static_cast<std::size_t>(n);
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      writable_ = false;
    } else {
      error_ = errno;
    }
    break;
  }
  return 0;
}

bool TlsTransport::keep(const char* from, std::size_t size) noexcept {
  if (out_end_ + size > out_.size()) {
    if (lent_ || out_end_ + size > BufferPool::kBody) return false;
    Buffer larger = out_end_ + size > BufferPool::kHead ? loop_->buffers().body() : loop_->buffers().head();
    if (out_end_) std::memcpy(larger.data(), out_.data(), out_end_);
    out_ = std::move(larger);
  }
  std::memcpy(out_.data() + out_end_, from, size);
  out_end_ += static_cast<std::uint32_t>(size);
  return true;
}

// True when nothing is left to be sent.
bool TlsTransport::flush() noexcept {
  if (unsent())
    out_begin_ += static_cast<std::uint32_t>(send_now(out_.data() + out_begin_, out_end_ - out_begin_));
  if (unsent()) return false;
  out_begin_ = out_end_ = 0;
  out_.release();
  if (end_when_flushed_) end_stream();
  return true;
}

// --- The stream.

Io TlsTransport::try_read(std::span<char> into) noexcept {
  if (!can_read_) return {Io::Kind::again, 0, 0};
  std::size_t got = 0;
  received_ = 0;
  // A call gives one record at most, and costs most of its time even when there is none.
  do {
    std::size_t n = 0;
    int result = SSL_read_ex(ssl_.get(), into.data() + got, into.size() - got, &n);
    if (result != 1) {
      Io io = read_failed(result);
      // What has been read comes first; what ended the reading is found again by the next call.
      return got ? Io{Io::Kind::moved, got, 0} : io;
    }
    got += n;
    silent_ = 0;
    // Tiny records are not opened by the thousand before others have their turn.
  } while (got < into.size() && received_ <= into.size() + kRecord &&
           (readable_ || SSL_has_pending(ssl_.get())));
  // OpenSSL may hold decrypted or received bytes of which the socket will never tell.
  can_read_ = readable_ || SSL_has_pending(ssl_.get());
  return {Io::Kind::moved, got, 0};
}

Io TlsTransport::read_failed(int result) noexcept {
  int why = SSL_get_error(ssl_.get(), result);
  if (why != SSL_ERROR_WANT_READ) ERR_clear_error();
  switch (why) {
    case SSL_ERROR_WANT_READ:
      can_read_ = false;
      return {Io::Kind::again, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
      hung_up_ = true;
      return {Io::Kind::closed, 0, 0};
    default:
      break;
  }
  // An end without close_notify may be anybody's doing: a body that lasts until the end is then not complete
  // (RFC 9112 section 9.8), so it is no `closed`. What else may come here: alerts, forged or broken records,
  // and one that makes us answer (KeyUpdate) while it reads nothing.
  if (!error_) error_ = ended_ ? ECONNRESET : EPROTO;
  hung_up_ = true;
  return {Io::Kind::failed, 0, error_};
}

bool TlsTransport::seal(const char* from, std::size_t size, bool last) noexcept {
  joining_ = !last;
  std::size_t n = 0;
  int result = SSL_write_ex(ssl_.get(), from, size, &n);
  joining_ = false;
  if (result == 1) return true;
  ERR_clear_error();
  if (!error_) error_ = EPROTO;
  return false;
}

namespace {

// The plaintext of one try_write, record by record. Pieces that are no record by themselves are joined:
// sealing costs more for each record than copying does.
class Records {
 public:
  Records(std::span<const iovec> from, std::size_t skip, BufferPool& pool) noexcept
      : from_(from), pool_(pool) {
    skip_used(skip);
  }
  bool done() const noexcept { return from_.empty(); }
  std::span<const char> next(std::size_t at_most) noexcept {
    std::span<const char> front = rest().first(std::min(at_most, rest().size()));
    if (front.size() == at_most || from_.size() == 1) {
      skip_used(front.size());
      return front;
    }
    if (!joined_) joined_ = pool_.head();
    std::size_t n = 0;
    while (n < at_most && !from_.empty()) {
      std::size_t size = std::min(at_most - n, rest().size());
      std::memcpy(joined_.data() + n, rest().data(), size);
      n += size;
      skip_used(size);
    }
    return {joined_.data(), n};
  }

 private:
  std::span<const char> rest() const noexcept {
    return {static_cast<const char*>(from_.front().iov_base) + used_, from_.front().iov_len - used_};
  }
  void skip_used(std::size_t n) noexcept {
    used_ += n;
    while (!from_.empty() && used_ >= from_.front().iov_len) {
      used_ -= from_.front().iov_len;
      from_ = from_.subspan(1);
    }
  }
  std::span<const iovec> from_;
  std::size_t used_ = 0;  // of the first piece
  BufferPool& pool_;
  Buffer joined_;
};

}  // namespace

Io TlsTransport::try_write(std::span<const iovec> from) noexcept {
  if (error_) return {Io::Kind::failed, 0, error_};
  if (!can_write_) return {Io::Kind::again, 0, 0};
  // Records of before, such as those of the handshake, leave together with these unless there are many.
  if (unsent() && (owed_ || out_end_ > kRecord / 2) && !flush()) {
    can_write_ = false;
    return {error_ ? Io::Kind::failed : Io::Kind::again, 0, error_};
  }
  std::size_t moved = std::exchange(owed_, 0);
  Records records(from, moved, loop_->buffers());
  std::size_t room = kBulk;
  while (room && !records.done()) {
    auto record = records.next(std::min(room, kRecord));
    room -= record.size();
    bool last = room == 0 || records.done();
    if (!seal(record.data(), record.size(), last)) return {Io::Kind::failed, 0, error_};
    moved += record.size();
  }
  if (!flush()) {
    if (error_) return {Io::Kind::failed, 0, error_};
    // The last byte counts as moved when everything has left: whoever has written all may close.
    can_write_ = false;
    owed_ = 1;
    --moved;
  }
  if (!moved) return {Io::Kind::again, 0, 0};
  return {Io::Kind::moved, moved, 0};
}

void TlsTransport::shutdown_write() noexcept {
  if (goodbye_said_) return;
  goodbye_said_ = true;
  if (established_ && !error_) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    end_when_flushed_ = true;
    flush();
  } else {
    ::shutdown(fd_, SHUT_WR);
  }
}

void TlsTransport::end_stream() noexcept {
  end_when_flushed_ = false;
  ::shutdown(fd_, SHUT_WR);
}

// Without close_notify, which would make a broken response look complete.
void TlsTransport::reset_on_close() noexcept {
  goodbye_said_ = true;
  linger l{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

// --- The handshake.

TlsTransport::Step TlsTransport::handshake(bool slowly) noexcept {
  // A flight of records leaves in one send. On another thread nothing is sent: the pool is the worker's, and
  // so are its events.
  joining_ = true;
  slowly_ = slowly;
  int result = SSL_do_handshake(ssl_.get());
  joining_ = false;
  int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  switch (why) {
    case SSL_ERROR_NONE:
      established();
      return Step::done;
    case SSL_ERROR_WANT_READ:
      return Step::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::wants_write;
    case SSL_ERROR_WANT_X509_LOOKUP:
      return Step::slow;
    default:
      break;
  }
  if (ended_ || error_) {
    ERR_clear_error();
    return Step::closed;
  }
  if (failure_.empty()) {
    failure_ = openssl_reason();
    long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) failure_ += std::string(": ") + X509_verify_cert_error_string(verified);
  } else {
    ERR_clear_error();
  }
  return Step::failed;
}

void TlsTransport::established() noexcept {
  ERR_clear_error();  // such as those of a ticket that could not be opened
  established_ = true;
  silent_ = 0;
  facts_.version = SSL_get_version(ssl_.get());
  facts_.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_.get()));
  facts_.resumed = SSL_session_reused(ssl_.get());
  const char* sni = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (sni) facts_.sni = sni;
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &alpn, &size);
  std::string_view chosen(reinterpret_cast<const char*>(alpn), size);
  facts_.alpn = chosen == "h2" ? Alpn::h2 : chosen == "http/1.1" ? Alpn::http_1_1 : Alpn::none;
}

void TlsTransport::settle(Step step) noexcept {
  bool more = readable_ || SSL_has_pending(ssl_.get());
  // What the handshake ends with (tickets) leaves with the first answer if the question is here already.
  if (step != Step::done || !more) flush();
  can_read_ = step == Step::done ? more : readable_;
  can_write_ = !unsent() || (writable_ && step == Step::done);
}

void TlsTransport::lend() {
  if (out_.size() < BufferPool::kBody) {
    Buffer larger = loop_->buffers().body();
    if (out_end_) std::memcpy(larger.data(), out_.data(), out_end_);
    out_ = std::move(larger);
  }
  lent_ = true;
}

void TlsTransport::take_back() noexcept {
  lent_ = false;
  if (!unsent()) out_.release();
  if (noted_) on_events(std::exchange(noted_, 0));
}

}  // namespace sluice::net
