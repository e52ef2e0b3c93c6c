// SPDX-License-Identifier: Apache-2.0
// Upgrades towards targets of HTTP/2: an extended CONNECT (RFC 8441) on a stream, which to everybody above
// looks like the upgrade of HTTP/1 that it stands for, 101 included.
#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/http/h1/websocket_key.h"
#include "gateway/http/h2/client_stream.h"
#include "gateway/http/upgrade.h"

namespace sluice::http::h2 {

using base::Outcome;
using base::Reason;
using base::Result;
using base::Task;

namespace {

constexpr std::string_view kKey = "Sec-WebSocket-Key";
constexpr std::string_view kAccept = "Sec-WebSocket-Accept";

}  // namespace

Task<Result<void>> ClientStream::connect(const RequestHead& head, std::string_view extra) {
  upgrade_ = head.upgrade;
  // With a client of HTTP/2 there is no key on either side.
  if (head.version != Version::http_2 && same_protocol(upgrade_, "websocket")) {
    const Field* key = head.fields.find(kKey);
    if (!key) co_return base::fail(Reason::bad_request, "a WebSocket without Sec-WebSocket-Key");
    accept_ = arena_.copy(h1::accept_of(key->value).view());
  }
  auto settled = co_await wait_for_settings();
  if (!settled) co_return settled;
  if (nghttp2_session_get_remote_settings(session().get(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) != 1)
    co_return base::fail(Reason::upgrade_unsupported,
                         "the target's SETTINGS do not say ENABLE_CONNECT_PROTOCOL, without which HTTP/2 has "
                         "no upgrades");
  co_return ask_connect(head, extra);
}

// RFC 8441 section 3: a client must not ask before it knows that it may.
Task<Result<void>> ClientStream::wait_for_settings() {
  while (!connection_->settled_) {
    auto wait = arrived().wait(timeouts_.first_byte);
    auto outcome = co_await wait;
    if (outcome == Outcome::cancelled) co_return base::fail(wait.why());
    auto failure = take(0);
    if (failure && !*failure) co_return std::move(*failure).unexpected();
    if (outcome == Outcome::timeout)
      co_return base::fail(Reason::timeout_first_byte, "the target sent no SETTINGS");
  }
  co_return Result<void>();
}

Result<void> ClientStream::ask_connect(const RequestHead& head, std::string_view extra) {
  auto lines = lines_of(head, extra, upgrade_);
  if (!lines) return std::move(lines).unexpected();
  auto end = std::remove_if(lines->begin(), lines->end(), [](const nghttp2_nv& line) {
    return base::equal_ignoring_case({reinterpret_cast<const char*>(line.name), line.namelen}, kKey);
  });
  expect(static_cast<std::int32_t>(nghttp2_session_get_next_stream_id(session().get())));
  auto source = Session::provider();
  if (!submit({lines->begin(), end}, &source)) {
    unbind();
    return base::fail(Reason::upstream_refused, "the target takes no further requests");
  }
  session().pack();
  return {};
}

// What would have been 101 over HTTP/1. The lengths of a tunnel mean nothing (RFC 9110 section 9.3.6).
void ClientStream::take_switch() {
  auto& head = reading_->head;
  head.status = 101;
  head.upgrade = upgrade_;
  head.fields.remove(FieldId::content_length);
  head.fields.remove(kAccept);  // without a key the target has nothing to say here
  if (!accept_.empty()) head.fields.add(kAccept, accept_);
  framing_ = {Framing::Kind::chunked, 0};
}

// From here on the target is told what the client says, whatever it is.
void ClientStream::switch_protocols(Body& from, base::Scope& scope, net::ScopeTimer& idle) {
  idle_ = &idle;
  scope_ = &scope;
  be_patient();
  pump_.emplace(scope_);
  pump_->start(pump_tunnel(from));
}

Task<void> ClientStream::pump_tunnel(Body& from) {
  base::Scope sending(scope_);
  sending_ = &sending;
  Sent sent = co_await Stream::pass_on(from).in(sending);
  sending_ = nullptr;
  // Cancelled alone: what the client says reaches nobody any more, what the target has said last still may.
  if (sent.body && !sending.cancelled()) scope_->cancel(sent.body->reason);
}

Task<void> ClientStream::all_sent() {
  if (pump_ && pump_->running()) co_await pump_->join();
}

}  // namespace sluice::http::h2
