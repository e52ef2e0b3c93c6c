// SPDX-License-Identifier: Apache-2.0
// What a target may say on an HTTP/2 connection: whatever it is, and however it arrives, two exchanges that
// wait for it end when the connection ends, with a whole answer or an error; heads are well-formed, and no
// body is other than its head says. The first byte of the input is the size of the pieces in which the rest
// arrives.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/base/assert.h"
#include "gateway/base/job.h"
#include "gateway/http/h2/client.h"

#include "tests/support/memory_stream.h"

namespace sluice {
namespace {

struct Owner final : http::ClientConnection::Owner {
  void stream_ended(bool /*usable*/) noexcept override { ++ended; }
  void lost() noexcept override {}
  int ended = 0;
};

void check(const http::ResponseHead& head) {
  SLUICE_ASSERT(head.status >= 100 && head.status <= 599 && head.status != 101);
  for (const auto& line : head.fields.lines()) {
    if (line.dropped) continue;
    SLUICE_ASSERT(http::valid_field_name(line.name) && http::valid_field_value(line.value));
    SLUICE_ASSERT(line.id != http::FieldId::transfer_encoding && line.id != http::FieldId::connection);
  }
}

base::Task<void> exchange(http::ClientConnection& connection, http::Method method) {
  base::Arena arena;
  auto body = http::make_body<http::TextBody>(arena, std::string_view("a small body"));
  auto stream = connection.open(arena, {{}, {}});
  http::RequestHead head(arena);
  head.method = method;
  head.method_text = http::name(method);
  head.path = "/";
  head.authority = "h";
  auto sent =
      co_await stream->send(head, "X-Extra: 1\r\n", method == http::Method::post ? body.get() : nullptr);
  if (!sent) co_return;
  http::ResponseHead response(arena);
  do {
    auto received = co_await stream->receive(response);
    if (!received) co_return;
    check(response);
  } while (response.status < 200);
  auto answer = stream->body(arena);
  if (!answer) co_return;
  auto length = answer->length();
  std::uint64_t seen = 0;
  for (;;) {
    auto piece = co_await answer->read(1000);
    if (!piece) co_return;
    seen += piece->bytes.size();
    SLUICE_ASSERT(!length || seen <= *length);
    if (!piece->last) continue;
    SLUICE_ASSERT(!length || seen == *length);
    co_return;
  }
}

void run(std::string_view bytes, std::size_t piece) {
  static base::VirtualClock clock;
  static net::Loop loop(clock);
  Owner owner;
  base::Scope scope;
  auto [ours, theirs] = test::MemoryStream::pair(loop.wheel(), 1 << 20);
  http::h2::ClientConnection connection(loop, std::move(ours), "http", owner);
  base::Job<void> get(&scope), post(&scope);
  get.start(exchange(connection, http::Method::get));
  post.start(exchange(connection, http::Method::post));
  test::deliver();
  while (!bytes.empty()) {
    theirs->put(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    test::deliver();
    (void)theirs->take();
  }
  theirs.reset();
  test::deliver();
  SLUICE_ASSERT(!get.running() && !post.running());
  SLUICE_ASSERT(owner.ended == 2 && connection.streams() == 0);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  sluice::run(bytes, data[0] == 0 ? size : data[0]);
  return 0;
}
