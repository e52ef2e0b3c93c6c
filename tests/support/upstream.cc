// SPDX-License-Identifier: Apache-2.0
#include "tests/support/upstream.h"

#include <gtest/gtest.h>

#include <utility>

namespace sluice::test {

UpstreamConnection::UpstreamConnection(Socket socket, std::shared_ptr<UpstreamLog> log, std::size_t index)
    : Peer(std::move(socket), [log, index](std::string_view bytes) { log->received(index, bytes); }),
      log_(log),
      index_(index) {}

Request UpstreamConnection::request() {
  Request out;
  if (!reader().head(out)) return out;
  if (same_name(out.value("Expect"), "100-continue")) send("HTTP/1.1 100 Continue\r\n\r\n");
  reader().body(out);
  if (out.complete) log_->add(out);
  return out;
}

Request UpstreamConnection::expect_request() {
  Request out = request();
  EXPECT_TRUE(out.complete) << "the upstream waited for a request and got:" << out;
  EXPECT_EQ(out.fault, "") << out;
  return out;
}

Request UpstreamConnection::expect_head() {
  Request out;
  EXPECT_TRUE(reader().head(out)) << "the upstream waited for a head and got:" << out;
  EXPECT_EQ(out.fault, "") << out;
  return out;
}

Script& Script::expect_request() {
  return then([](UpstreamConnection& c) { c.expect_request(); });
}
Script& Script::then_send(std::string bytes) {
  return then([bytes = std::move(bytes)](UpstreamConnection& c) { c.send(bytes); });
}
Script& Script::then_trickle(std::string bytes) {
  return then([bytes = std::move(bytes)](UpstreamConnection& c) { c.trickle(bytes); });
}
Script& Script::then_close() {
  return then([](UpstreamConnection& c) { c.close(); });
}
Script& Script::then_reset() {
  return then([](UpstreamConnection& c) { c.reset(); });
}
Script& Script::then_close_after(std::size_t n) {
  return then([n](UpstreamConnection& c) {
    EXPECT_EQ(c.receive(n).size(), n) << "the gateway ended the connection early";
    c.close();
  });
}
Script& Script::then_wait_for_close() {
  return then([](UpstreamConnection& c) { c.rest(); });
}

Script& Script::then(Step step) {
  std::lock_guard lock(mutex_);
  steps_.push_back(std::move(step));
  return *this;
}

std::vector<Script::Step> Script::take() {
  std::lock_guard lock(mutex_);
  return std::move(steps_);
}

Upstream::Upstream(bool bridged)
    : log_(std::make_shared<UpstreamLog>()), acceptor_([this] { accept_all(); }) {
  if (bridged) bridge_ = std::make_unique<H2Bridge>(port_);
}

Upstream::~Upstream() {
  bridge_.reset();
  stop_.ring();
  stop_listening();
  for (auto& thread : threads_) thread.join();
}

void Upstream::stop_listening() {
  if (bridge_) bridge_->stop_listening();
  if (!acceptor_.joinable()) return;
  stop_accepting_.ring();
  acceptor_.join();
  listener_.close();
}

void Upstream::accept_all() {
  for (;;) {
    Socket socket = listener_.accept(&stop_);
    if (!socket.open()) return;
    if (secured(socket)) begin(std::move(socket));
  }
}

bool Upstream::secured(Socket& socket) {
  std::shared_ptr<const TlsAcceptor> tls;
  {
    std::lock_guard lock(mutex_);
    tls = tls_;
  }
  if (!tls) return true;
  std::string sni;
  bool resumed = false;
  if (!tls->secure(socket, &sni, &resumed)) return false;
  std::lock_guard lock(mutex_);
  sni_ = std::move(sni);
  resumed_ += resumed;
  return true;
}

void Upstream::speak_tls(const TlsService& service) {
  std::lock_guard lock(mutex_);
  tls_ = std::make_shared<const TlsAcceptor>(service);
}

std::string Upstream::sni() const {
  std::lock_guard lock(mutex_);
  return sni_;
}

std::size_t Upstream::resumed() const {
  std::lock_guard lock(mutex_);
  return resumed_;
}

void Upstream::begin(Socket socket) {
  UpstreamConnection connection(std::move(socket), log_, log_->opened());
  std::lock_guard lock(mutex_);
  if (scripts_.empty() && !answering_) {
    waiting_.push_back(std::move(connection));
    changed_.notify_all();
    return;
  }
  std::vector<Script::Step> steps;
  if (!scripts_.empty()) {
    steps = scripts_.front()->take();
    scripts_.pop_front();
  }
  threads_.emplace_back([this, c = std::move(connection), steps = std::move(steps)]() mutable {
    serve(c, steps);
    c.rest();
    log_->ended(c.index());
  });
}

void Upstream::serve(UpstreamConnection& connection, const std::vector<Script::Step>& steps) {
  for (const auto& step : steps) {
    if (!connection.open()) return;
    step(connection);
  }
  while (connection.open()) {
    Request request = connection.request();
    if (!request.complete) return;
    Answering answering;
    {
      std::lock_guard lock(mutex_);
      answering = answering_;
    }
    if (!answering) return;
    Answer answer = answering(request);
    if (!connection.send(answer.bytes)) return;
    if (answer.then_close) connection.close();
  }
}

Upstream& Upstream::answers(int status, std::string body, std::vector<Line> fields) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " As Told\r\n";
  for (const Line& f : fields) text += f.name + ": " + f.value + "\r\n";
  if (status != 204 && status != 304) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  return answers_by([text, body = std::move(body)](const Request& request) {
    return Answer{request.method == "HEAD" ? text : text + body};
  });
}

Upstream& Upstream::answers_with(std::string bytes, bool then_close) {
  return answers_by([answer = Answer{std::move(bytes), then_close}](const Request&) { return answer; });
}

Upstream& Upstream::answers_by(Answering answering) {
  std::lock_guard lock(mutex_);
  answering_ = std::move(answering);
  return *this;
}

Script& Upstream::script() {
  std::lock_guard lock(mutex_);
  return *scripts_.emplace_back(std::make_unique<Script>());
}

UpstreamConnection Upstream::accept() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return !waiting_.empty(); })) {
    ADD_FAILURE() << "no connection came";
    return {Socket(), log_, 0};
  }
  auto out = std::move(waiting_.front());
  waiting_.pop_front();
  return out;
}

}  // namespace sluice::test
