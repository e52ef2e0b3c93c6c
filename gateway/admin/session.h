// SPDX-License-Identifier: Apache-2.0
// AdminSession: one connection to the admin server: reads requests one after the other and answers from
// Pages. Keeps itself alive while an operation is pending.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "gateway/admin/admin_server.h"
#include "gateway/admin/gzip_text.h"
#include "gateway/admin/pages.h"

namespace sluice::admin {

class AdminSession : public std::enable_shared_from_this<AdminSession> {
 public:
  using Stream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;

  // Takes over the connected socket.
  AdminSession(Stream::socket_type socket, std::shared_ptr<Pages> pages, const AdminLimits& limits);

  // Serves; `ended` is called once, when the connection is closed.
  void run(std::function<void()> ended);
  // Ends it now.
  void close();
  // Is it for the client to say something, or to take what it was told to close?
  bool waiting() const noexcept { return waiting_; }
  // When something last moved.
  std::chrono::steady_clock::time_point moved() const noexcept { return moved_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Error = boost::beast::error_code;

  void read();
  void on_head(Error error);
  void on_body(Error error);
  PageRequest asked() const;
  void serve(Reply reply, bool keep_alive);
  void refuse(Error error);
  void answer(const Reply& reply, bool head_only, bool keep_alive, unsigned version);
  // Something must move within that time.
  void expect(std::chrono::milliseconds within);
  void send_whole(bool head_only);
  void send_pieces(bool head_only);
  void send_piece();
  // Makes what is to be sent next; nothing only at the end.
  void make_piece();
  void on_sent(Error error);
  // Reads and forgets until the client closes, so that our closing does not reset what it has not read yet.
  void linger();
  // A handler for an operation: keeps the session alive and is not called after close().
  template <class F>
  auto then(F next);

  Stream stream_;
  std::shared_ptr<Pages> pages_;
  AdminLimits limits_;
  std::function<void()> ended_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  boost::beast::http::response<boost::beast::http::string_body> whole_;
  boost::beast::http::response<boost::beast::http::empty_body> head_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>> head_serializer_;
  std::string piece_;
  std::size_t next_piece_ = 0;
  std::optional<GzipText> gzip_;  // of the pieces, where the client takes that
  bool keep_alive_ = false;
  bool waiting_ = true;
  bool first_ = true;  // no request was read yet
  std::string peer_;
  std::chrono::steady_clock::time_point moved_;
};

}  // namespace sluice::admin
