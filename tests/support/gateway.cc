// SPDX-License-Identifier: Apache-2.0
#include "tests/support/gateway.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <regex>
#include <stdexcept>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "gateway/server/gateway.h"

#include "tests/support/tls.h"

namespace sluice::test {

namespace asio = boost::asio;

// The gateway and its control thread. All that touches the gateway is carried out there.
class Gateway::Running {
 public:
  Running(std::string yaml, std::shared_ptr<std::atomic<std::size_t>> memory) : memory_(std::move(memory)) {
    std::promise<std::string> problems;
    auto started = problems.get_future();
    thread_ =
        std::thread([this, text = std::move(yaml), &problems]() mutable { run(std::move(text), problems); });
    std::string text = started.get();
    if (text.empty()) return;
    thread_.join();
    throw std::runtime_error(text);
  }

  ~Running() {
    control_.stop();
    thread_.join();
  }

  // What f returns, from the control thread.
  template <class F>
  auto on_control(F f) {
    using Value = decltype(f(*gateway_));
    std::packaged_task<Value()> task([&] { return f(*gateway_); });
    auto value = task.get_future();
    asio::post(control_, [&task] { task(); });
    return value.get();
  }

 private:
  // "" through `problems` when it serves.
  void run(std::string yaml, std::promise<std::string>& problems) {
    auto loaded = server::load_text(std::move(yaml));
    server::Gateway gateway(control_, clock_);
    gateway.read_memory_by([memory = memory_] { return server::MemoryReading{memory->load(), 0}; });
    bool good = loaded->ok() && gateway.start(*loaded, "test");
    if (!good) {
      problems.set_value("not started:\n" + loaded->diagnostics.text());
      return;
    }
    gateway_ = &gateway;
    auto work = asio::make_work_guard(control_);
    problems.set_value({});
    control_.run();
  }

  std::shared_ptr<std::atomic<std::size_t>> memory_;
  base::RealClock clock_;
  asio::io_context control_{1};
  server::Gateway* gateway_ = nullptr;
  std::thread thread_;
};

namespace {

bool says(const std::string& yaml, const std::string& key) {
  return yaml.starts_with(key + ":") || yaml.find("\n" + key + ":") != yaml.npos;
}

// Calls `f` with each name that `pattern` captures.
void each_name(const std::string& text, const std::regex& pattern,
               const std::function<void(std::string)>& f) {
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) f((*it)[1]);
}

const std::regex kForwarded(R"(\bto: *([a-z][a-z0-9-]*))");
// The setting that an upstream written in one line begins with.
const std::regex kWritten(R"(\{((?:url|targets): *(?:\[ *)?"?<))");
const std::regex kPlaceholder(R"(<([a-z][a-z0-9-]*)>)");

bool over_tls(Downstream d) noexcept { return d == Downstream::tls || d == Downstream::h2_tls; }
bool over_h2(Downstream d) noexcept { return d == Downstream::h2 || d == Downstream::h2_tls; }

std::string log_file(const TemporaryDirectory& directory) { return directory.write("access.log", ""); }

}  // namespace

Downstream usual_downstream() {
  const char* said = std::getenv("SLUICE_TEST_DOWNSTREAM");
  std::string_view text = said ? said : "h1";
  if (text == "h1") return Downstream::h1;
  if (text == "h2") return Downstream::h2;
  if (text == "tls") return Downstream::tls;
  if (text == "h2_tls") return Downstream::h2_tls;
  throw std::runtime_error("SLUICE_TEST_DOWNSTREAM is none of h1, h2, tls, h2_tls");
}

bool usually_bridged() {
  const char* said = std::getenv("SLUICE_TEST_UPSTREAM");
  std::string_view text = said ? said : "h1";
  if (text != "h1" && text != "h2") throw std::runtime_error("SLUICE_TEST_UPSTREAM is neither h1 nor h2");
  return text == "h2";
}

Gateway::Gateway(std::string_view yaml, Downstream downstream)
    : downstream_(downstream),
      log_(log_file(directory_)),
      running_(std::make_unique<Running>(complete(yaml), memory_)) {}

Gateway::~Gateway() = default;

