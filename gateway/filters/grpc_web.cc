// SPDX-License-Identifier: Apache-2.0
// The filter `grpc_web`: lets browsers, which see no trailers, call gRPC services. A request of gRPC-Web
// becomes one of gRPC; of the response the trailers become its last frame (doc/PROTOCOL-WEB.md of gRPC). The
// -text variants carry both bodies in base64. Everything streams: no piece waits for the next one. Other
// requests pass untouched.
#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"
#include "gateway/http/grpc.h"

namespace sluice::filters {

struct GrpcWebConfig {
  bool operator==(const GrpcWebConfig&) const = default;
};

void describe(config::Description<GrpcWebConfig>& d) {
  d.about("grpc_web",
          "Translates gRPC-Web, binary and text, to gRPC and back, so that browsers can call gRPC services. "
          "Requests of other types pass as they are.");
}

namespace {

using base::Reason;
using base::Result;
using base::Task;
using http::Body;
using http::FieldId;
using http::Piece;

constexpr std::string_view kDetails = "grpc-status-details-bin";

// A body whose pieces become others, one by one. `Derived` has wanted(), how much is to be read for so many
// bytes, and change().
template <class Derived>
class ChangedBody : public Body {
 public:
  ChangedBody(http::BodyPtr source, base::Arena& arena) noexcept
      : source_(std::move(source)), arena_(&arena) {}

  Task<Result<Piece>> read(std::size_t at_most) override {
    if (over_) return Result<Piece>(Piece{{}, true, nullptr});  // its end is not changed a second time
    auto reading = source_->read(self().wanted(at_most));
    if (reading.await_ready()) return changed(reading.await_resume());
    return wait(std::move(reading));
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void abandon() noexcept override { source_->abandon(); }

 protected:
  base::Arena& arena() const noexcept { return *arena_; }
  // For the bytes of one piece; kept for the next one.
  char* room(std::size_t n) {
    if (n > size_) {
      memory_ = arena_->chars(n);
      size_ = n;
    }
    return memory_;
  }

 private:
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
  Result<Piece> changed(Result<Piece> piece) {
    over_ = piece && piece->last;
    return piece ? self().change(*piece) : std::move(piece);
  }
  Task<Result<Piece>> wait(Task<Result<Piece>> reading) {
    auto piece = co_await reading;
    co_return changed(std::move(piece));
  }

  http::BodyPtr source_;
  base::Arena* arena_;
  char* memory_ = nullptr;
  std::size_t size_ = 0;
  bool over_ = false;
};

// What base64 (RFC 4648 section 4) decodes to, in pieces cut anywhere. Clients join what they have encoded
// piece by piece, so that padding may stand in the middle.
class Base64Body final : public ChangedBody<Base64Body> {
 public:
  using ChangedBody::ChangedBody;
  static std::size_t wanted(std::size_t at_most) noexcept { return std::max<std::size_t>(at_most, 4); }

  Result<Piece> change(const Piece& piece) {
    char* out = room((count_ + piece.bytes.size()) / 4 * 3);
    char* end = out;
    for (char c : piece.bytes) {
      if (!take(c, end)) return base::fail(Reason::validation, "the body is not base64");
    }
    if (piece.last && count_ != 0) return base::fail(Reason::validation, "the base64 of the body breaks off");
    return Piece{{out, static_cast<std::size_t>(end - out)}, piece.last, piece.trailers};
  }

 private:
  bool take(char c, char*& end) noexcept {
    if (c == '=') {
      if (count_ < 2) return false;
      ++padding_;
      c = 'A';
    } else if (padding_ > 0) {
      return false;
    }
    int value = base::base64_value(c);
    if (value < 0) return false;
    bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
    if (++count_ < 4) return true;
    for (unsigned i = 0; i < 3 - padding_; ++i) *end++ = static_cast<char>(bits_ >> (16 - 8 * i));
    bits_ = count_ = padding_ = 0;
    return true;
  }

