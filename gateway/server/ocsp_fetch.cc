// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/ocsp_fetch.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace sluice::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Error = boost::system::error_code;
using Tcp = asio::ip::tcp;

// Keeps itself alive while an operation is pending.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(asio::io_context& control, const net::OcspResponder& responder, std::string question, OcspDone done,
        const OcspLimits& limits)
      : control_(control), stream_(control), deadline_(control), done_(std::move(done)) {
    request_.method(http::verb::post);
    request_.version(11);
    request_.target(responder.target);
    bool standard = responder.port == "80";
    std::string host =
        responder.host.find(':') == std::string::npos ? responder.host : "[" + responder.host + "]";
    request_.set(http::field::host, standard ? host : host + ":" + responder.port);
    request_.set(http::field::content_type, "application/ocsp-request");
    request_.set(http::field::accept, "application/ocsp-response");
    request_.set(http::field::connection, "close");
    request_.body() = std::move(question);
    request_.prepare_payload();
    response_.body_limit(limits.size);
    deadline_.expires_after(limits.time);
  }

  void run(ResponderNames& names, const net::OcspResponder& responder) {
    deadline_.async_wait([self = shared_from_this()](Error e) {
      if (!e) self->fail("does not answer in time");
    });
    auto found = [self = shared_from_this()](Error e, const Tcp::resolver::results_type& where) {
      if (self->goes_on(e)) self->connect(where);
    };
    try {
      names_.emplace(names.executor());
      names_->async_resolve(responder.host, responder.port,
                            asio::bind_executor(control_.get_executor(), std::move(found)));
    } catch (const boost::system::system_error& e) {  // no thread to be had for it
      asio::post(control_, [self = shared_from_this(), why = e.code()] { self->goes_on(why); });
    }
  }
  void forget() {
    done_ = nullptr;
    close();
  }

 private:
  void connect(const Tcp::resolver::results_type& found) {
    stream_.async_connect(found, [self = shared_from_this()](Error e, const Tcp::endpoint&) {
      if (self->goes_on(e)) self->ask();
    });
  }
  void ask() {
    http::async_write(stream_, request_, [self = shared_from_this()](Error e, std::size_t) {
      if (self->goes_on(e)) self->hear();
    });
  }
  void hear() {
    http::async_read(stream_, buffer_, response_, [self = shared_from_this()](Error e, std::size_t) {
      if (e) return self->fail("does not answer properly: " + e.message());
      auto status = self->response_.get().result_int();
      if (status == 200) return self->end(std::move(self->response_.get().body()));
      self->fail("answers with status " + std::to_string(status));
    });
  }

  bool goes_on(Error e) {
    if (e) fail("cannot be asked: " + e.message());
    return !e && done_;
  }
  void fail(std::string why) { end(base::fail(base::Reason::internal, std::move(why))); }
  void end(base::Result<std::string> result) {
    if (auto done = std::exchange(done_, nullptr)) {
      close();
      done(std::move(result));
    }
  }
  void close() {
    names_.reset();
    deadline_.cancel();
    stream_.close();
  }

  asio::io_context& control_;
  std::optional<Tcp::resolver> names_;
  beast::tcp_stream stream_;
  asio::steady_timer deadline_;
  OcspDone done_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> response_;
  beast::flat_buffer buffer_;
};

// What the caller holds.
struct Hold {
  std::shared_ptr<Fetch> fetch;
  ~Hold() { fetch->forget(); }
};

}  // namespace

std::shared_ptr<void> fetch_ocsp(asio::io_context& control, ResponderNames& names,
                                 const net::OcspResponder& responder, std::string question, OcspDone done,
                                 const OcspLimits& limits) {
  auto fetch = std::make_shared<Fetch>(control, responder, std::move(question), std::move(done), limits);
  fetch->run(names, responder);
  auto hold = std::make_shared<Hold>();
  hold->fetch = std::move(fetch);
  return hold;
}

}  // namespace sluice::server
