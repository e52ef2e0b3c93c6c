// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/session.h"

#include <sys/socket.h>

#include <functional>
#include <utility>

#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "gateway/net/address.h"

namespace sluice::admin {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

namespace {

constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::size_t kWorthSending = 16 * 1024;

template <class Message>
void set_fields(Message& message, const Reply& reply, bool keep_alive) {
  message.result(static_cast<unsigned>(reply.status));
  message.set(beast_http::field::content_type, {reply.content_type.data(), reply.content_type.size()});
  message.set(beast_http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (!reply.challenge.empty())
    message.set(beast_http::field::www_authenticate, {reply.challenge.data(), reply.challenge.size()});
  if (!reply.allow.empty()) message.set(beast_http::field::allow, {reply.allow.data(), reply.allow.size()});
  message.keep_alive(keep_alive);
}

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

// Who is at the other end, for the log.
std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  if (address.ss_family != AF_UNIX)
    return net::Address::from(reinterpret_cast<sockaddr*>(&address), size).text();
  ucred who{};
  size = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return "unix";
  return "uid " + std::to_string(who.uid);
}

// Browsers say so of every request that a page makes to another place (Fetch, section 3.2; Fetch Metadata).
template <class Request>
bool from_browser(const Request& request) {
  if (request.find(beast_http::field::origin) != request.end()) return true;
  auto site = view(request["Sec-Fetch-Site"]);
  return !site.empty() && site != "none" && site != "same-origin";
}

}  // namespace

AdminSession::AdminSession(Stream::socket_type socket, std::shared_ptr<Pages> pages,
                           const AdminLimits& limits)
    : stream_(std::move(socket)), pages_(std::move(pages)), limits_(limits), buffer_(limits.head + 1) {
  peer_ = peer_of(stream_.socket().native_handle());
}

template <class F>
auto AdminSession::then(F next) {
  return [self = shared_from_this(), next](Error error, std::size_t) {
    if (self->ended_) next(*self, error);
  };
}

void AdminSession::run(std::function<void()> ended) {
  ended_ = std::move(ended);
  read();
}

void AdminSession::close() {
  stream_.close();
  if (auto ended = std::exchange(ended_, nullptr)) ended();
}

void AdminSession::expect(std::chrono::milliseconds within) {
  moved_ = std::chrono::steady_clock::now();
  stream_.expires_after(within);
}

void AdminSession::read() {
  waiting_ = true;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.head));
  parser_->body_limit(limits_.body);
  // Who has been served before may be idle for a while.
  expect(std::exchange(first_, false) ? limits_.request : limits_.idle);
  beast_http::async_read_header(stream_, buffer_, *parser_, then(std::mem_fn(&AdminSession::on_head)));
}

PageRequest AdminSession::asked() const {
  const auto& request = parser_->get();
  PageRequest page{view(request.method_string()), view(request.target()),
                   view(request[beast_http::field::host])};
  page.content_type = view(request[beast_http::field::content_type]);
  page.authorization = view(request[beast_http::field::authorization]);
  page.body = request.body();
  page.from_browser = from_browser(request);
  page.peer = peer_;
  return page;
}

void AdminSession::on_head(Error error) {
  if (error) {
    waiting_ = false;
    return refuse(error);
  }
  auto page = asked();
  auto refused = pages_->refusal(page);
  // A body that is not read could not be told from what follows.
  if (parser_->is_done() || refused || !Pages::takes_body(page)) {
    bool keep_alive = parser_->get().keep_alive() && parser_->is_done();
    return serve(refused ? std::move(*refused) : pages_->answer(page), keep_alive);
  }
  expect(limits_.request);
  beast_http::async_read(stream_, buffer_, *parser_, then(std::mem_fn(&AdminSession::on_body)));
}

void AdminSession::on_body(Error error) {
  if (error) {
    waiting_ = false;
    return refuse(error);
  }
  serve(pages_->answer(asked()), parser_->get().keep_alive());
}

