// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/session.h"

#include <functional>
#include <utility>

#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

namespace sluice::admin {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr auto kLinger = std::chrono::seconds(2);

template <class Message>
void set_fields(Message& message, const Reply& reply, bool keep_alive) {
  message.result(static_cast<unsigned>(reply.status));
  message.set(http::field::content_type, {reply.content_type.data(), reply.content_type.size()});
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (!reply.allow.empty()) message.set(http::field::allow, {reply.allow.data(), reply.allow.size()});
  message.keep_alive(keep_alive);
}

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

}  // namespace

AdminSession::AdminSession(Stream::socket_type socket, std::shared_ptr<Pages> pages,
                           const AdminLimits& limits)
    : stream_(std::move(socket)), pages_(std::move(pages)), limits_(limits), buffer_(limits.head + 1) {}

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

void AdminSession::read() {
  waiting_ = true;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.head));
  stream_.expires_after(limits_.request);
  http::async_read_header(stream_, buffer_, *parser_, then(std::mem_fn(&AdminSession::on_head)));
}

void AdminSession::on_head(Error error) {
  waiting_ = false;
  if (error) return refuse(error);
  const auto& request = parser_->get();
  PageRequest page{view(request.method_string()), view(request.target()), view(request[http::field::host])};
  // A body is not read, so what follows could not be told from it.
  bool keep_alive = request.keep_alive() && parser_->is_done();
  answer(pages_->answer(page), request.method() == http::verb::head, keep_alive, request.version());
}

void AdminSession::refuse(Error error) {
  bool malformed = error.category() == http::make_error_code(http::error::bad_method).category();
  if (!malformed || error == http::error::end_of_stream || error == http::error::partial_message)
    return close();
  Reply reply;
  reply.status = error == http::error::header_limit || error == http::error::buffer_overflow ? 431 : 400;
  reply.body = "The request is malformed or too large.\n";
  answer(reply, false, false, 11);
}

void AdminSession::answer(const Reply& reply, bool head_only, bool keep_alive, unsigned version) {
  keep_alive_ = keep_alive;
  if (reply.metrics && version >= 11) {
    head_ = {};
    head_.version(version);
    set_fields(head_, reply, keep_alive_);
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
  stream_.expires_after(limits_.write);
  http::async_write(stream_, whole_, then(std::mem_fn(&AdminSession::on_sent)));
}

void AdminSession::send_pieces(bool head_only) {
  next_piece_ = 0;
  head_serializer_.emplace(head_);
  stream_.expires_after(limits_.write);
  http::async_write_header(stream_, *head_serializer_, then([head_only](AdminSession& self, Error error) {
                             if (error || head_only) return self.on_sent(error);
                             self.send_piece();
                           }));
}

void AdminSession::send_piece() {
  piece_.clear();
  // An empty chunk would end the body.
  do next_piece_ = pages_->suppliers().metrics(next_piece_, piece_);
  while (piece_.empty() && next_piece_ != 0);
  stream_.expires_after(limits_.write);
  auto last = then([](AdminSession& self, Error error) {
    if (error) return self.on_sent(error);
    asio::async_write(self.stream_, http::make_chunk_last(), self.then(std::mem_fn(&AdminSession::on_sent)));
  });
  if (piece_.empty()) return last({}, 0);
  auto chunk = http::make_chunk(asio::buffer(piece_));
  if (next_piece_ == 0) return asio::async_write(stream_, chunk, std::move(last));
  asio::async_write(stream_, chunk, then([](AdminSession& self, Error error) {
                      if (error) return self.on_sent(error);
                      self.send_piece();
                    }));
}

void AdminSession::on_sent(Error error) {
  if (error) return close();
  if (keep_alive_) return read();
  Error ignored;
  (void)stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  stream_.expires_after(kLinger);
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
