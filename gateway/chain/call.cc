// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "gateway/base/assert.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/request_id.h"
#include "gateway/http/clientless_stream.h"
#include "gateway/http/grpc.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/uri.h"

namespace sluice::chain {

using base::Reason;
using base::Result;
using base::Task;
using http::FieldId;

namespace {

// Constant-initialised, so that it is there whichever static initialiser runs first.
MakeForwarder& forwarder_maker() noexcept {
  static constinit MakeForwarder make = nullptr;
  return make;
}

// As of a client without an address.
http::ConnectionFacts nobody(const http::ConnectionFacts& client) noexcept {
  http::ConnectionFacts out;
  out.listener = client.listener;
  const sockaddr unix{AF_UNIX, {}};
  out.peer = net::Address::from(&unix, sizeof unix);
  return out;
}

// The downstream side of a call: what forwarding asks of a client's stream, answered on behalf of the
// exchange that makes the call. Nothing is ever sent to it.
class InnerStream final : public http::ClientlessStream {
 public:
  InnerStream(http::ServerStream& outer, base::Arena& arena, base::SteadyTime now, bool for_anybody) noexcept
      : outer_(&outer), arena_(&arena), request_(arena), begun_(now) {
    if (for_anybody) nobody_.emplace(nobody(outer.connection()));
  }

  const http::ConnectionFacts& connection() const noexcept override {
    return nobody_ ? *nobody_ : outer_->connection();
  }
  std::string_view peer_ip() const noexcept override { return outer_->peer_ip(); }
  base::Arena& arena() noexcept override { return *arena_; }
  http::RequestHead& request() noexcept override { return request_; }
  base::SteadyTime begun() const noexcept override { return begun_; }

 private:
  http::ServerStream* outer_;
  base::Arena* arena_;
  http::RequestHead request_;
  base::SteadyTime begun_;
  std::optional<http::ConnectionFacts> nobody_;  // in place of the client
};

std::string_view decimal(std::size_t n, base::Arena& arena) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  return arena.copy({digits, static_cast<std::size_t>(end - digits)});
}

// Methods that say something with their body: without one they say so (RFC 9110 section 8.6).
bool usually_has_body(http::Method method) noexcept {
  return method == http::Method::post || method == http::Method::put || method == http::Method::patch;
}

// The views of a received head lie in the connection's buffer, which is given back before the answer is used.
void keep(const http::Fields& received, http::Fields& out) {
  for (const http::Field& f : received.lines()) {
    if (f.dropped) continue;
    auto name = f.id == FieldId::other ? out.arena().copy(f.name) : http::field_name(f.id);
    out.add(name, out.arena().copy(f.value));
  }
}

base::Unexpected too_long(std::size_t most) {
  return base::fail(Reason::response_invalid, fmt::format("the body is longer than {} bytes", most));
}

}  // namespace

void fill_in(http::RequestHead& head, const CallRequest& request, Exchange& outer, base::Arena& arena) {
  head.method = request.method;
  head.method_text = request.method == http::Method::other ? request.method_text : http::name(request.method);
  head.version = request.for_anybody ? http::Version::http_1_1 : outer.request.version;
  head.path = request.path;
  head.query = request.query;
  head.has_query = request.has_query;
  head.target = request.has_query ? arena.join(request.path, "?", request.query) : request.path;
  // For X-Forwarded-Host; the Host of a call is the target's.
  if (!request.for_anybody) {
    head.authority = outer.request.authority;
    head.host = outer.request.host;
  }
  for (const http::Field& f : request.fields)
    if (!f.dropped && !http::connection_level(f.id)) head.fields.add(f.name, f.value);
  if (request.lookalikes) head.fields.beware_of_lookalikes();
  if (!head.fields.has(FieldId::user_agent)) head.fields.add(FieldId::user_agent, "sluice");
  if (!request.for_anybody) head.fields.set(FieldId::x_request_id, request_id(outer));
  if (request.body || usually_has_body(request.method))
    head.fields.add(FieldId::content_length, decimal(request.body ? request.body->size() : 0, arena));
}

CallsGoThrough::CallsGoThrough(MakeForwarder make) noexcept { forwarder_maker() = make; }

void CallRequest::set_uri(std::string_view uri) noexcept {
  auto split = http::split_target(uri);
  path = split.path;
  query = split.query;
  has_query = split.has_query;
}

