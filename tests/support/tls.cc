// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <mutex>

#include <openssl/x509v3.h>

namespace sluice::test {
namespace {

// As recv(2) and send(2) would say it.
long as_result(SSL* ssl, int result, std::size_t moved) {
  if (result == 1) return static_cast<long>(moved);
  int why = SSL_get_error(ssl, result);
  ERR_clear_error();
  if (why == SSL_ERROR_ZERO_RETURN) return 0;
  errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
  return -1;
}

// A test may send from one thread and receive in another, which OpenSSL's connections know nothing of.
class Layer final : public SocketLayer {
 public:
  explicit Layer(net::SslPtr ssl) : ssl_(std::move(ssl)) {}
  long send(const char* from, std::size_t size) override {
    std::lock_guard lock(mutex_);
    std::size_t n = 0;
    int result = SSL_write_ex(ssl_.get(), from, size, &n);
    return as_result(ssl_.get(), result, n);
  }
  long receive(char* into, std::size_t size) override {
    std::lock_guard lock(mutex_);
    std::size_t n = 0;
    int result = SSL_read_ex(ssl_.get(), into, size, &n);
    return as_result(ssl_.get(), result, n);
  }
  void end() override {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

 private:
  std::mutex mutex_;
  net::SslPtr ssl_;
};

// Until the handshake is done; "" or why it failed.
std::string shake(Socket& socket, SSL* ssl) {
  for (;;) {
    int result = SSL_do_handshake(ssl);
    if (result == 1) return {};
    int why = SSL_get_error(ssl, result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      std::string text = why == SSL_ERROR_SYSCALL ? "closed" : net::openssl_reason();
      ERR_clear_error();
      return text;
    }
    pollfd entry{socket.fd(), static_cast<short>(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
    if (::poll(&entry, 1, static_cast<int>(kPatience.count())) == 0) return "overdue";
  }
}

void use(SSL_CTX* context, const Issued& identity) {
  auto c = identity.load();
  SSL_CTX_use_certificate(context, c.leaf.get());
  SSL_CTX_use_PrivateKey(context, c.key.get());
}

void believe(SSL_CTX* context, const std::string& pem) {
  auto all = net::parse_certificates(pem);
  for (const auto& ca : *all) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get());
    SSL_CTX_add_client_CA(context, ca.get());
  }
}

int choose_h2(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
              unsigned offered_size, void* /*argument*/) {
  static constexpr unsigned char kH2[] = "\2h2";
  unsigned char* out = nullptr;
  if (SSL_select_next_proto(&out, size, kH2, 3, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

int nonblocking(Socket& socket) {
  ::fcntl(socket.fd(), F_SETFL, ::fcntl(socket.fd(), F_GETFL) | O_NONBLOCK);
  return socket.fd();
}

}  // namespace

std::string secure(Socket& socket, const TlsWishes& wishes, SSL** out) {
  if (!socket.open()) return "no connection";
  net::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (wishes.identity) use(context.get(), *wishes.identity);
  if (!wishes.ca.empty()) believe(context.get(), wishes.ca);
  if (!wishes.ca.empty()) SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (wishes.max_version) SSL_CTX_set_max_proto_version(context.get(), wishes.max_version);
  net::SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), nonblocking(socket));
  SSL_set_connect_state(ssl.get());
  if (!wishes.host.empty()) {
    SSL_set_tlsext_host_name(ssl.get(), wishes.host.c_str());
    SSL_set1_host(ssl.get(), wishes.host.c_str());
  }
  if (!wishes.alpn.empty())
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(wishes.alpn.data()),
                        static_cast<unsigned>(wishes.alpn.size()));
  if (wishes.session) SSL_set_session(ssl.get(), wishes.session.get());
  if (wishes.then) wishes.then(ssl.get());
  auto failure = shake(socket, ssl.get());
  if (!failure.empty()) {
    socket.close();
    return failure;
  }
  if (out) *out = ssl.get();
  socket.put_on(std::make_unique<Layer>(std::move(ssl)));
  return {};
}

TlsClient::Made TlsClient::make(std::uint16_t port, const TlsWishes& wishes) {
  Made made;
  made.socket = Socket::connect(port);
  made.failure = secure(made.socket, wishes, &made.ssl);
  return made;
}

TlsClient::TlsClient(std::uint16_t port, const TlsWishes& wishes) : TlsClient(make(port, wishes)) {}

TlsClient::TlsClient(Made made)
    : RawClient(std::move(made.socket)), failure_(std::move(made.failure)), ssl_(made.ssl) {}

std::string TlsClient::server() const {
  return ssl_ ? net::subject(SSL_get0_peer_certificate(ssl_)).substr(5) : failure_;
}

std::shared_ptr<SSL_SESSION> TlsClient::session() const {
  return ssl_ ? std::shared_ptr<SSL_SESSION>(SSL_get1_session(ssl_), SSL_SESSION_free) : nullptr;
}

TlsAcceptor::TlsAcceptor(const TlsService& service) : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  use(context_.get(), service.certificate);
  SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("test"), 4);
  if (service.max_version) SSL_CTX_set_max_proto_version(context_.get(), service.max_version);
  if (service.h2) SSL_CTX_set_alpn_select_cb(context_.get(), choose_h2, nullptr);
  if (service.client_ca.empty()) return;
  believe(context_.get(), service.client_ca);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

bool TlsAcceptor::secure(Socket& socket, std::string* sni, bool* resumed) const {
  net::SslPtr ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), nonblocking(socket));
  SSL_set_accept_state(ssl.get());
  if (!shake(socket, ssl.get()).empty()) {
    socket.close();
    return false;
  }
  const char* name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
  if (sni) *sni = name ? name : "";
  if (resumed) *resumed = SSL_session_reused(ssl.get());
  socket.put_on(std::make_unique<Layer>(std::move(ssl)));
  return true;
}

}  // namespace sluice::test
