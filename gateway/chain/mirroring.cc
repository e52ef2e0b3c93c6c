// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/mirroring.h"

#include <exception>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/chain/call.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/passing_body.h"
#include "gateway/net/turn.h"

namespace sluice::chain {

using base::Reason;
using base::Result;
using base::Task;
using http::FieldId;

namespace {

// The listener is copied, as settings of listeners go when their last connection does.
http::ListenerFacts copied(const http::ListenerFacts& listener) {
  http::ListenerFacts out;
  out.name = listener.name;
  out.scheme = listener.scheme;
  out.index = listener.index;
  return out;
}

const http::Forwarded* copied(const http::Forwarded* told, base::Arena& arena) {
  if (!told) return nullptr;
  auto* out = arena.make<http::Forwarded>(*told);
  out->host = arena.copy(told->host);
  out->chain = arena.copy(told->chain);
  auto hops = arena.array<net::Address>(told->hops.size());
  std::copy(told->hops.begin(), told->hops.end(), hops.begin());
  out->hops = hops;
  return out;
}

void copy_head(const http::RequestHead& from, http::RequestHead& to, base::Arena& arena) {
  to.method = from.method;
  to.method_text = arena.copy(from.method_text);
  to.version = from.version;
  to.target = arena.copy(from.target);
  to.path = arena.copy(from.path);
  to.query = arena.copy(from.query);
  to.has_query = from.has_query;
  to.authority = arena.copy(from.authority);
  to.host = arena.copy(from.host);
  for (const http::Field& f : from.fields.lines()) {
    bool framing = f.id == FieldId::host || f.id == FieldId::content_length;  // forwarding puts it right
    // The body is sent as a whole, and nobody waits for leave.
    if (f.dropped || f.id == FieldId::expect || (!framing && http::connection_level(f.id))) continue;
    to.fields.add(f.id == FieldId::other ? arena.copy(f.name) : http::field_name(f.id), arena.copy(f.value));
  }
  if (from.fields.has_lookalikes()) to.fields.beware_of_lookalikes();
}

http::RequestHead head_of(Exchange& ex, const CallRequest& request) {
  http::RequestHead out(ex.arena);
  fill_in(out, request, ex, ex.arena);
  return out;
}

Mirrored how(const base::Error& error) noexcept {
  switch (error.reason) {
    case Reason::timeout_connect:
    case Reason::timeout_first_byte:
    case Reason::timeout_idle:
    case Reason::timeout_total:
      return Mirrored::timeout;
    default:
      return Mirrored::failed;
  }
}

}  // namespace

MirroredRequest::MirroredRequest(const Exchange& ex, std::shared_ptr<const MirrorOwner> owner)
    : MirroredRequest(ex, ex.request, std::move(owner)) {}

MirroredRequest::MirroredRequest(Exchange& ex, const CallRequest& request,
                                 std::shared_ptr<const MirrorOwner> owner)
    : MirroredRequest(ex, head_of(ex, request), std::move(owner)) {
  if (request.body) body_ = *request.body;
}

MirroredRequest::MirroredRequest(const Exchange& ex, const http::RequestHead& head,
                                 std::shared_ptr<const MirrorOwner> owner)
    : owner_(std::move(owner)),
      worker_(&ex.worker),
      listener_(copied(*ex.stream.connection().listener)),
      peer_ip_(memory_->copy(ex.stream.peer_ip())),
      route_name_(memory_->copy(ex.route_name)),
      begun_(ex.worker.loop.now()),
      request_(*memory_) {
  facts_.listener = &listener_;
  facts_.peer = ex.stream.connection().peer;
  facts_.forwarded = copied(ex.stream.connection().forwarded, *memory_);
  copy_head(head, request_, *memory_);
}

MirroredRequest::~MirroredRequest() { owner_->ended(worker_->index, end_); }

bool MirroredRequest::append(std::span<const char> bytes, std::size_t most) {
  if (bytes.size() > most - std::min(most, body_.size())) {
    end_ = Mirrored::too_large;
    return false;
  }
  body_.append(bytes.data(), bytes.size());
  return true;
}

void MirroredRequest::start(std::unique_ptr<MirroredRequest> request) {
  base::Scope& scope = request->worker_->background;
  run(scope, std::move(request));
}

base::Detached MirroredRequest::run(base::Scope& scope, std::unique_ptr<MirroredRequest> request) {
  // The exchange goes first: not even the time to write the copy is taken from it.
  auto outcome = co_await net::turn(request->worker_->loop);
  if (outcome != base::Outcome::ready) co_return;
  try {
    Exchange inner(*request, *request->worker_, &scope);
    inner.route_name = request->route_name_;
    inner.importance = upstream::Importance::low;  // nobody waits for it
    if (!request->body_.empty())
      inner.request_body = http::make_body<http::TextBody>(*request->memory_, request->body_);
    auto forwarding = request->forward(inner);
    Result<void> result = co_await std::move(forwarding).in(inner.scope);
    request->end_ = result ? Mirrored::answered : how(result.error());
  } catch (const std::exception& e) {
    request->end_ = Mirrored::failed;
    base::log(base::Level::error, std::string("a mirrored request threw: ") + e.what());
  }
}

Task<Result<void>> MirroredRequest::forward(Exchange& inner) {
  constexpr std::size_t kPiece = 64 * 1024;
  constexpr unsigned kInARow = 8;  // such pieces before others have their turn
  auto made = co_await owner_->forwarder().answer(inner);
  if (!made || !inner.response_body) co_return made;
  for (unsigned pieces = 1;; ++pieces) {
    auto piece = co_await inner.response_body->read(kPiece);
    if (piece && piece->last) co_return made;
    if (piece && pieces % kInARow == 0) {
      auto turn = net::turn(worker_->loop);
      if (co_await turn != base::Outcome::ready) piece = base::fail(turn.why());
    }
    if (piece) continue;
    if (inner.attempt) inner.attempt->failed(piece.error().reason);
    co_return std::move(piece).unexpected();
  }
}

namespace {

class MirroredBody final : public http::PassingBody, private net::Timer {
 public:
  MirroredBody(http::BodyPtr source, std::unique_ptr<MirroredRequest> copy, std::size_t most,
               base::Duration within) noexcept
      : PassingBody(std::move(source)), copy_(std::move(copy)), most_(most) {
    auto& wheel = copy_->wheel();
    wheel.set(*this, wheel.due_in(within));
  }

 private:
  Result<http::Piece> pass(Result<http::Piece> piece) override {
    if (!copy_) return piece;
    if (!piece || !copy_->append(piece->bytes, most_)) {
      copy_.reset();
    } else if (piece->last) {
      MirroredRequest::start(std::move(copy_));
    }
    return piece;
  }
  // A client that stalls keeps its request, but not the place and the memory of the copy.
  void expired() noexcept override { copy_.reset(); }

  std::unique_ptr<MirroredRequest> copy_;  // until it is sent or given up
  std::size_t most_;
};

}  // namespace

http::BodyPtr mirrored_body(base::Arena& arena, http::BodyPtr source, std::unique_ptr<MirroredRequest> copy,
                            std::size_t most, base::Duration within) {
  return http::make_body<MirroredBody>(arena, std::move(source), std::move(copy), most, within);
}

}  // namespace sluice::chain
