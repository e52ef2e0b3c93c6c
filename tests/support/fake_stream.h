// SPDX-License-Identifier: Apache-2.0
// FakeStream and FakeExchange: an exchange without a connection, for the tests of chains, filters and
// handlers. The request is set by the test; what would be sent is kept. No sockets, virtual time.
//
//   FakeExchange fake("/users/7?x=1");
//   fake.request().fields.add("X-Api-Key", "k");
//   fake.run(chain.run(fake.ex));
//   EXPECT_EQ(fake.ex.response.status, 200);
//   EXPECT_EQ(fake.body(), "hello");
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/job.h"
#include "gateway/chain/exchange.h"
#include "gateway/http/uri.h"

namespace sluice::test {

// The whole text of a body, which must not have to wait. Reads in pieces of at most `at_most` bytes; an error
// ends the text with "<error NAME>".
inline std::string drained(http::Body& body, std::size_t at_most = 7) {
  std::string out;
  for (;;) {
    auto reading = body.read(at_most);
    if (!reading.await_ready()) return out + "<waits>";
    auto piece = reading.await_resume();
    if (!piece) return out + "<error " + std::string(base::row(piece.error().reason).name) + ">";
    out.append(piece->bytes.data(), piece->bytes.size());
    if (piece->last) return out;
  }
}

class FakeStream final : public http::ServerStream {
 public:
  FakeStream() : request_(arena_) {}

  // Sets the request line and the authority as the parser would have left them; the target is taken as
  // normal.
  void ask(std::string_view method, std::string_view target, std::string_view host = "api.example.com") {
    auto split = http::split_target(arena_.copy(target));
    request_.method_text = arena_.copy(method);
    request_.method = http::method(method);
    request_.target = arena_.copy(target);
    request_.path = split.path;
    request_.query = split.query;
    request_.has_query = split.has_query;
    request_.authority = arena_.copy(host);
    std::size_t name = host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
    request_.host = request_.authority.substr(0, name);
  }
  // The connection is one over TLS. The facts outlive the stream.
  void connected_by(const net::TlsFacts& facts) { connection_.tls = &facts; }
  // The body that take_body() will give.
  void will_send(std::string_view body) { body_text_ = body; }

  // The client's address, as the connection knows it; peer_ip() stays as it is.
  void come_from(const net::Address& client) { connection_.peer = client; }

  const http::ConnectionFacts& connection() const noexcept override { return connection_; }
  std::string_view peer_ip() const noexcept override { return "192.0.2.7"; }
  base::Arena& arena() noexcept override { return arena_; }
  http::RequestHead& request() noexcept override { return request_; }
  http::BodyPtr take_body() override {
    return body_text_.empty() ? nullptr : http::make_body<http::TextBody>(arena_, body_text_);
  }
  base::SteadyTime begun() const noexcept override { return begun_at; }
  void relay_expectation() noexcept override { expectation_relayed = true; }
  base::Task<base::Result<void>> send_interim(const http::ResponseHead& head) override {
    interim.push_back(head.status);
    return base::Result<void>();
  }
  base::Task<base::Result<void>> send(http::ResponseHead& head, http::BodyPtr& body) override {
    sent_status = head.status;
    if (body) sent_body = drained(*body);
    return base::Result<void>();
  }
  bool head_sent() const noexcept override { return sent_status != 0; }
  void close_after() noexcept override { closes = true; }
  std::uint64_t bytes_received() const noexcept override {
    return request_.target.size() + body_text_.size();
  }
  std::uint64_t bytes_sent() const noexcept override { return sent_body.size(); }

  http::ListenerFacts listener{"public", "http", 0};
  base::SteadyTime begun_at{};
  std::vector<int> interim;
  int sent_status = 0;
  std::string sent_body;
  bool expectation_relayed = false;
  bool closes = false;

 private:
  base::Arena arena_;
  http::RequestHead request_;
  http::ConnectionFacts connection_{&listener, {}};
  std::string body_text_;
};

class FakeExchange {
 public:
  explicit FakeExchange(std::string_view target = "/", std::string_view method = "GET",
                        std::string_view host = "api.example.com")
      : ex(stream, worker, &connection) {
    stream.ask(method, target, host);
    ex.locals = locals_;
  }

  http::RequestHead& request() noexcept { return ex.request; }
  http::ResponseHead& response() noexcept { return ex.response; }
  void captures(std::vector<chain::Capture> all) {
    captures_ = std::move(all);
    ex.captures = captures_;
  }
  // Starts the task in the exchange's scope; it goes on when the test lets happen what it waits for.
  void run(base::Task<void> task) { base::spawn(ex.scope, std::move(task)); }
  // What the response's body says, and "" if it has none.
  std::string body() { return ex.response_body ? drained(*ex.response_body) : std::string(); }

  base::VirtualClock clock;
  net::Loop loop{clock};
  chain::Worker worker{loop, 0};
  FakeStream stream;
  base::Scope connection;
  chain::Exchange ex;

 private:
  std::vector<chain::Capture> captures_;
  void* locals_[1] = {};  // as the chain gives them to one filter
};

// The lines of a header section that are part of the message: "Name: value\n" each.
inline std::string lines(const http::Fields& fields) {
  std::string out;
  for (const http::Field& f : fields.lines())
    if (!f.dropped) out.append(f.name).append(": ").append(f.value).append("\n");
  return out;
}

}  // namespace sluice::test