std::string Gateway::complete(std::string_view yaml) {
  std::string text(yaml);
  if (!text.ends_with('\n')) text += '\n';
  bridged_ = usually_bridged() && text.find("protocol:") == text.npos;
  if (says(text, "upstreams")) {
    if (bridged_) text = std::regex_replace(text, kWritten, "{protocol: h2, $1");
    each_name(text, kPlaceholder, [&](const std::string& name) { upstream(name); });
    for (auto& [name, upstream] : upstreams_)
      for (std::size_t at; (at = text.find("<" + name + ">")) != text.npos;)
        text.replace(at, name.size() + 2, upstream->url());
  } else {
    std::string declared;
    each_name(text, kForwarded, [&](const std::string& name) { upstream(name); });
    for (auto& [name, upstream] : upstreams_)
      declared += "  " + name + ": {url: \"" + upstream->url() + (bridged_ ? "\", protocol: h2}\n" : "\"}\n");
    if (!declared.empty()) text += "upstreams:\n" + declared;
  }
  auto unless_said = [&](const std::string& key, const std::string& value) {
    if (!says(text, key)) text += key + ": " + value + "\n";
  };
  owns_listener_ = !says(text, "listeners");
  if (owns_listener_) text += "listeners: " + own_listener() + "\n";
  unless_said("admin", R"({bind: "127.0.0.1:0"})");
  unless_said("access_log", "{to: \"" + (directory_ / "access.log") + "\"}");
  unless_said("workers", "1");
  unless_said("shutdown", "{pre_stop: 0s, grace: 30s}");
  unless_said("overload", "{lag: off}");  // under a sanitizer a worker may well be behind
  return text;
}

std::string Gateway::own_listener() {
  if (downstream_ == Downstream::h1) return R"({web: "127.0.0.1:0"})";
  if (downstream_ == Downstream::h2) return R"({web: {bind: "127.0.0.1:0", protocols: [h1, h2]}})";
  static const Issued identity = Authority().issue();  // every listener's: nobody here doubts it
  return R"({web: {bind: "127.0.0.1:0", tls: {certs: {cert: ")" +
         directory_.write("web.pem", identity.certificate) + R"(", key: ")" +
         directory_.write("web.key", identity.key) + R"("}}}})";
}

Upstream& Gateway::upstream(std::string_view name) {
  auto& slot = upstreams_[std::string(name)];
  if (!slot) slot = std::make_unique<Upstream>(bridged_);
  return *slot;
}

Gateway::Loading Gateway::reload(std::string_view yaml) {
  return running_->on_control([text = complete(yaml)](server::Gateway& gateway) {
    auto loaded = server::load_text(text);
    bool good = gateway.reload(*loaded, "test");
    return Loading{good, loaded->diagnostics.text()};
  });
}

std::future<std::size_t> Gateway::drain() {
  auto cut = std::make_shared<std::promise<std::size_t>>();
  running_->on_control([cut](server::Gateway& gateway) {
    gateway.drain([cut](std::size_t n) { cut->set_value(n); });
    return true;
  });
  return cut->get_future();
}

std::uint16_t Gateway::port(std::string_view listener) {
  return running_->on_control([listener](server::Gateway& gateway) { return gateway.port(listener); });
}

Socket Gateway::dial(std::uint16_t port, std::string_view alpn, int receive_buffer) {
  Socket out = Socket::connect(port, receive_buffer);
  if (!owns_listener_ || !over_tls(downstream_)) return out;
  auto failure = secure(out, {.alpn = std::string(alpn)});
  EXPECT_EQ(failure, "") << "of a handshake with the gateway";
  return out;
}

RawClient Gateway::connect(std::string_view listener, int receive_buffer) {
  return RawClient(dial(port(listener), "\x08http/1.1", receive_buffer));
}

H2Client Gateway::h2(std::string_view settings) {
  H2Client out(dial(port(), "\2h2"), settings);
  if (owns_listener_ && over_tls(downstream_)) out.scheme = "https";
  return out;
}

Response Gateway::ask(std::string_view request) {
  return over_h2(downstream_) ? h2().ask(request) : connect().ask(request);
}

Response Gateway::admin(std::string_view target) {
  auto port = running_->on_control([](server::Gateway& gateway) { return gateway.admin_port(); });
  return RawClient(port).ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

Response Gateway::admin(std::string_view method, std::string_view target, std::string_view body) {
  auto port = running_->on_control([](server::Gateway& gateway) { return gateway.admin_port(); });
  std::string request(method);
  request.append(" ").append(target).append(
      " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return RawClient(port).ask(request);
}

// The workers are asked something first: what they did before is counted when they answer.
std::string Gateway::metrics() {
  return running_->on_control([](server::Gateway& gateway) {
    gateway.connections();
    return gateway.metrics().text();
  });
}

}  // namespace sluice::test