  std::uint32_t bits_ = 0;
  unsigned count_ = 0;    // digits of the present four
  unsigned padding_ = 0;  // of these
};

// No bytes, but trailers.
class Nothing final : public Body {
 public:
  explicit Nothing(const http::Fields& trailers) noexcept : trailers_(&trailers) {}
  Task<Result<Piece>> read(std::size_t /*at_most*/) override {
    return Result<Piece>(Piece{{}, true, trailers_->lines().empty() ? nullptr : trailers_});
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  const http::Fields* trailers_;
};

// The response's body with its trailers as the last frame, as it is or in base64.
class WebBody final : public ChangedBody<WebBody> {
 public:
  WebBody(http::BodyPtr source, base::Arena& arena, bool text) noexcept
      : ChangedBody(std::move(source), arena), text_(text) {}
  // Base64 makes four bytes of three.
  std::size_t wanted(std::size_t at_most) const noexcept {
    return text_ ? std::max<std::size_t>(at_most / 4 * 3, 3) : at_most;
  }

  Result<Piece> change(const Piece& piece) {
    std::string_view bytes(piece.bytes.data(), piece.bytes.size());
    if (piece.last && piece.trailers)
      bytes = arena().join(bytes, http::grpc_web_frame(*piece.trailers, arena()));
    if (text_) bytes = base64(bytes);
    return Piece{{bytes.data(), bytes.size()}, piece.last, nullptr};
  }

 private:
  // Each piece with padding of its own, so that it can be read when it arrives.
  std::string_view base64(std::string_view bytes) {
    std::size_t n = base::base64_size(bytes.size());
    char* out = room(n);
    base::write_base64(out, bytes);
    return {out, n};
  }

  bool text_;
};

// Status and message that are in the head, because there is nothing else to say, become a body of that one
// frame: a page of another origin reads no fields that it was not told to expose.
const http::Fields* trailers_of_head(chain::Exchange& ex) {
  auto& head = ex.response.fields;
  auto* out = ex.arena.make<http::Fields>(ex.arena);
  for (std::string_view name : {http::kGrpcStatus, http::kGrpcMessage, kDetails}) {
    if (auto* field = head.find(name)) out->add(name, field->value);
    head.remove(name);
  }
  return out;
}

class GrpcWeb final : public chain::Filter {
 public:
  explicit GrpcWeb(const GrpcWebConfig& /*config*/) {}

  Task<chain::Step> on_request(chain::Exchange& ex) const override {
    auto& fields = ex.request.fields;
    auto type = http::grpc_web_type(fields.value(FieldId::content_type));
    if (!type.web) return chain::Step::next;
    ex.local<Seen>(*this) = {true, type.text};
    fields.set(FieldId::content_type, ex.arena.join(http::kGrpcType, type.rest));
    fields.remove("x-grpc-web");
    if (type.text && ex.request_body) {
      fields.remove(FieldId::content_length);
      ex.request_body = http::make_body<Base64Body>(ex.arena, std::move(ex.request_body), ex.arena);
    }
    return chain::Step::next;
  }

  Task<void> on_response(chain::Exchange& ex) const override {
    Seen seen = ex.local<Seen>(*this);
    auto type = ex.response.fields.value(FieldId::content_type);
    if (!seen.web || !http::is_grpc_type(type)) return {};
    ex.response.fields.set(
        FieldId::content_type,
        ex.arena.join(http::kGrpcWebType, seen.text ? http::kGrpcWebText : std::string_view(),
                      type.substr(http::kGrpcType.size())));
    ex.response.fields.remove(FieldId::trailer);
    ex.response.fields.remove(FieldId::content_length);
    if (!ex.response_body) ex.response_body = http::make_body<Nothing>(ex.arena, *trailers_of_head(ex));
    ex.response_body = http::make_body<WebBody>(ex.arena, std::move(ex.response_body), ex.arena, seen.text);
    return {};
  }

 private:
  struct Seen {
    bool web = false;
    bool text = false;
  };
};

const chain::FilterKind<GrpcWeb, GrpcWebConfig> kGrpcWeb{
    "grpc_web", chain::Stage::shape, "Lets browsers call gRPC services with gRPC-Web.", "{}"};

}  // namespace
}  // namespace sluice::filters