void AdminSession::serve(Reply reply, bool keep_alive) {
  waiting_ = false;
  bool head_only = parser_->get().method() == beast_http::verb::head;
  unsigned version = parser_->get().version();
  if (!reply.later) return answer(reply, head_only, keep_alive, version);
  moved_ = std::chrono::steady_clock::now();
  stream_.expires_never();
  reply.later([self = shared_from_this(), head_only, keep_alive, version](const Reply& late) {
    if (self->ended_) self->answer(late, head_only, keep_alive, version);
  });
}

void AdminSession::refuse(Error error) {
  bool malformed = error.category() == beast_http::make_error_code(beast_http::error::bad_method).category();
  if (!malformed || error == beast_http::error::end_of_stream || error == beast_http::error::partial_message)
    return close();
  Reply reply;
  bool head = error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow;
  reply.status = head ? 431 : error == beast_http::error::body_limit ? 413 : 400;
  reply.body = "The request is malformed or too large.\n";
  answer(reply, false, false, 11);
}

void AdminSession::answer(const Reply& reply, bool head_only, bool keep_alive, unsigned version) {
  keep_alive_ = keep_alive;
  if (reply.metrics && version >= 11) {
    head_ = {};
    head_.version(version);
    set_fields(head_, reply, keep_alive_);
    head_.set(beast_http::field::vary, "Accept-Encoding");
    gzip_.reset();
    if (takes_gzip(view(parser_->get()[beast_http::field::accept_encoding]))) {
      gzip_.emplace();
      head_.set(beast_http::field::content_encoding, "gzip");
    }
    head_.chunked(true);
    return send_pieces(head_only);
  }
  whole_ = {};
  whole_.version(version);
  whole_.body() = reply.body;
  // HTTP/1.0 knows no chunks: the whole text at once.
  for (std::size_t piece = 0; reply.metrics;) {
    piece = pages_->suppliers().metrics(piece, whole_.body());
    if (piece == 0) break;
  }
  set_fields(whole_, reply, keep_alive_);
  send_whole(head_only);
}

void AdminSession::send_whole(bool head_only) {
  whole_.prepare_payload();
  if (head_only) whole_.body().clear();
  expect(limits_.write);
  beast_http::async_write(stream_, whole_, then(std::mem_fn(&AdminSession::on_sent)));
}

void AdminSession::send_pieces(bool head_only) {
  next_piece_ = 0;
  head_serializer_.emplace(head_);
  expect(limits_.write);
  beast_http::async_write_header(stream_, *head_serializer_,
                                 then([head_only](AdminSession& self, Error error) {
                                   if (error || head_only) return self.on_sent(error);
                                   self.send_piece();
                                 }));
}

void AdminSession::make_piece() {
  piece_.clear();
  // An empty chunk would end the body; what is compressed comes in drops that are not worth one.
  std::size_t least = gzip_ ? kWorthSending : 1;
  do {
    std::string text;
    next_piece_ = pages_->suppliers().metrics(next_piece_, gzip_ ? text : piece_);
    if (gzip_) piece_ += gzip_->add(text, next_piece_ == 0);
  } while (piece_.size() < least && next_piece_ != 0);
}

void AdminSession::send_piece() {
  make_piece();
  expect(limits_.write);
  auto last = then([](AdminSession& self, Error error) {
    if (error) return self.on_sent(error);
    asio::async_write(self.stream_, beast_http::make_chunk_last(),
                      self.then(std::mem_fn(&AdminSession::on_sent)));
  });
  if (piece_.empty()) return last({}, 0);
  auto chunk = beast_http::make_chunk(asio::buffer(piece_));
  if (next_piece_ == 0) return asio::async_write(stream_, chunk, std::move(last));
  asio::async_write(stream_, chunk, then([](AdminSession& self, Error error) {
                      if (error) return self.on_sent(error);
                      self.send_piece();
                    }));
}

void AdminSession::on_sent(Error error) {
  gzip_.reset();  // its memory is for the next scrape, of whomever
  if (error) return close();
  if (keep_alive_) return read();
  Error ignored;
  (void)stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  expect(kLinger);
  waiting_ = true;
  linger();
}

void AdminSession::linger() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(limits_.head), then([](AdminSession& self, Error error) {
                            if (error) return self.close();
                            self.linger();
                          }));
}

}  // namespace sluice::admin