std::string refuse_call_uri(std::string_view uri, std::string_view example) {
  base::Arena arena;
  auto split = http::split_target(uri);
  auto normal = http::normalise_path(split.path, arena);
  if (normal && *normal == split.path && http::valid_query(split.query)) return "";
  return fmt::format("must be a path as it is sent, such as {}", example);
}

std::shared_ptr<const Handler> make_forwarder(const CallSettings& settings, Builder& builder) {
  SLUICE_ASSERT(forwarder_maker() != nullptr);  // a binary without the handler that forwards
  return forwarder_maker()(settings, builder);
}

Caller::Caller(const CallSettings& settings, Builder& builder)
    : forwarder_(make_forwarder(settings, builder)) {}

Task<Result<CallAnswer>> Caller::call(Exchange& ex, CallRequest request) const {
  base::Scope* scope = co_await base::this_scope();
  auto& clock = ex.worker.loop.clock();
  CallTrace unused;
  CallTrace& trace = request.trace ? *request.trace : unused;
  trace.began = clock.steady();
  CallAnswer answer;
  base::Arena& arena = *answer.memory_;
  InnerStream stream(ex.stream, arena, trace.began, request.for_anybody);
  Exchange inner(stream, ex.worker, scope);
  inner.route_name = ex.route_name;
  inner.importance = ex.importance;
  inner.request_id = request_id(ex);
  fill_in(inner.request, request, ex, arena);
  inner.captures = request.captures;
  if (!request.client_path.empty()) {
    keep_line(inner);
    inner.kept_line->path = request.client_path;
  }
  if (request.tells_caller) {
    inner.identity = ex.identity;
    inner.consumers = ex.consumers;
  }
  if (request.body && !request.body->empty())
    inner.request_body = http::make_body<http::TextBody>(arena, *request.body);

  auto forwarding = forwarder_->answer(inner);
  Result<void> result = co_await std::move(forwarding).in(inner.scope);
  trace.answered = inner.upstream.answered;
  if (result && inner.response_body) {
    auto reading = read_body(inner, answer, request.most);
    result = co_await std::move(reading).in(inner.scope);
    if (!result && inner.attempt) inner.attempt->failed(result.error().reason);
  }
  // That one lies in the answer. Of many calls most ask the same.
  if (trace.target != inner.upstream.target) trace.target = ex.arena.copy(inner.upstream.target);
  trace.attempts = inner.upstream.attempt_count;
  trace.ended = clock.steady();
  if (!request.trace) ex.upstream.waited += trace.ended - trace.began;  // else whoever has it counts it
  if (!result) co_return std::move(result).unexpected();
  answer.status = inner.response.status;
  keep(inner.response.fields, answer.fields);
  if (const auto* status = answer.fields.find(http::kGrpcStatus)) answer.grpc_status = status->value;
  co_return answer;
}

Task<Result<void>> Caller::read_body(Exchange& inner, CallAnswer& answer, std::size_t most) const {
  constexpr std::size_t kPiece = 64 * 1024;
  http::Body& body = *inner.response_body;
  auto length = body.length();
  if (length && *length > most) co_return too_long(most);
  std::size_t size = 0;
  std::size_t room = 0;
  auto make_room = [&](std::size_t n) {
    room = n;
    auto* moved = static_cast<char*>(std::realloc(answer.bytes_.get(), n + CallAnswer::kPadding));
    SLUICE_ASSERT(moved != nullptr);  // out of memory ends the process
    (void)answer.bytes_.release();
    answer.bytes_.reset(moved);
  };
  if (length) make_room(*length);
  for (bool last = false; !last;) {
    auto piece = co_await body.read(kPiece);
    if (!piece) co_return std::move(piece).unexpected();
    auto bytes = piece->bytes;
    last = piece->last;
    if (piece->trailers)
      if (const auto* status = piece->trailers->find(http::kGrpcStatus))
        answer.grpc_status = answer.memory_->copy(status->value);
    if (bytes.size() > most - size) co_return too_long(most);
    if (size + bytes.size() > room) make_room(std::max({size + bytes.size(), 2 * room, std::size_t{4096}}));
    if (!bytes.empty()) std::memcpy(answer.bytes_.get() + size, bytes.data(), bytes.size());
    size += bytes.size();
  }
  if (room > size + size / 4) make_room(size);  // a buffer that was doubled may be half empty
  if (size != 0) std::memset(answer.bytes_.get() + size, 0, CallAnswer::kPadding);
  if (size != 0) answer.body = {answer.bytes_.get(), size};
  co_return Result<void>();
}

}  // namespace sluice::chain
