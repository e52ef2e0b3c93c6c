// SPDX-License-Identifier: Apache-2.0
// A whole HTTP/2 server connection: whatever a client sends, every request that reaches the service is one
// that HTTP/1 could carry too, its body is as long as was said, and the connection ends with its client. The
// first byte says in what pieces the rest arrives; the preface stands before it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "gateway/base/assert.h"
#include "gateway/base/job.h"
#include "gateway/http/h2/server.h"
#include "gateway/http/hop_by_hop.h"

#include "tests/support/memory_stream.h"

namespace sluice {
namespace {

using base::Task;

void check_head(const http::RequestHead& head) {
  SLUICE_ASSERT(http::valid_field_name(head.method_text));
  SLUICE_ASSERT(head.path.empty() || head.path == "*" || head.path.front() == '/');
  SLUICE_ASSERT(!http::has_control_but_tab(head.path) && head.path.find(' ') == head.path.npos);
  SLUICE_ASSERT(!http::has_control_but_tab(head.query) && head.query.find(' ') == head.query.npos);
  SLUICE_ASSERT(!head.host.empty() && !http::has_control_but_tab(head.authority));
  SLUICE_ASSERT(head.fields.count(http::FieldId::host) == 1);
  SLUICE_ASSERT(head.fields.count(http::FieldId::content_length) <= 1);
  SLUICE_ASSERT(head.fields.count(http::FieldId::cookie) <= 1);
  for (const http::Field& f : head.fields.lines()) {
    if (f.dropped) continue;
    SLUICE_ASSERT(http::valid_field_name(f.name) && http::valid_field_value(f.value));
    bool framing = f.id == http::FieldId::content_length || f.id == http::FieldId::host ||
                   f.id == http::FieldId::trailer;
    SLUICE_ASSERT(framing || !http::connection_level(f.id));
  }
}

// Reads what there is to read and answers, each request in its own way.
class Echo final : public http::Service {
 public:
  Task<void> serve(http::ServerStream& stream) override {
    check_head(stream.request());
    auto body = stream.take_body();
    auto announced = body ? body->length() : std::nullopt;
    std::uint64_t read = 0;
    http::ResponseHead head(stream.arena());
    head.status = 200;
    bool whole = !body;
    while (body && !whole) {
      auto piece = co_await body->read(1000);
      if (!piece) {
        head.status = 400;
        break;
      }
      read += piece->bytes.size();
      SLUICE_ASSERT(!announced || read <= *announced);
      whole = piece->last;
    }
    SLUICE_ASSERT(!whole || !announced || read == *announced);
    static constexpr char kText[100'000] = {};
    auto answer =
        http::make_body<http::TextBody>(stream.arena(), std::string_view(kText, read % 2 ? 10 : 90'000));
    (void)co_await stream.send(head, answer);
  }
  Task<void> refuse(http::ServerStream& stream, const base::Error& error) override {
    SLUICE_ASSERT(error.where() == base::Where::downstream);
    http::ResponseHead head(stream.arena());
    head.status = error.status();
    http::BodyPtr none;
    (void)co_await stream.send(head, none);
  }
};

base::Detached run(base::Scope& /*scope*/, http::h2::ServerConnection& connection, bool& over) {
  co_await connection.run();
  over = true;
}

void feed(std::string_view bytes, std::size_t piece) {
  static base::RealClock clock;
  static net::Loop loop(clock);
  http::ListenerFacts listener{"fuzz"};
  http::ConnectionFacts facts{&listener, {}};
  http::ServerOptions options;
  options.max_body = 100'000;
  Echo echo;
  auto [client, server] = test::MemoryStream::pair(loop.wheel(), 1 << 20);
  http::h2::ServerConnection connection(loop, std::move(server), facts, options, echo);
  base::Scope scope;
  bool over = false;
  client->put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  run(scope, connection, over);
  while (!bytes.empty() && !over) {
    auto now = bytes.substr(0, piece);
    client->put(now);
    test::deliver();
    client->take();
    bytes.remove_prefix(now.size());
  }
  client.reset();
  test::deliver();
  scope.cancel(base::Reason::draining);
  test::deliver();
  SLUICE_ASSERT(over);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  sluice::feed(bytes, data[0] == 0 ? size : data[0]);
  return 0;
}
