// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/http_fetch.h"

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "gateway/base/strings.h"

namespace sluice::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using Error = boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = ssl::stream<beast::tcp_stream&>;

// Keeps itself alive while an operation is pending.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(asio::io_context& control, FetchRequest&& what, FetchDone done, const FetchLimits& limits)
      : what_(std::move(what)),
        control_(control),
        stream_(control),
        deadline_(control),
        done_(std::move(done)) {
    response_.body_limit(limits.size);
    deadline_.expires_after(limits.time);
  }

  void run(net::Resolver& names) {
    deadline_.async_wait([self = shared_from_this()](Error e) {
      if (!e) self->fail("does not answer in time");
    });
    if (!prepare_request() || (what_.tls && !prepare_tls())) return;
    auto port = base::parse_decimal(what_.port).value_or(0);
    // What is known is told at once, and may be told twice: the first answer counts, later.
    watch_ = names.watch(what_.host, static_cast<std::uint16_t>(port),
                         [weak = weak_from_this()](const net::Answer& answer) {
                           auto self = weak.lock();
                           if (!self || std::exchange(self->told_, true)) return;
                           asio::post(self->control_, [self, answer] { self->found(answer); });
                         });
  }
  void forget() {
    done_ = nullptr;
    close();
  }

 private:
  // False after a failure, which is told later: Beast throws where a field has no room in the 64 KiB that it
  // gives to each.
  bool prepare_request() {
    try {
      fill_request();
      return true;
    } catch (const std::length_error&) {
      asio::post(control_, [self = shared_from_this()] {
        self->fail("cannot be asked: a header field of the request is longer than 64 KiB");
      });
      return false;
    }
  }
  void fill_request() {
    request_.method(what_.body.empty() ? beast_http::verb::get : beast_http::verb::post);
    request_.version(11);
    request_.target(what_.target);
    bool standard = what_.port == (what_.tls ? "443" : "80");
    std::string host = what_.host.find(':') == std::string::npos ? what_.host : "[" + what_.host + "]";
    request_.set(beast_http::field::host, standard ? host : host + ":" + what_.port);
    request_.set(beast_http::field::user_agent, "sluice");
    if (!what_.content_type.empty()) request_.set(beast_http::field::content_type, what_.content_type);
    request_.set(beast_http::field::accept, what_.accept);
    request_.set(beast_http::field::connection, "close");
    for (const auto& [name, value] : what_.fields) request_.set(name, value);
    request_.body() = std::move(what_.body);
    request_.prepare_payload();
  }
  // False after a failure, which is told later.
  bool prepare_tls() {
    Error e;
    tls_context_.emplace(ssl::context::tls_client);
    tls_context_->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                                  ssl::context::no_tlsv1_1 | ssl::context::no_sslv2 | ssl::context::no_sslv3,
                              e);
    if (what_.ca.empty()) {
      tls_context_->set_default_verify_paths(e);
    } else {
      tls_context_->add_certificate_authority(asio::buffer(what_.ca), e);
    }
    if (!e) tls_context_->set_verify_mode(ssl::verify_peer, e);
    if (!e) {
      tls_.emplace(stream_, *tls_context_);
      tls_->set_verify_callback(ssl::host_name_verification(what_.host), e);
      Error is_name;
      asio::ip::make_address(what_.host, is_name);
      if (is_name) SSL_set_tlsext_host_name(tls_->native_handle(), what_.host.c_str());
    }
    if (e) asio::post(control_, [self = shared_from_this(), e] { self->goes_on(e); });
    return !e;
  }

  void found(const net::Answer& answer) {
    watch_.reset();
    if (!done_) return;
    if (!answer.good()) return fail("cannot be asked: " + answer.addresses.error().detail);
    for (const net::Address& a : *answer.addresses) {
      Error e;
      auto ip = asio::ip::make_address(a.ip(), e);
      if (!e) where_.emplace_back(ip, a.port());
    }
    stream_.async_connect(where_, [self = shared_from_this()](Error e, const Tcp::endpoint&) {
      if (!self->goes_on(e)) return;
      if (self->tls_) {
        self->shake_hands();
      } else {
        self->ask(self->stream_);
      }
    });
  }
  void shake_hands() {
    tls_->async_handshake(ssl::stream_base::client, [self = shared_from_this()](Error e) {
      if (e) return self->fail("cannot be trusted: " + e.message());
      if (self->done_) self->ask(*self->tls_);
    });
  }
  template <class Stream>
  void ask(Stream& stream) {
    beast_http::async_write(stream, request_, [self = shared_from_this(), &stream](Error e, std::size_t) {
      if (self->goes_on(e)) self->hear(stream);
    });
  }
  template <class Stream>
  void hear(Stream& stream) {
    beast_http::async_read(stream, buffer_, response_, [self = shared_from_this()](Error e, std::size_t) {
      if (e) return self->fail("does not answer properly: " + e.message());
      self->heard();
    });
  }
  void heard() {
    auto& answer = response_.get();
    if (answer.result_int() != 200 && !what_.any_status)
      return fail("answers with status " + std::to_string(answer.result_int()));
    Fetched out;
    out.status = answer.result_int();
    out.body = std::move(answer.body());
    out.cache_control = std::string(answer[beast_http::field::cache_control]);
    out.age = std::string(answer[beast_http::field::age]);
    out.retry_after = std::string(answer[beast_http::field::retry_after]);
    end(std::move(out));
  }

  bool goes_on(Error e) {
    if (e) fail("cannot be asked: " + e.message());
    return !e && done_;
  }
  void fail(std::string why) { end(base::fail(base::Reason::internal, std::move(why))); }
  void end(base::Result<Fetched> result) {
    if (auto done = std::exchange(done_, nullptr)) {
      close();
      done(std::move(result));
    }
  }
  void close() {
    watch_.reset();
    deadline_.cancel();
    stream_.close();
  }

  FetchRequest what_;
  asio::io_context& control_;
  std::unique_ptr<net::Watch> watch_;
  bool told_ = false;
  std::vector<Tcp::endpoint> where_;
  beast::tcp_stream stream_;
  std::optional<ssl::context> tls_context_;
  std::optional<TlsStream> tls_;
  asio::steady_timer deadline_;
  FetchDone done_;
  beast_http::request<beast_http::string_body> request_;
  beast_http::response_parser<beast_http::string_body> response_;
  beast::flat_buffer buffer_;
};

// What the caller holds.
struct Hold {
  std::shared_ptr<Fetch> fetch;
  ~Hold() { fetch->forget(); }
};

}  // namespace

FetchRequest request_for(const upstream::WebUrl& url) {
  FetchRequest out;
  out.tls = url.origin.tls;
  out.host = url.origin.host;
  out.port = std::to_string(url.origin.port);
  out.target = url.target;
  return out;
}

std::shared_ptr<void> fetch_http(asio::io_context& control, net::Resolver& names, FetchRequest request,
                                 FetchDone done, const FetchLimits& limits) {
  auto fetch = std::make_shared<Fetch>(control, std::move(request), std::move(done), limits);
  fetch->run(names);
  auto hold = std::make_shared<Hold>();
  hold->fetch = std::move(fetch);
  return hold;
}

}  // namespace sluice::server
