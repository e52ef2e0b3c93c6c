// SPDX-License-Identifier: Apache-2.0
// Gateway: a whole gateway in the process of a test, from YAML text, with the upstreams that it names.
//
//   Gateway gw("routes: [{name: u, match: {path: /u}, to: users}]");
//   gw.upstream("users").answers(200, "ok");
//   EXPECT_EQ(gw.get("/u").status, 200);
//
// What the text does not say itself is added: a listener `web`, the admin listener and the access log of the
// test, one worker, and for each `to: name` an upstream of that name. A text that has its own `upstreams`
// writes <name> where the URL of that test upstream is to stand. Nothing has a fixed port. The thread of the
// test only.
#pragma once
#include <atomic>
#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/growing_file.h"
#include "tests/support/h2_client.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/upstream.h"

namespace sluice::test {

// What is spoken on the listener that is added, and by the helpers that make one request. It understands both
// versions of HTTP unless it is h1's; a connect() to it speaks HTTP/1.1.
enum class Downstream : unsigned char { h1, h2, tls, h2_tls };
// h1, or what the environment's SLUICE_TEST_DOWNSTREAM says, so that the same tests can be run over each.
Downstream usual_downstream();
// Does SLUICE_TEST_UPSTREAM say h2? Then so is spoken with the upstreams of every text that names no
// `protocol`, by an H2Bridge.
bool usually_bridged();

class Gateway {
 public:
  struct Loading {
    bool good;
    std::string diagnostics;
  };

  // Serves when it returns; throws, with the diagnostics, if the configuration cannot be put in force.
  explicit Gateway(std::string_view yaml, Downstream downstream = usual_downstream());
  Gateway(const Gateway&) = delete;
  ~Gateway();

  // Made when first named here or in the YAML.
  Upstream& upstream(std::string_view name);
  // Puts another text in force; upstreams, log and listeners that it names again stay.
  Loading reload(std::string_view yaml);
  // Begins to drain; the value is how many connections were cut.
  std::future<std::size_t> drain();

  // What the gateway takes for its own resident memory, from now on; none until then. Noticed within a
  // second.
  void use_memory(std::size_t bytes) { memory_->store(bytes); }

  std::uint16_t port(std::string_view listener = "web");
  RawClient connect(std::string_view listener = "web", int receive_buffer = 0);
  H2Client h2(std::string_view settings = {});
  // One request on a connection of its own.
  Response get(std::string_view target, std::string_view lines = {}) { return ask(test::get(target, lines)); }
  Response post(std::string_view target, std::string_view body, std::string_view lines = {}) {
    return ask(test::post(target, body, lines));
  }
  // The bytes of one request.
  Response ask(std::string_view request);
  // GET on the admin listener.
  Response admin(std::string_view target);
  // With a body of JSON.
  Response admin(std::string_view method, std::string_view target, std::string_view body);

  // The exposition text; everything that clients have the whole answer of is counted.
  std::string metrics();
  // The next line of the access log, waiting for it.
  std::string log_line() { return log_.line(); }
  const TemporaryDirectory& directory() const noexcept { return directory_; }

 private:
  class Running;
  std::string complete(std::string_view yaml);
  std::string own_listener();
  // A connection to the listener that was added, with TLS if it has that.
  Socket dial(std::uint16_t port, std::string_view alpn, int receive_buffer = 0);

  TemporaryDirectory directory_;
  Downstream downstream_;
  bool owns_listener_ = false, bridged_ = false;
  std::map<std::string, std::unique_ptr<Upstream>, std::less<>> upstreams_;
  GrowingFile log_;
  std::shared_ptr<std::atomic<std::size_t>> memory_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::unique_ptr<Running> running_;
};

}  // namespace sluice::test
